from __future__ import annotations

import pytest

from mimica.cli.extras import extra
from mimica.errors import UsageError


def test_a_missing_package_names_the_extra() -> None:
    with (
        pytest.raises(UsageError, match=r"needs the package 'torch'.*pip install 'mimica\[train\]'"),
        extra("train", "train"),
    ):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")


def test_a_missing_module_of_ours_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), extra("train", "train"):
        raise ModuleNotFoundError("No module named 'mimica.x'", name="mimica.x")
