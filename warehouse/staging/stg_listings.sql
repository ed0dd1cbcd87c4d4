-- Listings of each market as of its newest day in the lake.
WITH newest AS (
  SELECT market, max(day) AS day
  FROM lake.listings
  GROUP BY market
)

SELECT
  l.listing_id,
  l.market,
  l.neighbourhood,
  l.property_type,
  l.room_type,
  l.accommodates,
  l.bedrooms,
  l.currency,
  l.base_price_minor,
  l.rating,
  l.review_count,
  l.instant_book,
  l.is_superhost,
  l.is_active
FROM lake.listings AS l
INNER JOIN newest ON l.market = newest.market AND l.day = newest.day
