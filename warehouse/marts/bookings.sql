-- Every booking with its listing's facts: the table to start from.
SELECT
  b.booking_id,
  b.market,
  b.listing_id,
  l.neighbourhood,
  l.room_type,
  b.status,
  b.booked_on,
  b.check_in,
  b.check_out,
  b.nights,
  b.lead_days,
  b.guests,
  b.currency,
  b.nights_minor,
  b.total_minor
FROM staging.stg_bookings AS b
INNER JOIN staging.stg_listings AS l ON b.listing_id = l.listing_id
