-- Spells of unusual activity, the strongest first.
SELECT event_time, insight_state, insight_type, insight_event_source, insight_event_name, insight_error_code,
  baseline_average, insight_average, insight_average / NULLIF(baseline_average, 0) AS times_usual
FROM cloudtrail_insights
ORDER BY times_usual DESC;

-- Start and end of each spell side by side.
SELECT * FROM cloudtrail_insight_spells;

-- Who caused the unusual activity.
SELECT * FROM cloudtrail_insight_attributions;

-- Unusual error rates only.
SELECT event_time, recipient_account_id, aws_region, insight_event_source, insight_event_name, insight_error_code, insight_average
FROM cloudtrail_insights
WHERE insight_type = 'ApiErrorRateInsight'
ORDER BY event_time;

-- Unusual activity by service and call.
SELECT insight_event_source, insight_event_name, count(DISTINCT shared_event_id) AS spells, min(event_time) AS first_time
FROM cloudtrail_insights
GROUP BY 1, 2
ORDER BY spells DESC, 1, 2;
