"""What every test shares."""

from __future__ import annotations

from hypothesis import settings

# a busy machine is not a bug: no example has a deadline, the run has a timeout
settings.register_profile("mimica", deadline=None)
settings.load_profile("mimica")
