-- What is on offer by market, week and room type.
SELECT
  n.market,
  n.week,
  l.room_type,
  count(DISTINCT n.listing_id) AS listings,
  count(DISTINCT CASE WHEN n.is_free THEN n.listing_id END) AS listings_with_free_nights,
  count(CASE WHEN n.is_free THEN 1 END) AS free_nights,
  CAST(quantile_cont(CASE WHEN n.is_free THEN n.price_minor END, 0.5) AS DOUBLE) AS median_price_minor
FROM staging.stg_nights AS n
INNER JOIN staging.stg_listings AS l ON n.listing_id = l.listing_id
GROUP BY n.market, n.week, l.room_type
