"""T4: a workbook to committed, guided, deduplicated, bucketed events, against reading its cells with openpyxl.

The floor does nothing with the cells; it is what people use to read a large workbook in Python.
"""

import io
import random
import time
from datetime import timedelta

import openpyxl
import xlsxwriter

from .meter import Meter, medians
from .t01_ingest import PROFILE, START, _prepare, _serial, import_file
from .t10_billing_run import World

ID = "T4"
WHAT = "XLSX to committed events against reading its cells with openpyxl (read-only)"
UNIT = "CPU us per row"
TARGET = ("<=", 0.4)


def run(database, quick):
    """Measure pairs of (floor, ours) on fresh workbooks."""
    subjects, rows, rounds = (1_000, 20_000, 1) if quick else (10_000, 200_000, 1)
    stamp = time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp, {**PROFILE, "format": "xlsx"})
        env.cr.commit()
    pairs = []
    for number in range(rounds):
        content = _workbook(subjects, rows, f"{stamp}-{number}")
        spent = _floor(database, content, rows), import_file(database, source_id, content, "accepted", rows)
        pairs.append(tuple(1e6 * seconds / rows for seconds in spent))
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{rows} rows"}


def _workbook(subjects, rows, prefix):
    """A month of readings: texts, dates as dates, numbers as numbers."""
    dice = random.Random(prefix)
    step = timedelta(days=30) / rows
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet, dated = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, ["id", "serial", "time", "quantity", "site"])
    for number in range(rows):
        moment = (START + step * number).replace(tzinfo=None, microsecond=0)
        sheet.write_string(number + 1, 0, f"{prefix}-{number}")
        sheet.write_string(number + 1, 1, _serial(dice.randrange(subjects)))
        sheet.write_datetime(number + 1, 2, moment, dated)
        sheet.write_number(number + 1, 3, dice.randrange(1, 10**6) / 1000)
        sheet.write_string(number + 1, 4, "north")
    book.close()
    return out.getvalue()


def _floor(database, content, rows):
    meter = Meter()
    with database.env() as env, meter.running(env.cr):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        count = sum(1 for _row in book.worksheets[0].iter_rows(values_only=True))
    assert count == rows + 1, count
    return meter.cpu
