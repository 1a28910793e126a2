"""How buckets of one subject, day or month add up when usage is shown in parts: in annexes and charts.

Sums, counts, maxima, averages and latest values are exact; for the others a breakdown shows the figure nearest to
their meaning, because a part of a percentile or of a level over time is not a percentile.
"""

LATEST = "(array_agg(b.quantity_last ORDER BY b.last_at DESC))[1]"
AGGREGATES = {
    "sum": "SUM(b.quantity_sum)",
    "count": "SUM(b.event_count)",
    "max": "MAX(b.quantity_max)",
    "latest": LATEST,
    "average": "ROUND(SUM(b.quantity_sum) / SUM(b.event_count), 9)",
    "unique_count": "SUM(b.event_count)",
    "time_weighted_average": LATEST,
    "percentile": "MAX(b.quantity_max)",
}
