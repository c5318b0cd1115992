"""Where the project lies."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
CONFIG_DIRECTORY = ROOT / "conf"
