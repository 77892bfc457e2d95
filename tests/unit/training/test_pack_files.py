"""Reading packs: rows in order, and one line for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.errors import InputError
from mimica.training.pack_files import stack_packs


def pack(path: Path, start: int, count: int, width: int = 3) -> Path:
    image = np.arange(start, start + count, dtype=np.uint8)[:, None].repeat(width, 1)
    np.savez(path, image=image, identity=np.arange(start, start + count, dtype=np.int32))
    return path


def test_rows_follow_the_order_of_the_files(tmp_path: Path) -> None:
    paths = [pack(tmp_path / "b.npz", 0, 4), pack(tmp_path / "a.npz", 4, 2)]
    arrays = stack_packs(paths, ["image", "identity"])
    np.testing.assert_array_equal(arrays["identity"], np.arange(6))
    np.testing.assert_array_equal(arrays["image"][:, 2], np.arange(6))
    assert arrays["image"].dtype == np.uint8


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.npz", 0, 4)
    with pytest.raises(InputError, match=r"b\.npz: its image has shape \(2, 5\)"):
        stack_packs([whole, pack(tmp_path / "b.npz", 4, 2, width=5)], ["image", "identity"])
    with pytest.raises(InputError, match=r"a\.npz: not a whole pack"):
        stack_packs([whole], ["image", "gaze"])
    cut = tmp_path / "cut.npz"
    cut.write_bytes(whole.read_bytes()[:-200])
    for damaged in (cut, tmp_path / "none.npz"):
        with pytest.raises(InputError, match="not a whole pack"):
            stack_packs([whole, damaged], ["image", "identity"])
