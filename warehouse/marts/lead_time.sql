-- How long ahead guests book, by market and month of booking. A hold that nobody confirmed is no booking.
SELECT
  market,
  CAST(date_trunc('month', booked_on) AS DATE) AS month,
  count(*) AS bookings,
  count(CASE WHEN status = 'cancelled' THEN 1 END) AS cancelled,
  CAST(quantile_cont(lead_days, 0.25) AS DOUBLE) AS lead_days_p25,
  CAST(quantile_cont(lead_days, 0.5) AS DOUBLE) AS lead_days_p50,
  CAST(quantile_cont(lead_days, 0.75) AS DOUBLE) AS lead_days_p75,
  avg(CAST(nights AS DOUBLE)) AS mean_nights
FROM staging.stg_bookings
WHERE confirmed_on IS NOT NULL
GROUP BY market, date_trunc('month', booked_on)
