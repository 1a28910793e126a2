"""The files of docker/, read for the tests."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"


def compose():
    return yaml.safe_load((DOCKER / "compose.yml").read_text())


def variables(name):
    """Give the variables an env file sets."""
    lines = [line for line in (DOCKER / name).read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def pins(path):
    """Give {package: [lines]} of a requirements file."""
    found = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            found.setdefault(line.split("==")[0].lower(), []).append(line)
    return found
