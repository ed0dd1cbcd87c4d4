"""What is remembered of the services of one home: processes, ports, addresses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lodestay.local.files import write_whole
from lodestay.local.process import ProcessId
from lodestay.settings import endpoints_file

UNREADABLE = (OSError, ValueError, TypeError, AttributeError)
"""What reading a file raises that is missing, damaged or of another form: it is taken as not being there."""


@dataclass(frozen=True)
class Records:
    """The files under ``<home>/run`` and ``<home>/logs``."""

    home: Path

    @property
    def lock(self) -> Path:
        """Held while services are started or stopped."""
        return self.home / "run" / "lock"

    def log(self, name: str) -> Path:
        """Where a service writes what it has to say."""
        return self.home / "logs" / f"{name}.log"

    def process(self, name: str) -> ProcessId | None:
        """The process last started for a service, alive or not; None when it was stopped or never started."""
        try:
            fields = json.loads(self._pid_file(name).read_text(encoding="utf-8"))
            process = ProcessId(int(fields["pid"]), str(fields["started"]))
        except (*UNREADABLE, KeyError):
            return None
        return process if process.pid > 0 else None

    def remember_process(self, name: str, process: ProcessId) -> None:
        """Note which process serves."""
        write_whole(self._pid_file(name), json.dumps(asdict(process)))

    def forget_process(self, name: str) -> None:
        """Note that the service was stopped."""
        self._pid_file(name).unlink(missing_ok=True)

    def port(self, name: str) -> int | None:
        """The port a service had last."""
        return self._ports().get(name)

    def remember_port(self, name: str, port: int) -> None:
        """Note a port, to be taken again next time."""
        write_whole(self.home / "run" / "ports.json", json.dumps({**self._ports(), name: port}, indent=2))

    def endpoints(self) -> dict[str, str]:
        """Addresses of the services that were started, by setting."""
        try:
            lines = endpoints_file(self.home).read_text(encoding="utf-8").splitlines()
        except UNREADABLE:
            return {}
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def remember_endpoint(self, variable: str, address: str | None) -> None:
        """Write a service's address for every process that reads the settings; None: take it out."""
        known = self.endpoints()
        endpoints = {name: value for name, value in known.items() if name != variable}
        if address is not None:
            endpoints[variable] = address
        if endpoints == known:
            return
        text = "".join(f"{name}={value}\n" for name, value in sorted(endpoints.items()))
        write_whole(endpoints_file(self.home), text)

    def _pid_file(self, name: str) -> Path:
        return self.home / "run" / f"{name}.pid"

    def _ports(self) -> dict[str, int]:
        try:
            return {str(k): int(v) for k, v in json.loads((self.home / "run/ports.json").read_text("utf-8")).items()}
        except UNREADABLE:
            return {}
