-- Listings shown in searches, with what became of them.
SELECT
  CAST(i.search_id AS VARCHAR) AS search_id,
  CAST(i.listing_id AS BIGINT) AS listing_id,
  i.market,
  i.day AS shown_on,
  CAST(i.position AS BIGINT) AS position,
  i.clicked,
  coalesce(i.quoted, FALSE) AS quoted,
  coalesce(i.held, FALSE) AS held,
  i.booked,
  i.check_in,
  i.check_out
FROM lake.impressions AS i
