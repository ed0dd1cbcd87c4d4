"""Raw tables → staged ones: joins, types and derived columns; one function a table."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

_LISTING = (
    "listing_id",
    "market",
    "host_id",
    "title",
    "description",
    "house_rules",
    "language",
    "property_type",
    "room_type",
    "accommodates",
    "bedrooms",
    "beds",
    "shared_bathroom",
    "amenities",
    "latitude",
    "longitude",
    "instant_book",
    "cancellation_policy",
    "review_count",
    "first_review_on",
    "last_review_on",
    "is_active",
)
_DECIMALS = (
    "bathrooms",
    "rating",
    "rating_accuracy",
    "rating_cleanliness",
    "rating_check_in",
    "rating_communication",
    "rating_location",
    "rating_value",
)
_HOST = (
    "host_since",
    "response_hours",
    "response_rate_bps",
    "acceptance_rate_bps",
    "is_superhost",
    "identity_verified",
)
_PLAN = (
    "currency",
    "base_price_minor",
    "weekend_price_minor",
    "cleaning_fee_minor",
    "guests_included",
    "extra_guest_fee_minor",
    "weekly_discount_bps",
    "monthly_discount_bps",
    "min_stay",
    "max_stay",
    "advance_notice_days",
    "booking_window_days",
    "preparation_days",
    "min_gap_nights",
    "fills_gaps",
    "last_minute_days",
    "last_minute_discount_bps",
    "early_bird_days",
    "early_bird_discount_bps",
    "pet_fee_minor",
    "calendar_from",
    "calendar_until",
)


def staged_listings(
    listings: DataFrame, hosts: DataFrame, neighbourhoods: DataFrame, plans: DataFrame, markets: DataFrame
) -> DataFrame:
    """Bring a listing, its host, its rate plan and its market's terms into one row.

    A listing without a host profile or a rate plan stays, with nulls: the checks at the edge decide.
    """
    languages = F.col("languages").alias("host_languages")
    host = hosts.select(F.col("user_id").alias("host_id"), "market", *_HOST, languages)
    place = neighbourhoods.select("neighbourhood_id", F.col("name").alias("neighbourhood"))
    market = markets.select(
        F.col("market_key").alias("market"),
        "country",
        "timezone",
        F.col("latitude").alias("market_latitude"),
        F.col("longitude").alias("market_longitude"),
        "service_fee_bps",
        "tax_bps",
    )
    own = listings.select(*_LISTING, "neighbourhood_id", *(F.col(name).cast("double") for name in _DECIMALS))
    return (
        own.join(host, ["host_id", "market"], "left")
        .join(place, "neighbourhood_id", "left")
        .join(plans.select("listing_id", *_PLAN), "listing_id", "left")
        .join(market, "market", "left")
        .withColumns({name: F.coalesce(F.col(name), F.lit(False)) for name in ("is_superhost", "identity_verified")})
        .drop("neighbourhood_id")
    )


def staged_bookings(bookings: DataFrame, markets: DataFrame) -> DataFrame:
    """Add the length of the stay, the lead time and what its nights cost after the length-of-stay discount.

    Lead time counts days from the booking to check-in, both as dates at the listing.
    """
    timezone = markets.select(F.col("market_key").alias("market"), "timezone")
    lines = F.from_json("lines", "array<struct<component: string, minor: bigint>>")
    return (
        bookings.join(timezone, "market", "left")
        .withColumns(
            {
                "nights": F.datediff("check_out", "check_in").cast("bigint"),
                "lead_days": F.datediff(
                    "check_in", F.to_date(F.from_utc_timestamp("created_at", F.col("timezone")))
                ).cast("bigint"),
                "nights_minor": _sum_of(lines, "nights", "length_of_stay_discount"),
            }
        )
        .drop("timezone")
    )


def staged_reviews(reviews: DataFrame) -> DataFrame:
    """Keep a review once, in plain types."""
    return reviews.dropDuplicates(["review_id"])


def _sum_of(lines: Column, *components: str) -> Column:
    """Sum of the lines of some components, in minor units."""
    chosen = F.filter(lines, lambda line: line["component"].isin(*components))
    return F.aggregate(chosen, F.lit(0).cast("bigint"), lambda total, line: total + line["minor"])
