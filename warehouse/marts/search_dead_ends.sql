-- Searches that found nothing, by market, month and what kept everything out.
SELECT
  market,
  CAST(date_trunc('month', searched_on) AS DATE) AS month,
  coalesce(nothing_because, 'not_counted') AS reason,
  coalesce(kept_out_by, 'none') AS filter,
  count(*) AS searches,
  count(DISTINCT session_id) AS sessions,
  CAST(coalesce(sum(kept_out), 0) AS BIGINT) AS kept_out,
  avg(CAST(guests AS DOUBLE)) AS mean_guests,
  avg(CAST(nights AS DOUBLE)) AS mean_nights,
  avg(CAST(lead_days AS DOUBLE)) AS mean_lead_days
FROM staging.stg_searches
WHERE total_count = 0
GROUP BY
  market,
  date_trunc('month', searched_on),
  coalesce(nothing_because, 'not_counted'),
  coalesce(kept_out_by, 'none')
