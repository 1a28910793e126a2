"""A folder of its own for each worker: the kernel, its tests, and one mutant at a time, tried in a forked process."""

import inspect
import json
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from .graft import Graft

RATING = "odoo_usage_billing/rating"
COPIED = (RATING, "tests/kernel", "tests/vectors")
#: Tests that look at the source, start processes or fill time: they kill nothing that others do not kill faster.
LEFT_OUT = ("test_kernel_is_pure.py", "test_kernel_promises.py", "test_price_changes_anywhere.py")
DESELECTED = "not every_process and not fails_the_script"
VALUES = ("test_values_and_their_bounds.py", "test_terms_refuse_with_reasons.py")
FIRST = {name: VALUES for name in ("price", "values", "schema", "charge", "errors", "allowance")}
LAST = ("test_frequency_invariance.py", "test_published_examples.py")
#: Seconds a mutant may take, of a processor and in all: some never end.
CPU_LIMIT, TIME_LIMIT = 25, 600
MEMORY_LIMIT = 3 << 30
FIXED = {"KERNEL_SEED": "20260101", "KERNEL_CASES": "6", "KERNEL_SOAK": "100", "KERNEL_SHRINK": "0"}


class Workshop:
    """Tries mutants one by one in a copy of what they need."""

    def __init__(self, root, folder, seen=None):
        self.folder = Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in COPIED:
            shutil.copytree(Path(root) / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=prepend\n")
        self.tests = sorted(
            path.name for path in (self.folder / "tests/kernel").glob("test_*.py") if path.name not in LEFT_OUT
        )
        self.kills = Counter()
        self.seen = seen or {}

    def look(self):
        """Learn which functions of the kernel each file of tests runs; return {test: places}."""
        self._start()
        for name in self.tests:
            if name not in self.seen:
                note = self.folder / "seen.json"
                self._must_pass([name], seen=note)
                self.seen[name] = [tuple(item) for item in json.loads(note.read_text())]
        return self.seen

    def prepare(self):
        """Compile and load what every trial needs, and see that all tests pass without a mutant."""
        self._start()
        self._must_pass(self.tests)
        sys.path[:0] = [str(self.folder / "tests/kernel"), str(self.folder / "tests/vectors")]
        import kernel_settings  # noqa: F401  (loads the kernel by path)
        import kernel_trials
        import test_stored_charges
        import test_values_and_their_bounds  # noqa: F401

        assert kernel_trials.__file__.startswith(str(self.folder)) and test_stored_charges.STORED
        self.graft = Graft(self.folder / RATING)

    def _must_pass(self, tests, seen=None):
        outcome, told = self._run(tests, seen=seen, compiled=True, limit=1800)
        if outcome != "survived":
            sys.exit(f"the tests fail without any mutant ({outcome}):\n{told}")

    def _start(self):
        """Load what every process needs before it is forked."""
        import hypothesis  # noqa: F401
        import pytest  # noqa: F401

        os.environ.update(FIXED)
        os.chdir(self.folder)

    def _tests_of(self, module, line):
        """Return the tests that run the function around a line, best first; all where it runs at import."""
        around = {item for items in self.seen.values() for item in items if item[0] == module}
        around = {item for item in around if item[1] <= line <= item[2]}
        tests = [name for name in self.tests if not around or around & set(self.seen[name])]
        return sorted(tests, key=lambda name: self._rank(module, name))

    def attempt(self, module, mutant):
        """Return killed, timeout or survived, and the test that killed."""
        path = self.folder / RATING / f"{module}.py"
        source, stamp = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
        changed = source[: mutant["start"]] + mutant["text"] + source[mutant["end"] :]

        def put():
            """Load the mutant, in this process alone where that can be done."""
            if not self.graft.apply(str(path), source, changed):
                path.write_text(changed, encoding="utf-8")
                # A compiled file is recognised by whole seconds and size: no mutant may look like the source.
                os.utime(path, (1, 1))
                forget()
            trials()

        try:
            outcome, told = self._run(self._tests_of(module, mutant["line"]), put=put)
        finally:
            path.write_text(source, encoding="utf-8")
            os.utime(path, ns=(stamp, stamp))
        killer = re.search(r"^(?:FAILED|ERROR) (\S+?)(?: |$)", told, re.MULTILINE)
        if killer:
            self.kills[module, Path(killer[1].split("::")[0]).name] += 1
        return outcome, killer[1] if killer else "the first trials"

    def _rank(self, module, name):
        """Put first what killed mutants of the module before, then what is about it; what takes long comes last."""
        return -self.kills[module, name], name not in FIRST.get(module, ()), module[:6] not in name, name in LAST, name

    def _run(self, tests, seen=None, compiled=False, put=None, limit=TIME_LIMIT):
        """Run some tests in a forked process until one fails."""
        report = self.folder / "report"
        began, child = time.monotonic(), os.fork()
        if not child:
            self._child(tests, report, seen, compiled, put)
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() - began > limit:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return "timeout", ""
            time.sleep(0.02)
        code = os.waitstatus_to_exitcode(status)
        return ("survived" if code == 0 else "killed"), report.read_text(errors="replace")

    def _places(self, functions):
        """Return [(module, first line, last line)] of the kernel's functions among code objects."""
        rating = str(self.folder / RATING)
        return sorted(
            (Path(code.co_filename).stem, code.co_firstlineno, max(line for _s, _e, line in code.co_lines() if line))
            for code in functions
            if code.co_filename.startswith(rating) and code.co_flags & inspect.CO_OPTIMIZED
        )

    def _child(self, tests, report, seen, compiled, put):
        import pytest

        os.setpgid(0, 0)
        sys.dont_write_bytecode = not compiled
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        if put:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
        sink = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        options = ["-x", "-q", "--tb=no", "-rfE", "-p", "no:odoo", "-p", "no:cacheprovider", "-k", DESELECTED]
        code, functions = 3, set()
        if seen:
            sys.setprofile(lambda frame, event, _argument: functions.add(frame.f_code) if event == "call" else None)
        try:
            if put:
                put()
            code = pytest.main([*options, *(f"tests/kernel/{name}" for name in tests)])
            if seen:
                sys.setprofile(None)
                seen.write_text(json.dumps(self._places(functions)))
        except BaseException:  # noqa: BLE001 - whatever a mutant raises, it is killed
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(int(code))


def trials():
    """Try some random charges, the bounds of fields and the stored charges: most mutants are gone after these."""
    import kernel_settings  # noqa: F401  (loads the kernel by path)
    import kernel_trials
    import test_stored_charges
    import test_values_and_their_bounds as bounds

    kernel_trials.run(int(FIXED["KERNEL_SEED"]), 30)
    for cls in bounds.DEFAULTS:
        bounds.test_a_record_of_which_little_is_said(cls)
    for case in bounds.TRIED:
        bounds.test_a_field_takes_its_last_value_and_refuses_the_next(*case)
    for stored in test_stored_charges.STORED:
        assert test_stored_charges.told(stored["terms"], stored["usage"]) == stored


def forget():
    """Forget what was imported of the kernel and its tests: the next import sees the file."""
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None) or ""
        if "/tests/kernel/" in place or "/tests/vectors/" in place or f"/{RATING}/" in place:
            del sys.modules[name]
