-- Supply and use of nights by market and week: occupancy, ADR and RevPAR.
-- A night counts as sold where a booking has it; nights that an imported calendar only calls
-- unavailable may be booked elsewhere or blocked, and count as unavailable. A night without a price
-- cannot be sold: it is no supply, unless it was sold while it had one.
WITH sold AS (
  SELECT
    n.listing_id,
    n.night,
    CAST(b.nights_minor AS DOUBLE) / b.nights AS revenue_minor
  FROM staging.stg_nights AS n
  INNER JOIN staging.stg_bookings AS b
    ON n.listing_id = b.listing_id AND n.night >= b.check_in AND n.night < b.check_out
  WHERE b.status IN ('confirmed', 'completed', 'no_show')
),

weekly AS (
  SELECT
    n.market,
    n.week,
    count(*) AS nights,
    count(sold.night) AS nights_sold,
    count(CASE WHEN NOT n.is_free AND sold.night IS NULL THEN 1 END) AS nights_unavailable,
    coalesce(sum(sold.revenue_minor), 0) AS revenue_minor
  FROM staging.stg_nights AS n
  LEFT JOIN sold ON n.listing_id = sold.listing_id AND n.night = sold.night
  WHERE n.price_minor IS NOT NULL OR sold.night IS NOT NULL
  GROUP BY n.market, n.week
)

SELECT
  market,
  week,
  nights,
  nights_sold,
  nights_unavailable,
  CAST(revenue_minor AS DOUBLE) AS revenue_minor,
  CAST(nights_sold AS DOUBLE) / nights AS occupancy,
  CAST(nights_sold + nights_unavailable AS DOUBLE) / nights AS share_not_free,
  CAST(revenue_minor AS DOUBLE) / nullif(nights_sold, 0) AS adr_minor,
  CAST(revenue_minor AS DOUBLE) / nights AS revpar_minor
FROM weekly
