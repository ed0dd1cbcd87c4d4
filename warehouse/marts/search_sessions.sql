-- A visit's searches in a market, and how far it came: from looking to booking.
WITH done AS (
  SELECT
    search_id,
    count(CASE WHEN clicked THEN 1 END) AS clicks,
    count(CASE WHEN quoted THEN 1 END) AS quotes,
    count(CASE WHEN held THEN 1 END) AS holds,
    count(CASE WHEN booked THEN 1 END) AS bookings
  FROM staging.stg_impressions
  GROUP BY search_id
),

visits AS (
  SELECT
    s.market,
    s.session_id,
    min(s.searched_on) AS began_on,
    count(*) AS searches,
    count(CASE WHEN s.total_count = 0 THEN 1 END) AS searches_without_results,
    max(s.page) AS deepest_page,
    coalesce(sum(s.shown), 0) AS shown,
    coalesce(sum(done.clicks), 0) AS clicks,
    coalesce(sum(done.quotes), 0) AS quotes,
    coalesce(sum(done.holds), 0) AS holds,
    coalesce(sum(done.bookings), 0) AS bookings
  FROM staging.stg_searches AS s
  LEFT JOIN done ON s.search_id = done.search_id
  GROUP BY s.market, s.session_id
)

SELECT
  market,
  session_id,
  began_on,
  searches,
  searches_without_results,
  deepest_page,
  CAST(shown AS BIGINT) AS shown,
  CAST(clicks AS BIGINT) AS clicks,
  CAST(quotes AS BIGINT) AS quotes,
  CAST(holds AS BIGINT) AS holds,
  CAST(bookings AS BIGINT) AS bookings,
  CASE
    WHEN bookings > 0 THEN 'booked'
    WHEN holds > 0 THEN 'held'
    WHEN quotes > 0 THEN 'quoted'
    WHEN clicks > 0 THEN 'opened'
    WHEN searches_without_results < searches THEN 'abandoned'
    ELSE 'found_nothing'
  END AS outcome
FROM visits
