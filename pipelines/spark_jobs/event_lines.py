"""Lines of event files → searches and impressions; what is no event goes aside, with the reason.

The columns are those of `search.events`, spelled out for Spark, which reads them natively and fast; a
test holds the two against each other.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

ATTRIBUTION_DAYS = 1
"""Days after a search on which a click or booking still counts for it: a session can run past midnight."""

KEPT_OUT = "filter string, value string, more bigint"
SHOWN = (
    "listing_id bigint, position int, total_minor bigint, score double, features map<string, double>, "
    "check_in date, check_out date"
)
FLEXIBLE = "kind string, nights int, days int, check_in date, check_out date, months array<string>, months_ahead int"
EVENT = (
    "type string, event_id string, occurred_at timestamp, market string, session_id string, guest_key string, "
    "search_id string, text string, check_in date, check_out date, guests int, latitude double, longitude double, "
    "currency string, locale string, total_count bigint, exploration boolean, ranker string, "
    f"results array<struct<{SHOWN}>>, listing_id bigint, position int, total_minor bigint, asked string, "
    "visitor string, place string, lead_days int, filters map<string, array<string>>, sort string, page int, "
    f"page_size int, kept_out array<struct<{KEPT_OUT}>>, nothing_because string, degraded array<string>, "
    f"latency_ms double, flexible struct<{FLEXIBLE}>, area string"
)
"""Fields of every kind of event, side by side."""

_ALWAYS = ("event_id", "occurred_at", "market", "session_id", "search_id")
_STAY = ("listing_id", "check_in", "check_out", "guests", "total_minor", "currency")
REQUIRED: dict[str, tuple[str, ...]] = {
    "search": (*_ALWAYS, "guests", "currency", "locale", "total_count", "ranker", "results"),
    "impression": (*_ALWAYS, "listing_id", "position"),
    "click": (*_ALWAYS, "listing_id"),
    "quote": (*_ALWAYS, *_STAY),
    "hold": (*_ALWAYS, *_STAY),
    "booking": (*_ALWAYS, *_STAY),
}
"""Fields without which a line is no event of its type."""

_COUNTED = {"clicked": "click", "quoted": "quote", "held": "hold", "booked": "booking"}
"""What can become of a listing shown, and the events that say so."""

SEARCH = (
    "day",
    "market",
    "search_id",
    "event_id",
    "occurred_at",
    "session_id",
    "guest_key",
    "text",
    "check_in",
    "check_out",
    "guests",
    "latitude",
    "longitude",
    "currency",
    "locale",
    "total_count",
    "exploration",
    "ranker",
    "asked",
    "visitor",
    "place",
    "lead_days",
    "nights",
    "filters",
    "sort",
    "page",
    "page_size",
    "shown",
    "kept_out_by",
    "kept_out",
    "nothing_because",
    "degraded",
    "latency_ms",
    "flexible",
    "flexible_days",
    "flexible_months",
    "area",
)


def parse(lines: DataFrame) -> DataFrame:
    """Read each line as an event, each event once: a writer that tries again may append a line twice.

    Parameters
    ----------
    lines
        `value` (a line), `file`, and the partition it lies in: `day`, `market`.

    Returns
    -------
    DataFrame
        `file`, `value`, `day`, `market`, `event` (a struct of :data:`EVENT`) and `reason`: null for an
        event, else why the line is none.
    """
    with_corrupt = f"{EVENT}, _corrupt string"
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_corrupt"}
    parsed = lines.where(F.trim("value") != "").withColumn("event", F.from_json("value", with_corrupt, options))
    told = parsed.withColumn("reason", _reason())
    once = F.when(F.col("reason").isNull(), F.col("event.event_id")).otherwise(
        F.monotonically_increasing_id().cast("string")
    )
    return told.withColumn("once", once).dropDuplicates(["once"]).drop("once")


def rejects(parsed: DataFrame) -> DataFrame:
    """Lines that are no events: `day`, `market`, `file`, `line`, `reason`."""
    return parsed.where(F.col("reason").isNotNull()).select(
        "day", "market", "file", F.col("value").alias("line"), "reason"
    )


def events(parsed: DataFrame) -> DataFrame:
    """Those lines that are events, a column a field."""
    return parsed.where(F.col("reason").isNull()).select("day", "event.*").drop("_corrupt")


def searches(events_: DataFrame) -> DataFrame:
    """A row a search."""
    made = events_.where(F.col("type") == "search")
    most = F.get("kept_out", F.lit(0))  # the list begins with what keeps most out
    return made.withColumns(
        {
            "exploration": _explored(),
            "page": F.coalesce("page", F.lit(1)),
            "nights": F.coalesce(F.datediff("check_out", "check_in"), F.col("flexible.nights")),
            "shown": F.size("results"),
            "filters": F.coalesce(F.map_keys("filters"), F.array().cast("array<string>")),
            "kept_out_by": most["filter"],
            "kept_out": most["more"],
            "degraded": F.coalesce("degraded", F.array().cast("array<string>")),
            "flexible": F.col("flexible.kind"),
            "flexible_days": F.col("flexible.days"),
            "flexible_months": F.col("flexible.months"),
        }
    ).select(*SEARCH)


def impressions(events_: DataFrame) -> DataFrame:
    """A row a listing of an answer, with the stay that it was shown with and what became of it.

    `seen` is whether the guest had it in view (or opened or booked it), null where the search has no
    record of views at all. Clicks, quotes, holds and bookings count from the search on, up to
    :data:`ATTRIBUTION_DAYS` later.
    """
    shown = events_.where(F.col("type") == "search").select(
        "day",
        "market",
        "search_id",
        "occurred_at",
        _explored().alias("exploration"),
        "check_in",
        "check_out",
        F.explode("results").alias("shown"),
    )
    acts = events_.where(F.col("type") != "search").select(
        "search_id", "listing_id", F.col("type").alias("act"), F.col("day").alias("act_day")
    )
    per_listing = acts.groupBy("search_id", "listing_id").agg(
        *(F.min(F.when(F.col("act") == act, F.col("act_day"))).alias(act) for act in ("impression", *_COUNTED.values()))
    )
    viewed = acts.where(F.col("act") == "impression").select("search_id").distinct().withColumn("views", F.lit(True))
    rows = shown.select(
        "day",
        "market",
        "search_id",
        "occurred_at",
        "exploration",
        *(
            F.col(f"shown.{name}").alias(name)
            for name in ("listing_id", "position", "total_minor", "score", "features")
        ),
        *(F.coalesce(F.col(f"shown.{name}"), F.col(name)).alias(name) for name in ("check_in", "check_out")),
    )
    joined = rows.join(per_listing, ["search_id", "listing_id"], "left").join(viewed, "search_id", "left")
    return joined.withColumns(
        {"in_view": F.col("impression").isNotNull()} | {name: _counts(act) for name, act in _COUNTED.items()}
    ).select(
        "day",
        "market",
        "search_id",
        "occurred_at",
        "listing_id",
        "position",
        "total_minor",
        "score",
        "features",
        "exploration",
        F.when(F.col("views"), F.col("in_view") | F.col("clicked") | F.col("booked")).alias("seen"),
        *_COUNTED,
        "check_in",
        "check_out",
    )


def _explored() -> Column:
    return F.coalesce(F.col("exploration"), F.lit(False))


def _counts(act: str) -> Column:
    """Whether an act on the listing counts for the search."""
    late = F.datediff(F.col(act).cast("date"), F.col("day").cast("date"))
    return F.coalesce(late.between(0, ATTRIBUTION_DAYS), F.lit(False))


def _reason() -> Column:
    """Why a line is no event, null where it is one."""
    event = F.col("event")
    missing = F.array_compact(
        F.array(
            *(
                F.when((event["type"] == kind) & event[name].isNull(), F.lit(name))
                for kind, names in REQUIRED.items()
                for name in names
            )
        )
    )
    return (
        F.when(event.isNull() | event["_corrupt"].isNotNull(), F.lit("not JSON of an event"))
        .when(event["type"].isNull() | ~event["type"].isin(*REQUIRED), F.lit("unknown type of event"))
        .when(F.size(missing) > 0, F.concat(F.lit("missing: "), F.array_join(missing, ", ")))
        .when(event["market"] != F.col("market"), F.lit("another market's event"))
        .when(event["guests"] < 1, F.lit("no guests"))
        .when(event["position"] < 1, F.lit("position before the first"))
        .when(event["page"] < 1, F.lit("page before the first"))
        .when(event["latency_ms"] < 0, F.lit("an answer before its question"))
        .when(
            F.exists(F.coalesce(event["results"], F.array()), _unreadable),
            F.lit("a result without listing or position"),
        )
    )


def _unreadable(shown: Column) -> Column:
    return shown["listing_id"].isNull() | shown["position"].isNull() | (shown["position"] < 1)
