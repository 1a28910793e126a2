"""Worker processes that share a loaded registry and start together."""

import multiprocessing
import traceback

import odoo
from odoo import api


def gather(database, tasks):
    """Run each (function, arguments) in a process of its own, released at one moment.

    A function gets (database, *arguments) and returns something picklable.
    Returns the list of results, in order; a traceback becomes an AssertionError.
    """
    context = multiprocessing.get_context("fork")
    odoo.sql_db.close_all()
    start = context.Barrier(len(tasks))
    results = context.Queue()
    workers = [
        context.Process(target=_work, args=(database, number, start, results, *task))
        for number, task in enumerate(tasks)
    ]
    for worker in workers:
        worker.start()
    answers = [results.get() for _worker in workers]
    for worker in workers:
        worker.join()
    failures = [text for _number, _result, text in answers if text]
    if failures:
        raise AssertionError("\n".join(failures))
    return [result for _number, result, _text in sorted(answers, key=lambda a: a[0])]


def _work(database, number, start, results, function, *arguments):
    try:
        start.wait()
        results.put((number, function(database, *arguments), None))
    except Exception:  # noqa: BLE001 - reported whole to the parent
        results.put((number, None, traceback.format_exc()))


def transaction(database, function, uid=api.SUPERUSER_ID):
    """Run `function(env)` as a request would: retried by the framework, then committed."""
    from odoo.service.model import retrying

    with database.registry.cursor() as cr:
        env = api.Environment(cr, uid, {})
        return retrying(lambda: function(env), env)
