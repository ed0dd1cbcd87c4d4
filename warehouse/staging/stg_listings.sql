-- Listings of each market as of its newest day in the lake.
WITH newest AS (
  SELECT market, max(day) AS day
  FROM lake.listings
  GROUP BY market
)

SELECT
  CAST(l.listing_id AS BIGINT) AS listing_id,
  l.market,
  l.neighbourhood,
  l.property_type,
  l.room_type,
  CAST(l.accommodates AS BIGINT) AS accommodates,
  CAST(l.bedrooms AS BIGINT) AS bedrooms,
  l.currency,
  CAST(l.base_price_minor AS BIGINT) AS base_price_minor,
  CAST(l.rating AS DOUBLE) AS rating,
  CAST(l.review_count AS BIGINT) AS review_count,
  l.instant_book,
  l.is_superhost,
  l.is_active
FROM lake.listings AS l
INNER JOIN newest ON l.market = newest.market AND l.day = newest.day
