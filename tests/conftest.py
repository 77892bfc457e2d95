"""What every test shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is not a bug: no example has a deadline, the run has a timeout; and what passed once passes again:
# every run tries the same examples (`--hypothesis-profile=search` tries others, and many more)
settings.register_profile(
    "mimica", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("mimica"), derandomize=False, max_examples=2000)
settings.load_profile("mimica")


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the ledger or the keys of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIMICA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A machine that stood still for some seconds has not met a hostile file; tests of the limits give their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIMICA_LIMIT_SENTRY_S", "300")
        patch.setenv("MIMICA_LIMIT_STALL_S", "300")
        yield
