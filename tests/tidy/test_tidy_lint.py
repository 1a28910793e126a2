"""The linters, run as tests: the same script as the commit hooks, the same pins."""

import json
import os
import re
import subprocess

import pytest
from tidy_source import ROOT, files, report, text

TOOL_MISSING = 3


@pytest.mark.parametrize("tool", ["ruff", "format", "pylint", "prettier", "shell"])
def test_the_linter_finds_nothing(tool):
    run = subprocess.run([ROOT / "scripts/lib/lint", tool], cwd=ROOT, capture_output=True, text=True, check=False)
    said = (run.stdout + run.stderr).strip()
    if run.returncode == TOOL_MISSING and not os.environ.get("CI"):
        pytest.skip(said.splitlines()[-1] if said else "the tool is missing")
    assert run.returncode == 0, f"{tool}:\n" + "\n".join(said.splitlines()[-60:])


def test_every_pin_is_exact():
    found = []
    for name in files():
        if name.parts[0] == "requirements" and name.suffix == ".txt":
            lines = [line for line in text(name).splitlines() if line and not line.startswith("#")]
            found += [f"{name}: {line}" for line in lines if "==" not in line.split(";")[0]]
    report(found, "every line of requirements/*.txt has ==:")


def test_npm_packages_are_exact_and_name_no_registry():
    folder = ROOT / "scripts/lib/prettier"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    report([f"{n} {v}" for n, v in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", v)], "exact versions only:")
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    report([name for name, entry in locked.items() if "resolved" in entry], "the lock file names no registry:")


def scripts():
    return [
        name
        for name in files()
        if name.parts[0] in {"scripts", ".ci"}
        and (text(name) or "").startswith(("#!/usr/bin/env bash", "# shellcheck shell=bash"))
    ]


@pytest.mark.parametrize("name", scripts(), ids=str)
def test_shell_scripts_parse(name):
    run = subprocess.run(["bash", "-n", ROOT / name], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    if text(name).startswith("#!"):
        assert os.access(ROOT / name, os.X_OK), f"chmod +x {name}"
