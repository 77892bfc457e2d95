"""Lets the tests beside this file import the driver made of numbers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "animation"))
