-- From search to booking, by market and day.
WITH searched AS (
  SELECT
    market,
    searched_on,
    count(*) AS searches,
    count(CASE WHEN total_count = 0 THEN 1 END) AS searches_without_results,
    count(DISTINCT session_id) AS sessions
  FROM staging.stg_searches
  GROUP BY market, searched_on
),

shown AS (
  SELECT
    market,
    shown_on,
    count(*) AS impressions,
    count(CASE WHEN clicked THEN 1 END) AS clicks,
    count(CASE WHEN booked THEN 1 END) AS bookings
  FROM staging.stg_impressions
  GROUP BY market, shown_on
)

SELECT
  searched.market,
  searched.searched_on AS day,
  searched.sessions,
  searched.searches,
  searched.searches_without_results,
  coalesce(shown.impressions, 0) AS impressions,
  coalesce(shown.clicks, 0) AS clicks,
  coalesce(shown.bookings, 0) AS bookings,
  CAST(shown.clicks AS DOUBLE) / nullif(shown.impressions, 0) AS click_through_rate,
  CAST(shown.bookings AS DOUBLE) / searched.searches AS bookings_per_search
FROM searched
LEFT JOIN shown ON searched.market = shown.market AND searched.searched_on = shown.shown_on
