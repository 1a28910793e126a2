"""A billing run done by a real job runner with two workers, one of which is killed; prints what came of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from promises import world
from promises.crowd import transaction

import odoo

PATIENCE = 300
CHUNK = 10


def free_port():
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server(config, name, folder):
    """Start Odoo with two workers and the job runner on one database, output in the folder."""
    port = free_port()
    conf = Path(folder) / "odoo.conf"
    conf.touch(mode=0o600)
    kept = [
        line
        for line in Path(config).read_text().splitlines()
        if line.split("=")[0].strip() not in ("server_wide_modules", "http_port", "gevent_port")
    ]
    conf.write_text("\n".join([*kept, f"http_port = {port}", f"gevent_port = {free_port()}", ""]))
    command = [sys.executable, "-m", "odoo", "-c", conf, "-d", name, "--workers=2", "--load=base,rpc,web,queue_job"]
    environment = {
        **os.environ,
        "ODOO_QUEUE_JOB_CHANNELS": "root:2,root.usage_billing:2",
        "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
        "ODOO_QUEUE_JOB_PORT": str(port),
    }
    with (Path(folder) / "log").open("w") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=folder, start_new_session=True
        )


def until(database, ask):
    """Ask the database until it has an answer; fail after much patience."""
    for _second in range(PATIENCE * 2):
        with database.env() as env:
            if answer := ask(env):
                return answer
        time.sleep(0.5)
    raise TimeoutError(ask.__name__)


def a_busy_worker(env):
    """Give the process number of a worker that does a chunk, once another chunk is done."""
    env.cr.execute(
        """
        SELECT worker_pid FROM queue_job
         WHERE state = 'started' AND method_name = '_job_process' AND worker_pid IS NOT NULL
           AND EXISTS (SELECT FROM queue_job WHERE state = 'done' AND method_name = '_job_process')
        """
    )
    return (env.cr.fetchone() or [None])[0]


def all_done(env):
    """Say whether the run has ended."""
    return env["usage.billing.run"].search([], limit=1).state == "done"


def start(env, count):
    """Contracts with a month to bill, and a run of them given to jobs."""
    world.contracts(env, count, date(2024, 1, 1))
    run = env["usage.billing.run"].create({"date_ref": date(2024, 2, 1)})
    run._list_contracts()
    run._go_on_in_background()


def figures(env):
    """Count what became of the run."""
    run = env["usage.billing.run"].search([], limit=1)
    env.cr.execute("SELECT worker_pid, state FROM queue_job WHERE method_name = '_job_process'")
    jobs = env.cr.fetchall()
    env.cr.execute(
        """
        SELECT min(n), max(n), count(*)
          FROM (SELECT count(DISTINCT l.move_id) AS n
                  FROM usage_charge c LEFT JOIN account_move_line l ON l.usage_charge_id = c.id
                 GROUP BY c.contract_line_id, c.date_start) per_period
        """
    )
    least, most, periods = env.cr.fetchone()
    return {
        "done": run.done_count,
        "failed": run.failed_count,
        "invoices": run.invoice_count,
        "periods": periods,
        "least": least,
        "most": most,
        "jobs": len(jobs),
        "workers": len({worker for worker, _state in jobs}),
        "job states": sorted({state for _worker, state in jobs}),
    }


def main(config, name, count):
    """Start the server, kill a worker in the middle, wait for the end."""
    database = open_database(config, name)
    from odoo.addons.odoo_usage_billing.models import usage_billing_run_line

    usage_billing_run_line.CHUNK = CHUNK
    transaction(database, lambda env: start(env, int(count)))
    odoo.sql_db.close_all()
    with tempfile.TemporaryDirectory() as folder:
        running = server(config, name, folder)
        try:
            killed = until(database, a_busy_worker)
            os.kill(killed, signal.SIGKILL)
            until(database, all_done)
        except TimeoutError:
            sys.stderr.write((Path(folder) / "log").read_text()[-8000:])
            raise
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()
    with database.env() as env:
        sys.stdout.write(json.dumps({**figures(env), "killed": 1}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
