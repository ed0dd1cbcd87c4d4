"""The application: ``uvicorn serving.app:create_app --factory``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from opentelemetry.sdk.trace import TracerProvider

from lodestay.clock import Clock, SystemClock
from lodestay.garbage import rare_collections
from lodestay.settings import Settings, get_settings
from lodestay.telemetry import configure_logging
from search.places import geonames_cities
from serving.admin import endpoints as admin
from serving.booking_history import endpoints as booking_history
from serving.booking_requests import endpoints as booking_requests
from serving.bookings import endpoints as bookings
from serving.cancellations import endpoints as cancellations
from serving.content import said_to_be_json
from serving.deadlines import READ_SECONDS, ReadsInTime
from serving.dependencies import each_given_once
from serving.events import endpoints as events
from serving.feeds import endpoints as feeds
from serving.front_door import endpoints as front_door
from serving.heads import HeadsAsGets
from serving.health import endpoints as health
from serving.host_calendar import endpoints as host_calendar
from serving.host_calendar import plan_endpoints as rate_plans
from serving.host_profile import endpoints as host_profile
from serving.instant_bookings import endpoints as instant_bookings
from serving.instant_bookings.quick import QuickBookings
from serving.listings import endpoints as listings
from serving.modifications import endpoints as modifications
from serving.observability.metrics import Metrics
from serving.observability.middleware import MAX_BODY_BYTES, RequestContext
from serving.observability.tracing import add_trace_id, telemetry_config, tracer_provider
from serving.openapi import describe, operation_id
from serving.price_calendars import endpoints as price_calendars
from serving.price_suggestions import endpoints as price_suggestions
from serving.problem_pages import endpoints as problem_pages
from serving.problems import add_problem_handlers
from serving.quotes import endpoints as quotes
from serving.recently_viewed import endpoints as recently_viewed
from serving.saved_searches import endpoints as saved_searches
from serving.search import endpoints as search
from serving.search.gazetteer import Cities
from serving.similar import endpoints as similar
from serving.state import State, open_services
from serving.suggest import endpoints as suggest
from serving.webhooks import endpoints as webhooks
from transactional.payments.gateway import PaymentGateway

SERVICE = "lodestay-api"

DESCRIPTION = """
Search, quote and book stays, and ask what a night should cost.

- **Money** is an integer number of minor units with an ISO 4217 currency; `amount` is the same as a decimal text.
- **Stays** are half-open: the night of `check_out` is not part of them.
- **Errors** are problem details (RFC 9457); their `type` leads to a page that explains them.
- **Unsafe calls** take an `Idempotency-Key`: the same key and body have their effect once.
- **Edits** of what others may edit too say by `If-Match` which `ETag` they were made from.
- **Callers** send `Authorization: Bearer <token>`; searching needs none.
"""

ROUTERS = (
    search.router,
    price_calendars.router,
    suggest.router,
    saved_searches.router,
    listings.router,
    similar.router,
    recently_viewed.router,
    quotes.router,
    bookings.router,
    booking_requests.router,
    booking_history.router,
    cancellations.router,
    modifications.router,
    instant_bookings.router,
    host_calendar.router,
    host_profile.router,
    rate_plans.router,
    feeds.router,
    price_suggestions.router,
    events.router,
    webhooks.router,
    admin.router,
    health.router,
    problem_pages.router,
    front_door.router,
)


def create_app(
    settings: Settings | None = None,
    clock: Clock | None = None,
    cities: Cities = geonames_cities,
    tracing: TracerProvider | None = None,
    gateway: PaymentGateway | None = None,
) -> FastAPI:
    """Build the application; nothing is opened before its lifespan starts.

    Parameters
    ----------
    settings
        None reads them from the environment.
    clock
        None is the machine's.
    cities
        Brings the cities of the world that searches may name.
    tracing
        Takes the spans; None sends them where the settings say.
    gateway
        Moves money; None asks the payment processor that the settings name.
    """
    settings = settings or get_settings()
    exported = settings.otlp_endpoint
    provider = tracing or tracer_provider(SERVICE, otlp_endpoint=exported, records=exported is not None)
    tracer = provider.get_tracer(SERVICE)
    metrics = Metrics(tracer)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        configure_logging(SERVICE, stream=None, extra=(add_trace_id,))
        async with open_services(
            settings,
            clock=clock or SystemClock(),
            metrics=metrics,
            tracer=tracer,
            cities=cities,
            gateway=gateway,
        ) as services:
            with rare_collections():
                yield State(services=services)
        provider.shutdown()

    app = FastAPIOffline(
        redoc_url=None,
        title="Lodestay",
        summary="Search and pricing for a lodging marketplace.",
        description=DESCRIPTION,
        version=version("lodestay"),
        lifespan=lifespan,
        telemetry=telemetry_config(provider),
        generate_unique_id_function=operation_id,
        dependencies=[Depends(each_given_once), Depends(said_to_be_json)],
    )
    for router in ROUTERS:
        app.include_router(router, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(QuickBookings)
    app.add_middleware(ReadsInTime, seconds=READ_SECONDS + settings.search_timeout_ms / 1000)
    app.add_middleware(HeadsAsGets)
    app.add_middleware(RequestContext, metrics=metrics, max_body_bytes=MAX_BODY_BYTES)
    add_problem_handlers(app)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    return app
