from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.errors import OptOutError, UsageError
from mimica.safety import denylist as module
from mimica.safety import face_embedding
from mimica.safety.denylist import Denylist, check_opt_out, denylist_path, erase, is_enabled

NOW = datetime.now(UTC)


class Columns:
    """Finds a face in every bright column of a picture; its embedding is the column. Same person within 0.5."""

    name = "columns"
    same_person = 0.5

    def embed(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        grey = image.mean(2, dtype=np.float32) / 255
        return [column for column in grey.T if column.max() > 0.5]


def picture(*people: int) -> NDArray[np.uint8]:
    image = np.zeros((8, 4, 3), np.uint8)
    for place, person in enumerate(people):
        image[person, place] = 255
    return image


@pytest.fixture
def listed() -> Denylist:
    return Denylist(Columns(), NOW)


def test_off_until_somebody_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DlibEmbedding", lambda: pytest.fail("nothing may be loaded"))
    check_opt_out(picture(1))
    assert not is_enabled()


def test_who_is_on_it_is_refused_and_others_are_not(listed: Denylist) -> None:
    listed.add(picture(3))
    check_opt_out(picture(2), embedding=Columns())
    check_opt_out((picture(2) * 0.8).astype(np.uint8), embedding=Columns())
    for group in (picture(3), picture(1, 3), (picture(3) * 0.8).astype(np.uint8)):
        with pytest.raises(OptOutError, match=r"photo a\.jpg: shows somebody who asked not to be animated"):
            check_opt_out(group, "photo a.jpg", embedding=Columns())
    assert OptOutError.exit_code == 8


def test_a_face_that_cannot_be_compared_is_refused(listed: Denylist) -> None:
    listed.add(picture(3))
    with pytest.raises(OptOutError, match="no face can be compared"):
        check_opt_out(picture(), embedding=Columns())


def test_one_person_at_a_time_and_not_for_ever(listed: Denylist) -> None:
    for image in (picture(), picture(1, 2)):
        with pytest.raises(UsageError, match="faces that can be compared"):
            listed.add(image)
    with pytest.raises(UsageError, match="give 1 to 1095"):
        listed.add(picture(1), days=1096)
    assert not is_enabled()


def test_an_entry_ends_by_itself_and_is_then_gone_from_disk(listed: Denylist) -> None:
    listed.add(picture(1), days=10)
    listed.add(picture(2), days=20)
    before = denylist_path().stat().st_size
    later = Denylist(Columns(), NOW + timedelta(days=10))
    assert later.match(picture(1)) is None
    assert later.match(picture(2)) is not None
    assert denylist_path().stat().st_size < before
    assert len(Denylist(Columns(), NOW).entries()) == 1  # even for a clock that goes back


def test_remove(listed: Denylist) -> None:
    entry = listed.add(picture(1))
    listed.add(picture(2))
    listed.remove(entry.identifier)
    assert listed.match(picture(1)) is None
    assert listed.match(picture(2)) is not None
    with pytest.raises(UsageError, match="has no entry"):
        listed.remove(entry.identifier)


def test_erase_leaves_nothing(listed: Denylist, own_home: Path) -> None:
    listed.add(picture(1))
    assert erase()
    assert [path for path in own_home.rglob("*") if path.is_file()] == []
    assert not erase()
    check_opt_out(picture(1), embedding=Columns())


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_sealed_at_rest(listed: Denylist, own_home: Path) -> None:
    listed.add(picture(1))
    first = denylist_path().read_bytes()
    assert b"columns" not in first
    assert picture(1).tobytes()[:24] not in first
    listed.add(picture(2))
    assert denylist_path().read_bytes()[:12] != first[:12]  # a nonce is never used twice
    for path in (denylist_path(), own_home / "keys" / "denylist.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [0, 5, 12, 40, -1])
def test_damage_is_a_refusal(listed: Denylist, place: int) -> None:
    listed.add(picture(1))
    content = bytearray(denylist_path().read_bytes())
    content[place] ^= 1
    denylist_path().write_bytes(content)
    with pytest.raises(OptOutError, match=r"cannot be read.*denylist erase"):
        check_opt_out(picture(2), embedding=Columns())


def test_a_lost_key_is_a_refusal(listed: Denylist, own_home: Path) -> None:
    listed.add(picture(1))
    (own_home / "keys" / "denylist.key").unlink()
    with pytest.raises(OptOutError, match="cannot be read"):
        check_opt_out(picture(2), embedding=Columns())


def test_embeddings_of_different_networks_are_never_compared(listed: Denylist) -> None:
    class Other(Columns):
        name = "other"

    listed.add(picture(1))
    with pytest.raises(OptOutError, match="was made with columns, not other"):
        check_opt_out(picture(2), embedding=Other())


def test_without_dlib_an_enabled_list_refuses(listed: Denylist, monkeypatch: pytest.MonkeyPatch) -> None:
    listed.add(picture(1))
    monkeypatch.setattr(face_embedding, "find_spec", lambda name: None)
    with pytest.raises(OptOutError, match=r"pip install 'mimica\[denylist\]'"):
        check_opt_out(picture(2))


def test_a_list_that_was_taken_away_is_no_pass_until_it_is_erased(listed: Denylist) -> None:
    listed.add(picture(3))
    denylist_path().unlink()
    for person in (2, 3):
        with pytest.raises(OptOutError, match=r"cannot be read.*mimica denylist erase"):
            check_opt_out(picture(person), embedding=Columns())
    assert erase()
    check_opt_out(picture(3), embedding=Columns())
