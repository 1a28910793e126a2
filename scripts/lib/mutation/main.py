"""Try every mutant of the rating kernel, two at a time; go on where the last run stopped; print score and survivors."""

import argparse
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutation.workshop import Workshop

ROOT = Path(__file__).resolve().parents[3]
RATING = ROOT / "odoo_usage_billing/rating"
KEPT = ROOT / "tests/kernel/mutation"
WORK = ROOT / ".local/mutation"
SAVE_EVERY = 20
#: A run that is stopped has tried a fair sample; so many say something.
SAMPLE = 300


def main():
    """Exit 0 when the score reaches the least that is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="without .py; all when none is named")
    parser.add_argument("--survivors", action="store_true", help="only what survived, once more, after new tests")
    parser.add_argument("--fresh", action="store_true", help="forget what was found before")
    parser.add_argument("--report", action="store_true", help="try nothing, print what is known")
    parser.add_argument("--processes", type=int, default=2, choices=(1, 2))
    parser.add_argument("--least", type=int, default=90, help="per cent")
    parser.add_argument("--python", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    modules = options.modules or sorted(path.stem for path in RATING.glob("*.py"))
    mutants = listed(modules, options.python)
    known = {} if options.fresh else read(WORK / "outcomes.json")
    known = {name: known[name] for name in known if known[name]["digest"] == digest(name)}
    for name in modules:
        known.setdefault(name, {"digest": digest(name), "outcomes": {}})
    if not options.report:
        attempt_all(todo(modules, mutants, known, options.survivors), mutants, known, options.processes)
    score = tell(mutants, known, modules, whole=not options.modules)
    sys.exit(0 if score >= options.least else 1)


def digest(module):
    path = RATING / f"{module}.py"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def listed(modules, python):
    """Return {module: {key: mutant}}; modules that changed since are listed anew."""
    path = WORK / "mutants.json"
    known = read(path)
    stale = [name for name in modules if known.get(name, {}).get("digest") != digest(name)]
    if stale:
        print(f"listing the mutants of {', '.join(stale)}", flush=True)
        made = WORK / "mutants.new.json"
        tool = Path(__file__).with_name("list_mutants.py")
        subprocess.run([python, tool, made, *(RATING / f"{name}.py" for name in stale)], check=True)
        known |= read(made)
        path.write_text(json.dumps(known), encoding="utf-8")
    return {name: known[name]["mutants"] for name in modules}


def todo(modules, mutants, known, survivors):
    """Return [(module, key)] still to try, well mixed: a run that is stopped early has tried a fair sample."""
    wanted, reasons = [], read(KEPT / "equivalent.json") or []
    for name in modules:
        outcomes = known[name]["outcomes"]
        for key, mutant in mutants[name].items():
            found = outcomes.get(key)
            again = found and found[0] == "survived" and not equivalent(name, mutant, reasons)
            if again if survivors else found is None:
                wanted.append((name, key))
    return sorted(wanted, key=lambda job: hashlib.sha256(repr(job).encode()).digest())


def attempt_all(wanted, mutants, known, processes):
    """Try the mutants and keep what comes out, every few of them on disk."""
    if not wanted:
        return
    context = multiprocessing.get_context("fork")
    os.nice(10)
    print("looking at what each test runs", flush=True)
    seen = looked_at()
    print("starting", flush=True)
    jobs, results = context.Queue(), context.Queue()
    for job in wanted:
        jobs.put(job)
    workers = [context.Process(target=work, args=(number, jobs, results, mutants, seen)) for number in range(processes)]
    for worker in workers:
        jobs.put(None)
        worker.start()
    began = time.monotonic()
    try:
        for count in range(1, len(wanted) + 1):
            name, key, outcome, killer = results.get(timeout=1200)
            known[name]["outcomes"][key] = [outcome, killer]
            if outcome == "survived":
                print(shown(name, mutants[name][key]), flush=True)
            if count % SAVE_EVERY == 0 or count == len(wanted):
                (WORK / "outcomes.json").write_text(json.dumps(known), encoding="utf-8")
                print(f"{count} of {len(wanted)} tried, {time.monotonic() - began:.0f} s", flush=True)
    finally:
        for worker in workers:
            worker.terminate()


def looked_at():
    """Return {test: functions it runs}, as known from before for this kernel and this file of tests."""
    kernel = {path.stem: digest(path.stem) for path in RATING.glob("*.py")}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in KEPT.parent.glob("test_*.py")}
    kept = read(WORK / "seen.json")
    known = kept.get("seen", {}) if kept.get("kernel") == kernel else {}
    known = {name: known[name] for name in known if kept["files"].get(name) == files.get(name)}
    shop = Workshop(ROOT, WORK / "work-0", {name: [tuple(item) for item in known[name]] for name in known})
    seen = shop.look()
    (WORK / "seen.json").write_text(json.dumps({"kernel": kernel, "files": files, "seen": seen}), encoding="utf-8")
    return seen


def work(number, jobs, results, mutants, seen):
    """Try mutants until there are no more."""
    shop = Workshop(ROOT, WORK / f"work-{number}", seen)
    shop.prepare()
    while (job := jobs.get()) is not None:
        name, key = job
        results.put((name, key, *shop.attempt(name, mutants[name][key])))


def shown(name, mutant):
    return f"  survived  {name}.py:{mutant['line']}  {mutant['before']}  ->  {mutant['after']}"


def equivalent(name, mutant, reasons):
    """Say whether a mutant is listed as one that changes nothing."""
    return any(
        (item["module"], item["before"], item["after"]) == (name, mutant["before"], mutant["after"]) for item in reasons
    )


def tell(mutants, known, modules, whole):
    """Print score and survivors; keep the figures when all modules were asked for and tried. Return the score."""
    reasons, counts, lines = read(KEPT / "equivalent.json") or [], Counter(), []
    for name in modules:
        for key, mutant in mutants[name].items():
            outcome = known[name]["outcomes"].get(key, ["untried"])[0]
            if outcome == "survived" and equivalent(name, mutant, reasons):
                outcome = "equivalent"
            counts[outcome] += 1
            if outcome == "survived":
                lines.append(shown(name, mutant))
    killed = counts["killed"] + counts["timeout"]
    tried = killed + counts["survived"]
    score = 100 * killed / tried if tried else 0
    print("\n".join(lines))
    print(f"mutants {sum(counts.values())}: " + ", ".join(f"{counts[key]} {key}" for key in sorted(counts)))
    print(f"score {score:.1f} % of those that change anything; {len(lines)} to look at")
    if whole and tried >= SAMPLE:
        figures = {
            "mutants": sum(counts.values()),
            "untried": counts["untried"],
            "killed": killed,
            "survived": counts["survived"],
            "equivalent": counts["equivalent"],
            "score_percent": f"{score:.1f}",
            "date": date.today().isoformat(),
            "modules": {name: digest(name) for name in modules},
        }
        KEPT.mkdir(exist_ok=True)
        (KEPT / "score.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return score


if __name__ == "__main__":
    main()
