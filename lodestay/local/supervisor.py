"""Starts, stops and describes the services of one home."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lodestay.local.account import ground, service_account
from lodestay.local.errors import ServiceDidNotStart, UnknownService
from lodestay.local.locks import locked
from lodestay.local.ports import free_port, is_free
from lodestay.local.process import ProcessId, end_orphans, spawn, stop
from lodestay.local.records import Records
from lodestay.local.service import Report, Service, Site
from lodestay.local.state import ServiceState, State, describe

_LOCK_PATIENCE = 300.0
_PAUSE = 0.1


@dataclass(frozen=True)
class _Start:
    """A service that was started, or found running, and is waited for."""

    service: Service
    site: Site
    process: ProcessId
    since: float


class Supervisor:
    """The services of one home.

    Parameters
    ----------
    home
        Folder of everything local of this checkout (made if it is not there).
    services
        Every service there is, in the order in which they are shown.
    outside
        Environment: a service whose address is set there is somebody else's. It is only asked whether it answers.
    report
        Told about every step that takes time.
    """

    def __init__(self, home: Path, *, services: Sequence[Service], outside: Mapping[str, str], report: Report) -> None:
        self.home = home.absolute()
        self.records = Records(self.home)
        self._services = {service.name: service for service in services}
        self._outside = outside
        self._report = report

    def up(self, names: Iterable[str]) -> list[ServiceState]:
        """Start the named services (all, when none is named) and those they need; those that answer are left alone.

        Raises
        ------
        ServiceDidNotStart
            One ended or stayed silent; those that answer stay up.
        SupervisorBusy
            Another command has been at work on this home for minutes.
        """
        wanted = self._with_needs(self._named(names))
        with locked(self.records.lock, patience=_LOCK_PATIENCE):
            for wave in _waves(wanted):
                self._start_together(wave)
        return [self.state(service) for service in wanted]

    def down(self, names: Iterable[str]) -> list[ServiceState]:
        """Stop the named services (all, when none is named), last started first."""
        chosen = self._named(names)
        if not self.home.exists():  # nothing was ever started here: nothing to stop, nothing to write
            return [self.state(service) for service in chosen]
        with locked(self.records.lock, patience=_LOCK_PATIENCE):
            for service in reversed(self._with_needs(chosen)):
                if service in chosen:
                    self._stop(service)
        return [self.state(service) for service in chosen]

    def status(self) -> list[ServiceState]:
        """How every service is right now."""
        return [self.state(service) for service in self._services.values()]

    def state(self, service: Service) -> ServiceState:
        """How one service is right now."""
        outside = self._outside_address(service)
        if outside is not None:
            silence = service.silence(outside)
            return describe(service, State.OUTSIDE_SILENT if silence else State.OUTSIDE, outside, silence=silence)
        process = self.records.process(service.name)
        port = self.records.port(service.name)
        if process is None or port is None:
            return describe(service, State.STOPPED, None, silence=None)
        address, log = service.address(self._site(service, port)), self.records.log(service.name)
        if not process.is_alive:
            return describe(service, State.DIED, address, log=log, silence="its process is gone")
        silence = None if address is None else service.silence(address)
        state = State.SILENT if silence else State.RUNNING
        return describe(service, state, address, log=log, silence=silence, pid=process.pid)

    def folders(self) -> list[Path]:
        """The folders that hold what is local: the home, and one beside it if the services' account needs it."""
        if not self.home.exists():
            return []
        beside = ground(self.home, service_account())
        return [self.home] if beside == self.home else [self.home, beside]

    def service(self, name: str) -> Service:
        """The service of that name, or :class:`UnknownService`."""
        if name not in self._services:
            raise UnknownService(f"There is no service {name!r}.", hint=f"Choose from: {', '.join(self._services)}.")
        return self._services[name]

    def _named(self, names: Iterable[str]) -> list[Service]:
        return [self.service(name) for name in names] or list(self._services.values())

    def _with_needs(self, chosen: Iterable[Service]) -> list[Service]:
        found: dict[str, Service] = {}

        def visit(service: Service) -> None:
            for need in service.needs:
                visit(self._services[need])
            found.setdefault(service.name, service)

        for service in chosen:
            visit(service)
        return list(found.values())

    def _outside_address(self, service: Service) -> str | None:
        return self._outside.get(service.variable) if service.variable else None

    def _site(self, service: Service, port: int) -> Site:
        account = service_account()
        return Site(
            home=self.home,
            account=account,
            ground=ground(self.home, account),
            port=port,
            report=partial(self._report, service.name),
        )

    def _start_together(self, services: Iterable[Service]) -> None:
        waiting = [start for service in services if (start := self._start(service)) is not None]
        for start in waiting:
            self._await(start, again=True)

    def _start(self, service: Service) -> _Start | None:
        outside = self._outside_address(service)
        if outside is not None:
            self._require_outside(service, outside)
            return None
        process, port = self.records.process(service.name), self.records.port(service.name)
        if process is not None and port is not None and process.is_alive:
            return _Start(service, self._site(service, port), process, time.monotonic())
        if process is not None:
            end_orphans(process)  # a killed server's workers would keep its port and its files
        taken = frozenset(p for name in self._services if (p := self.records.port(name)) and name != service.name)
        site = self._site(service, free_port(port, taken=taken))
        launch = service.launch(site)
        self._report(service.name, "starting")
        process = spawn(launch, log=self.records.log(service.name))
        self.records.remember_port(service.name, site.port)
        self.records.remember_process(service.name, process)
        return _Start(service, site, process, time.monotonic())

    def _require_outside(self, service: Service, address: str) -> None:
        silence = service.silence(address)
        if silence is not None:
            raise ServiceDidNotStart(
                f"{service.title} is outside ({service.variable} is set) and does not answer: {silence}.",
                hint=f"Start it there, or unset {service.variable} to use the embedded one.",
            )

    def _await(self, start: _Start, *, again: bool) -> None:
        service, address = start.service, start.service.address(start.site)
        while True:
            silence = "no answer yet" if address is None else service.silence(address)
            waited = time.monotonic() - start.since
            if silence is None or (address is None and start.process.is_alive and waited >= service.proving):
                break
            if not start.process.is_alive:
                if again and not is_free(start.site.port):  # somebody took the port between our look and its bind
                    retry = self._start(service)
                    if retry is not None:
                        self._await(retry, again=False)
                    return
                raise self._failure(service, "ended while it was starting")
            if waited > service.patience:
                raise self._failure(service, f"has not answered for {waited:.0f} seconds ({silence})")
            self._report(service.name, f"starting ({waited:.0f} s)")
            time.sleep(_PAUSE)
        if address is not None:
            service.settle(address)
        if service.variable is not None:
            self.records.remember_endpoint(service.variable, address)
        self._report(service.name, "ready")

    def _failure(self, service: Service, what: str) -> ServiceDidNotStart:
        log = self.records.log(service.name)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if log.exists() else []
        again = f"lodestay down {service.name} && lodestay up {service.name}"
        return ServiceDidNotStart(
            f"{service.title} {what}.",
            hint="\n".join([f"Its log is {log}. The last lines:", *lines, f"Then: {again}"]),
            service=service.name,
            log=str(log),
        )

    def _stop(self, service: Service) -> None:
        process = self.records.process(service.name)
        if process is not None and process.is_alive:
            self._report(service.name, "stopping")
            stop(process, by=service.stop_signal, grace=service.grace)
        elif process is not None:
            end_orphans(process)
        self.records.forget_process(service.name)
        if service.variable is not None:
            self.records.remember_endpoint(service.variable, None)


def supervise(home: Path, *, report: Report) -> Supervisor:
    """Supervisor of the platform's own services."""
    from lodestay.local.catalogue import SERVICES  # noqa: PLC0415 - every service's module only when one is needed

    return Supervisor(home, services=SERVICES, outside=os.environ, report=report)


def _waves(services: Sequence[Service]) -> list[list[Service]]:
    """Group services so that each group needs only earlier ones."""
    waves: list[list[Service]] = []
    placed: set[str] = set()
    left = list(services)
    while left:
        wave = [service for service in left if placed.issuperset(service.needs)]
        waves.append(wave)
        placed.update(service.name for service in wave)
        left = [service for service in left if service not in wave]
    return waves
