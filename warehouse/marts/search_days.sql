-- How search did, by market and day.
WITH clicked AS (
  SELECT search_id
  FROM staging.stg_impressions
  WHERE clicked
  GROUP BY search_id
),

searched AS (
  SELECT
    s.market,
    s.searched_on,
    count(*) AS searches,
    count(CASE WHEN s.total_count = 0 THEN 1 END) AS searches_without_results,
    count(CASE WHEN s.nothing_because = 'one_filter' THEN 1 END) AS nothing_for_one_filter,
    count(CASE WHEN s.nothing_because = 'several_filters' THEN 1 END) AS nothing_for_several_filters,
    count(CASE WHEN s.nothing_because = 'dates' THEN 1 END) AS nothing_for_dates,
    count(CASE WHEN s.nothing_because = 'nothing_there' THEN 1 END) AS nothing_there,
    count(clicked.search_id) AS searches_with_click,
    count(CASE WHEN s.is_degraded THEN 1 END) AS degraded_searches,
    CAST(quantile_cont(s.lead_days, 0.5) AS DOUBLE) AS lead_days_p50,
    CAST(quantile_cont(s.latency_ms, 0.5) AS DOUBLE) AS latency_ms_p50,
    CAST(quantile_cont(s.latency_ms, 0.95) AS DOUBLE) AS latency_ms_p95,
    CAST(quantile_cont(s.latency_ms, 0.99) AS DOUBLE) AS latency_ms_p99
  FROM staging.stg_searches AS s
  LEFT JOIN clicked ON s.search_id = clicked.search_id
  GROUP BY s.market, s.searched_on
),

visited AS (
  SELECT
    market,
    began_on,
    count(*) AS sessions,
    count(CASE WHEN outcome IN ('abandoned', 'found_nothing') THEN 1 END) AS abandoned_sessions,
    count(CASE WHEN outcome = 'booked' THEN 1 END) AS booked_sessions
  FROM marts.search_sessions
  GROUP BY market, began_on
)

SELECT
  searched.market,
  searched.searched_on AS day,
  searched.searches,
  searched.searches_without_results,
  CAST(searched.searches_without_results AS DOUBLE) / searched.searches AS zero_result_rate,
  searched.nothing_for_one_filter,
  searched.nothing_for_several_filters,
  searched.nothing_for_dates,
  searched.nothing_there,
  searched.searches_with_click,
  CAST(searched.searches_with_click AS DOUBLE)
  / nullif(searched.searches - searched.searches_without_results, 0) AS click_through_rate,
  coalesce(visited.sessions, 0) AS sessions,
  CAST(visited.abandoned_sessions AS DOUBLE) / visited.sessions AS abandonment_rate,
  CAST(visited.booked_sessions AS DOUBLE) / visited.sessions AS conversion_rate,
  searched.degraded_searches,
  searched.lead_days_p50,
  searched.latency_ms_p50,
  searched.latency_ms_p95,
  searched.latency_ms_p99
FROM searched
LEFT JOIN visited ON searched.market = visited.market AND searched.searched_on = visited.began_on
