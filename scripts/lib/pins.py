"""Compare installed packages with the pins: one line per difference, exit code 1 when there is one."""

import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def differences(path):
    """Give (name, pinned, installed or None) for each pin of the file that applies here and is not met."""
    for line in Path(path).read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        pin = Requirement(line)
        if pin.marker and not pin.marker.evaluate():
            continue
        try:
            installed = metadata.version(pin.name)
        except metadata.PackageNotFoundError:
            installed = None
        if installed is None or not pin.specifier.contains(installed, prereleases=True):
            yield pin.name, str(pin.specifier), installed


if __name__ == "__main__":
    found = [difference for path in sys.argv[1:] for difference in differences(path)]
    for name, pinned, installed in found:
        sys.stdout.write(f"{name}: pinned {pinned}, installed {installed or 'not at all'}\n")
    sys.exit(bool(found))
