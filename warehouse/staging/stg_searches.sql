-- Searches, a row each.
SELECT
  CAST(s.search_id AS VARCHAR) AS search_id,
  s.market,
  s.day AS searched_on,
  s.session_id,
  s.check_in,
  s.check_out,
  CAST(s.guests AS BIGINT) AS guests,
  CAST(s.total_count AS BIGINT) AS total_count,
  s.exploration,
  s.ranker
FROM lake.searches AS s
