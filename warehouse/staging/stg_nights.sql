-- Nights of active listings as of each market's newest day: what they cost and who has them.
WITH newest AS (
  SELECT market, max(day) AS day
  FROM lake.nights
  GROUP BY market
)

SELECT
  CAST(n.listing_id AS BIGINT) AS listing_id,
  n.market,
  n.night,
  CAST(n.price_minor AS BIGINT) AS price_minor,
  n.is_free,
  n.occupancy_kind,
  CAST(date_trunc('week', n.night) AS DATE) AS week
FROM lake.nights AS n
INNER JOIN newest ON n.market = newest.market AND n.day = newest.day
INNER JOIN staging.stg_listings AS l ON n.listing_id = l.listing_id
WHERE l.is_active
