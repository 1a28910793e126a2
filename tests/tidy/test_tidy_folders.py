"""Each folder that owns something says what it owns."""

from collections import Counter

import pytest
from tidy_source import PURE_FOLDERS, ROOT, python_files, report

EXPLAINED = (*PURE_FOLDERS, "scripts", "tests", "docs", "docker", "requirements")


@pytest.mark.parametrize("folder", EXPLAINED)
def test_the_folder_has_a_readme(folder):
    if not (ROOT / folder).is_dir():
        pytest.skip(f"{folder} is not here yet")
    assert (ROOT / folder / "README.md").is_file(), f"{folder}/README.md says what the folder owns; it is missing"


def test_test_modules_have_names_of_their_own():
    """Folders of plain tests are no packages, so two modules of one name would shadow each other."""
    plain = [name for name in python_files("tests") if not (ROOT / name.parent / "__init__.py").exists()]
    count = Counter(name.name for name in plain if name.name != "conftest.py")
    report(
        [str(name) for name in plain if count[name.name] > 1],
        "two test modules share a name; rename one:",
    )
