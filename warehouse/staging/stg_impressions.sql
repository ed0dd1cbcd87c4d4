-- Listings shown in searches, with what became of them.
SELECT
  CAST(i.search_id AS VARCHAR) AS search_id,
  i.listing_id,
  i.market,
  i.day AS shown_on,
  i.position,
  i.clicked,
  i.booked
FROM lake.impressions AS i
