-- Bookings as of each market's newest day, with the length of the stay and the lead time.
WITH newest AS (
  SELECT market, max(day) AS day
  FROM lake.bookings
  GROUP BY market
)

SELECT
  CAST(b.booking_id AS VARCHAR) AS booking_id,
  b.listing_id,
  b.market,
  b.status,
  b.check_in,
  b.check_out,
  b.nights,
  b.lead_days,
  b.guests,
  b.currency,
  b.nights_minor,
  b.total_minor,
  CAST(b.created_at AS DATE) AS booked_on
FROM lake.bookings AS b
INNER JOIN newest ON b.market = newest.market AND b.day = newest.day
