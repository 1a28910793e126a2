"""python -m bench.memory_alone CONFIG DATABASE <sets.json: billing runs one after the other; prints a peak for each."""

import json
import sys
from pathlib import Path

from .database import open_database
from .t13_many_contracts import listed, require_done


def peak():
    """The most memory (MB) that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main(config, name):
    """Go through the sets of contracts that standard input names."""
    database, peaks = open_database(config, name), []
    for ids in json.load(sys.stdin):
        with database.env() as env:
            run_id = listed(env, ids).id
        with database.env() as env:
            env["usage.billing.run"]._cron_process()
            env.cr.commit()
        peaks.append(peak())
        with database.env() as env:
            require_done(env["usage.billing.run"].browse(run_id), len(ids))
    sys.stdout.write(json.dumps(peaks))


if __name__ == "__main__":
    main(*sys.argv[1:])
