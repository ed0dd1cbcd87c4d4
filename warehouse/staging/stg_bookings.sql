-- Bookings as of each market's newest day, with the length of the stay and the lead time.
WITH newest AS (
  SELECT market, max(day) AS day
  FROM lake.bookings
  GROUP BY market
)

SELECT
  CAST(b.booking_id AS VARCHAR) AS booking_id,
  CAST(b.listing_id AS BIGINT) AS listing_id,
  b.market,
  b.status,
  b.check_in,
  b.check_out,
  CAST(b.nights AS BIGINT) AS nights,
  CAST(b.lead_days AS BIGINT) AS lead_days,
  CAST(b.guests AS BIGINT) AS guests,
  b.currency,
  CAST(b.nights_minor AS BIGINT) AS nights_minor,
  CAST(b.total_minor AS BIGINT) AS total_minor,
  CAST(b.created_at AS DATE) AS booked_on,
  CAST(b.confirmed_at AS DATE) AS confirmed_on
FROM lake.bookings AS b
INNER JOIN newest ON b.market = newest.market AND b.day = newest.day
