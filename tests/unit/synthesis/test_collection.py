"""Folders of photos and of fitted portraits: who is in, who is left out, what goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimica.errors import InputError
from mimica.synthesis.collection import fit_photos, fitted_portraits


class Untouched:
    """A teacher and a fitter that must not be asked."""

    def __getattr__(self, name: str) -> None:
        raise AssertionError(name)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("anna.jpg", "berta.PNG", "notes.txt"):
        (folder / name).write_bytes(b"")
    return folder


def outcomes(photos: Path, out: Path, exclude: frozenset[str]) -> list[tuple[str, bool]]:
    fits = fit_photos(
        photos, out, Untouched(), Untouched(), source="s", licence="MIT", consent="fictional", exclude=exclude
    )  # type: ignore[arg-type]
    return [(fit.photo.name, fit.path is not None) for fit in fits]


def test_excluded_photos_are_not_even_looked_at(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "fitted").mkdir()
    (tmp_path / "fitted" / "berta.npz").write_bytes(b"")
    assert outcomes(photos, tmp_path / "fitted", frozenset({"anna"})) == [("berta.PNG", True)]


def test_photos_that_cannot_be_read_are_told(photos: Path, tmp_path: Path) -> None:
    assert outcomes(photos, tmp_path / "fitted", frozenset()) == [("anna.jpg", False), ("berta.PNG", False)]
    assert not list((tmp_path / "fitted").glob("*.npz"))


def test_nobody_left_is_an_error(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exclude fewer"):
        outcomes(photos, tmp_path / "fitted", frozenset({"anna", "berta"}))
    for name in ("a", "b"):
        (tmp_path / f"{name}.npz").write_bytes(b"")
    assert [path.stem for path in fitted_portraits(tmp_path, frozenset({"a"}))] == ["b"]
    with pytest.raises(InputError, match="exclude fewer"):
        fitted_portraits(tmp_path, frozenset({"a", "b"}))
