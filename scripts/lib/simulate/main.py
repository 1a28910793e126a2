"""Simulate devices and what happens to their messages; say what a perfect world would bill.

Without a file or an address it writes nothing and prints the truth. The key of an HTTP source is read
from the environment variable USAGE_KEY.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulate import doors, outputs
from simulate.faults import arriving
from simulate.plan import FAULTS, METRICS, WHAT, Plan, parse_faults
from simulate.truth import Truth

WRITERS = {"csv": outputs.write_csv, "jsonl": outputs.write_jsonl, "xlsx": outputs.write_xlsx}


def parser():
    """The options."""
    rates = "".join(f"\n  {name:<10} {FAULTS[name]:>4}  {what}" for name, what in WHAT.items())
    made = argparse.ArgumentParser(
        prog="scripts/simulate",
        description=__doc__,
        epilog=f"faults, with their rate in 'all', of a thousand:{rates}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--seed", type=int, default=1)
    for kind, (metric, how) in METRICS.items():
        made.add_argument(
            f"--{kind}s", type=int, metavar="N", help=f"devices of metric {metric}, whose days are a {how}"
        )
    made.add_argument("--start", type=datetime.fromisoformat, default=datetime(2026, 1, 1), metavar="DATE")
    made.add_argument("--days", type=int, default=31)
    made.add_argument("--minutes", type=int, default=60, help="between two messages of a device (default 60)")
    made.add_argument("--zone", default="UTC", help="whose days the truth tells (default UTC)")
    made.add_argument("--prefix", default="SIM", help="of serials (default SIM)")
    made.add_argument("--rollover", type=int, default=0, help="counters begin again from 0 there")
    made.add_argument("--wrap", type=int, default=0, help="numbers of messages begin again from 0 there")
    made.add_argument("--faults", type=parse_faults, default={}, metavar="all|none|drop=5,reset,...")
    target = made.add_mutually_exclusive_group()
    for name in WRITERS:
        target.add_argument(f"--{name}", metavar="FILE", help="- is standard output" if name != "xlsx" else None)
    target.add_argument("--http", metavar="URL", help="CloudEvents to a running server")
    target.add_argument("--mqtt", metavar="HOST[:PORT]", help="JSON events to a broker, QoS 1")
    made.add_argument("--truth", metavar="FILE", help="the whole truth as JSON; - is standard output")
    made.add_argument("--profile", choices=sorted(WRITERS), help="print the profile that reads such files, and stop")
    return made


def plan_of(options):
    """The Plan that the options ask for; five devices of each kind when none is named."""
    fleet = {kind: count for kind in METRICS if (count := getattr(options, f"{kind}s"))}
    zone = ZoneInfo(options.zone)
    return Plan(
        seed=options.seed,
        fleet=fleet or dict.fromkeys(METRICS, 5),
        start=options.start.replace(tzinfo=zone).astimezone(timezone.utc),
        minutes=options.minutes,
        steps=options.days * 24 * 60 // options.minutes,
        faults=options.faults,
        zone=options.zone,
        prefix=options.prefix,
        rollover=options.rollover,
        wrap=options.wrap,
    )


def main(arguments=None):
    """Exit 0 when everything was written or sent."""
    made = parser()
    options = made.parse_args(arguments)
    if options.profile:
        print(json.dumps(outputs.profile(options.profile), indent=2))
        return
    if options.minutes < 1 or options.days < 1:
        made.error("--days and --minutes begin at 1")
    plan = plan_of(options)
    truth = Truth(plan)
    what = deliver(options, plan, arriving(plan, truth))
    tell(options, truth, what)


def deliver(options, plan, messages):
    """Write or send the messages; returns a line that says so."""
    for name, write in WRITERS.items():
        path = getattr(options, name)
        if path:
            with ExitStack() as stack:
                target = _opened(stack, path, binary=name == "xlsx")
                return f"{write(messages, target, plan.wrap)} rows in {path}"
    if options.http:
        key = os.environ.get("USAGE_KEY") or sys.exit("simulate: put the key of the source into USAGE_KEY")
        counts = doors.send_http(messages, options.http, key)
        return "answered: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    if options.mqtt:
        host, _colon, port = options.mqtt.partition(":")
        return f"{doors.send_mqtt(messages, host, int(port or 1883), plan.wrap)} messages acknowledged by the broker"
    return f"{sum(1 for _message in messages)} messages, written nowhere"


def tell(options, truth, what):
    """The whole truth into its file, the short one for people."""
    if options.truth:
        with ExitStack() as stack:
            truth.write(_opened(stack, options.truth))
    told = truth.to_dict()
    lines = [what, f"sent {truth.counts['messages']}, arriving {truth.counts['arriving']} with copies"]
    for metric, usage in told["totals"]["usage"].items():
        booked = told["totals"]["booked"].get(metric, "0")
        lines.append(f"{metric:<10} used {usage:>16}   to be booked {booked:>16}")
    if told["faults"]:
        lines.append("faults     " + ", ".join(f"{name} {count}" for name, count in told["faults"].items()))
    # What goes to standard output by request is not mixed with prose.
    prose = sys.stderr if "-" in (options.truth, options.csv, options.jsonl) else sys.stdout
    prose.write("\n".join(lines) + "\n")


def _opened(stack, path, binary=False):
    if path == "-":
        return sys.stdout
    return stack.enter_context(open(path, "wb") if binary else open(path, "w", encoding="utf-8", newline=""))


if __name__ == "__main__":
    main()
