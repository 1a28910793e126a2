"""The project names no machine: no home folder, no mirror, no registry."""

import re

from tidy_source import files, report, text

# Written in pieces so that this file does not name them either.
HOSTS = [
    "registry" + r"\.npmjs\.org",
    "registry" + r"\.yarnpkg\.com",
    "pypi" + r"\.(org|python\.org)",
    "files" + r"\.pythonhosted\.org",
    r"(deb|ftp|httpredir|security|snapshot)" + r"\.([a-z]{2}\.)?debian\.org",
    "archive" + r"\.ubuntu\.com",
    "nightly" + r"\.odoo\.com",
]
PATHS = [
    r"(?<![\w.$}])/" + r"home/[a-z]\w*",
    r"(?<![\w.$}])/" + r"root/\w",
    r"(?<![\w.$}])/" + r"Users/\w",
    r"(?<![\w.$}])/" + r"work/\w",
    r"\b[A-Z]:\\" + r"Users",
]
# Published texts are quoted as they were published.
QUOTED = ("tests/vectors/", "LICENSE")


def matches(patterns):
    wanted = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    for name in files():
        content = text(name)
        if content is None or str(name).startswith(QUOTED):
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if found := wanted.search(line):
                yield f"{name}:{number} {found.group()}"


def test_no_file_names_a_registry_or_a_mirror():
    report(matches(HOSTS), "where packages come from is the machine's configuration, not ours:")


def test_no_file_names_a_path_of_somebodys_machine():
    report(matches(PATHS), "paths are relative to the checkout:")
