"""What a customer used, against what was agreed, as plain values that a page or a sheet shows."""

from .chart import day_chart, month_chart
from .late import late_text
from .reader import Consumption
from .sheet import write_sheet
