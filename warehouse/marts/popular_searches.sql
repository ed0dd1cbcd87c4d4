-- What many asked for, word by word, in the last 90 days: only what ten different visitors or more asked for in the
-- market. Whoever is named by nothing counts for nobody.
WITH newest AS (
  SELECT max(day) AS day
  FROM lake.searches
)

SELECT
  s.market,
  s.asked,
  count(DISTINCT s.visitor) AS visitors,
  count(DISTINCT s.guest_key) AS signed_in,
  count(*) AS searches,
  count(CASE WHEN s.total_count = 0 THEN 1 END) AS searches_without_results
FROM lake.searches AS s
INNER JOIN newest ON s.day > newest.day - INTERVAL 90 DAY
WHERE s.asked IS NOT NULL AND s.visitor IS NOT NULL AND s.page = 1
GROUP BY s.market, s.asked
HAVING count(DISTINCT s.visitor) >= 10
