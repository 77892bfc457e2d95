from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mimica.safety.mark.carrier import HIGHEST, LOWEST, TILE_PX, analyse, carriers, fold, parts_per_bit, synthesise


def test_the_layout_never_changes() -> None:
    """A mark written by one version must be read by the next: another layout is another mark."""
    layout = carriers()
    content = layout.frequencies.astype("<i4").tobytes() + layout.signs.astype("i1").tobytes()
    content += layout.is_sync.tobytes() + layout.bits.astype("<i4").tobytes()
    assert hashlib.sha256(content).hexdigest() == "8a788ebe2ca4063429ec32701f32dc91704befd35108e000c885c6fb10cf9a38"


def test_carriers_lie_in_the_ring_and_every_bit_has_several() -> None:
    layout = carriers()
    assert layout.radii.min() >= LOWEST
    assert layout.radii.max() <= HIGHEST
    assert 0.3 < layout.is_sync.mean() < 0.36
    assert parts_per_bit().min() >= 4
    assert (layout.bits[layout.is_sync] == -1).all()


def test_a_tile_gives_its_coefficients_back() -> None:
    coefficients = np.random.default_rng(0).standard_normal((len(carriers().is_sync), 2)).astype(np.float32)
    assert analyse(synthesise(coefficients)) == pytest.approx(coefficients, abs=1e-4)


@pytest.mark.parametrize("tiles", [(1, 1), (4, 4), (7, 4)])
def test_folding_a_repeated_tile_gives_the_tile(tiles: tuple[int, int]) -> None:
    tile = np.random.default_rng(1).standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    assert fold(np.tile(tile, tiles)) == pytest.approx(tile, abs=1e-5)
