"""T2: the file of T1 to committed events, against Odoo's own import of such a file.

The floor is what somebody has without these addons: a model made in the settings, with a field per column, and
*Import records* (base_import), which finds the subject by its serial. It neither dedupes nor guides nor
adds up. It is measured on fewer rows, because it costs the same for each.
"""

import time

from odoo import Command

from .meter import Meter, medians
from .t01_ingest import _file, _prepare, import_file
from .t10_billing_run import World

ID = "T2"
WHAT = "CSV file to committed events against base_import of the same columns"
UNIT = "CPU us per row"
TARGET = (">=", 75)
MODEL = "x_bench_usage"
COLUMNS = {
    "id": ("x_name", "char", {}),
    "serial": ("x_subject_id", "many2one", {"relation": "usage.subject"}),
    "time": ("x_time", "datetime", {}),
    "quantity": ("x_quantity", "float", {}),
    "site": ("x_site", "char", {}),
}
OPTIONS = {
    "has_headers": True,
    "separator": ",",
    "quoting": '"',
    "encoding": "utf-8",
    "date_format": "%Y-%m-%d",
    "datetime_format": "%Y-%m-%d %H:%M:%S",
    "float_thousand_separator": " ",
    "float_decimal_separator": ".",
}


def run(database, quick):
    """Measure pairs of (base_import, ours); the ratio says how many times faster ours is."""
    subjects, rows, sample, rounds = (1_000, 50_000, 300, 1) if quick else (10_000, 500_000, 2_000, 3)
    stamp = time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        _make_model(env)
        env.cr.commit()
    _floor(database, _file(subjects, 10, f"{stamp}-warm"), 10)
    pairs = []
    for number in range(rounds):
        floor = _floor(database, _file(subjects, sample, f"{stamp}-{number}"), sample)
        ours = import_file(database, source_id, _file(subjects, rows, f"{stamp}-{number}"), "accepted", rows)
        pairs.append((1e6 * floor / sample, 1e6 * ours / rows))
    floor, ours, _ratio = medians(pairs)
    ratio = medians([(mine, theirs) for theirs, mine in pairs])[2]
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{rows} rows, {sample} of theirs"}


def _make_model(env):
    if MODEL in env:
        return
    fields = [
        {"name": name, "ttype": kind, "field_description": column, **more}
        for column, (name, kind, more) in COLUMNS.items()
    ]
    made = env["ir.model"].create(
        {"name": "Bench usage", "model": MODEL, "field_id": [Command.create(values) for values in fields]}
    )
    access = {"name": MODEL, "model_id": made.id, "perm_read": True, "perm_write": True, "perm_create": True}
    env["ir.model.access"].create({**access, "group_id": env.ref("base.group_user").id})


def _floor(database, content, rows):
    """CPU seconds of importing a file as a person does it, up to COMMIT."""
    meter = Meter()
    with database.env() as env:
        values = {"res_model": MODEL, "file": content, "file_name": "usage.csv", "file_type": "text/csv"}
        importing = env["base_import.import"].create(values)
        env.cr.commit()
        with meter.running(env.cr):
            told = importing.execute_import([name for name, _kind, _more in COLUMNS.values()], list(COLUMNS), OPTIONS)
            env.cr.commit()
        assert len(told["ids"] or []) == rows, told["messages"]
    return meter.cpu
