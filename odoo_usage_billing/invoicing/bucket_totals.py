"""How buckets of one subject, day or month add up when usage is shown in parts: in annexes and charts.

Sums, counts, maxima, averages and latest values are exact; for the others a breakdown shows the figure nearest to
their meaning, because a part of a percentile or of a level over time is not a percentile. What was taken back counts
for nothing: a void counts as an event, and so does what it takes back.
"""

LATEST = "COALESCE((array_agg(b.quantity_last ORDER BY b.last_at DESC NULLS LAST))[1], 0)"
AGGREGATES = {
    "sum": "SUM(b.quantity_sum)",
    "count": "SUM(b.event_count - 2 * b.void_count)",
    "max": "COALESCE(MAX(b.quantity_max), 0)",
    "latest": LATEST,
    "average": "COALESCE(ROUND(SUM(b.quantity_sum) / NULLIF(SUM(b.event_count - 2 * b.void_count), 0), 9), 0)",
    "unique_count": "SUM(b.event_count - 2 * b.void_count)",
    "time_weighted_average": LATEST,
    "percentile": "COALESCE(MAX(b.quantity_max), 0)",
}
