"""What every test shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# a busy machine is not a bug: no example has a deadline, the run has a timeout
settings.register_profile("mimica", deadline=None)
settings.load_profile("mimica")


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the ledger or the keys of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIMICA_HOME", str(tmp_path_factory.mktemp("home")))
        yield
