from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mimica
from mimica.cli.main import run
from mimica.errors import ConsentError, InputError, WrongPortrait, WrongPurpose
from mimica.safety.forgetting import affected_weights, forget
from mimica.safety.perceptual_hash import portrait_print
from mimica.safety.receipts import sign_receipt
from mimica.safety.training_rights import audit, read_ledger, training_consent

WEIGHTS = Path(mimica.__file__).parent / "weights"
RIGHTS = {"source": "somewhere:a.jpg", "licence": "CC0-1.0", "consent": "fictional"}


def tar_dataset(folder: Path) -> Path:
    """Two shards of three groups; "anna" and "bert" in every group."""
    folder.mkdir(parents=True)
    rows = []
    for shard in range(2):
        with tarfile.open(folder / f"shard-0000{shard}.tar", "w") as archive:
            for group in range(3):
                for person, name in enumerate(("anna", "bert")):
                    key = f"{3 * shard + group:07d}-{person:02d}-000"
                    for ending in ("target.jpg", "truth.npz"):
                        member = tarfile.TarInfo(f"{key}.{ending}")
                        content = f"{name} {ending}".encode()
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
                    rows.append({"key": key, "shard": f"shard-0000{shard}.tar", "portrait": name, **RIGHTS})
    write(folder / "ledger.jsonl", rows)
    (folder / "dataset.json").write_text(json.dumps({"portraits": ["anna", "bert"]}))
    return folder


def npz_dataset(folder: Path, samples: tuple[int, ...] = (3, 2, 4)) -> Path:
    """One pack: anna, bert, and bert morphed towards anna."""
    folder.mkdir(parents=True)
    total = sum(samples)
    np.savez(folder / "motion-00000.npz", image=np.arange(total), identity=np.arange(total) * 10)
    rows = [
        {"pack": "motion-00000.npz", "portrait": name, "towards": towards, "samples": count, **RIGHTS}
        | ({} if towards is None else {"towards_rights": RIGHTS})
        for (name, towards), count in zip([("anna", None), ("bert", None), ("bert", "anna")], samples, strict=True)
    ]
    write(folder / "ledger.jsonl", rows)
    write(folder / "motion-00000.jsonl", rows)
    return folder


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def members(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return [f"{name}={archive.extractfile(name).read().decode()}" for name in archive.getnames()]  # type: ignore[union-attr]


def test_what_the_shipped_weights_were_trained_on_is_licensed() -> None:
    found = audit(WEIGHTS)
    assert found.offenders == ()
    assert found.portraits == 772
    assert set(found.licences) == {"MIT", "CC0-1.0"}


def test_every_shipped_network_says_on_whom_it_was_trained() -> None:
    trained, measured, unknown = affected_weights("0001", WEIGHTS)
    assert "motion_encoder" in trained
    assert "rig_field" not in trained  # it saw the rig only
    assert measured == unknown == ()
    assert "motion_encoder" in affected_weights("0008", WEIGHTS)[1]  # held out: measured, not trained
    assert affected_weights("nobody", WEIGHTS) == ((), (), ())


@pytest.mark.parametrize("make", [tar_dataset, npz_dataset])
def test_a_licensed_data_set(make: Any, tmp_path: Path) -> None:
    found = audit(make(tmp_path / "data"))
    assert found.offenders == ()
    assert found.portraits == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": ""}, "has no source"),
        ({"licence": None}, "has no licence"),
        ({"licence": "CC-BY-NC-4.0"}, "licence CC-BY-NC-4.0 does not allow"),
        ({"consent": ""}, "has no consent"),
        ({"consent": "self"}, "consent 'self' is none"),
        ({"consent": "receipt"}, "consent 'receipt' is none"),
        ({"consent": "fictional:ab"}, "is none"),
        ({"consent": "receipt:" + "ab" * 32}, "its receipt is not at hand"),
        ({"portrait": ""}, "names no portrait"),
        ({"towards": "carl"}, "morphed towards carl: has no source"),
        ({"key": "0000009-00-000"}, "is in the data but not in the ledger"),
    ],
)
def test_every_gap_is_an_offender(change: dict[str, object], problem: str, tmp_path: Path) -> None:
    folder = tar_dataset(tmp_path / "data")
    rows = read_ledger(folder)
    rows[2] |= change
    write(folder / "ledger.jsonl", rows)
    assert problem in "; ".join(offender.problem for offender in audit(folder).offenders)


def test_a_shard_that_nobody_wrote_down(tmp_path: Path) -> None:
    folder = npz_dataset(tmp_path / "data")
    np.savez(folder / "more.npz", image=np.zeros(3))
    assert [offender.item for offender in audit(folder).offenders] == ["more.npz"]


def test_no_ledger_no_training(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no ledger\.jsonl"):
        audit(tmp_path)
    for content in ("", "{", "[1]\n"):
        (tmp_path / "ledger.jsonl").write_text(content)
        with pytest.raises(InputError, match="ledger"):
            audit(tmp_path)


def test_a_receipt_allows_training_until_it_is_revoked(alice: Any, tmp_path: Path) -> None:
    from mimica.safety import revocation

    photo, image = tmp_path / "anna.jpg", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    photo.write_bytes(b"a photo")
    terms = replace(alice.terms, portrait=portrait_print(photo, image), identifier="0f" * 16)
    receipt = photo.with_suffix(".jws")
    receipt.write_text(sign_receipt(terms, alice.key))
    with pytest.raises(WrongPurpose, match="does not allow training"):
        training_consent("receipt", photo, image)
    receipt.write_text(sign_receipt(replace(terms, training=True), alice.key))
    consent = training_consent("receipt", photo, image)
    photo.write_bytes(b"another photo")
    with pytest.raises(WrongPortrait):
        training_consent("receipt", photo, 255 - image)
    folder = tar_dataset(tmp_path / "data")
    write(folder / "ledger.jsonl", [row | {"consent": consent} for row in read_ledger(folder)])
    assert audit(folder, tmp_path).offenders == ()
    assert len(audit(folder).offenders) == 12  # no receipts at hand
    revocation.revoke(terms.identifier)
    assert len(audit(folder, tmp_path).offenders) == 12


def test_other_grounds_for_training(tmp_path: Path) -> None:
    nothing = np.zeros((8, 8, 3), np.uint8)
    assert training_consent("fictional", tmp_path / "a.jpg", nothing) == "fictional"
    with pytest.raises(ConsentError, match="is no consent to training"):
        training_consent("self", tmp_path / "a.jpg", nothing)


def test_forgetting_rewrites_shards(tmp_path: Path) -> None:
    folder = tar_dataset(tmp_path / "data")
    fitted = tmp_path / "prepared" / "fitted" / "anna.npz"
    fitted.parent.mkdir(parents=True)
    fitted.touch()
    before = members(folder / "shard-00001.tar")
    done = forget(folder, "anna", WEIGHTS)
    assert done.items == 6
    assert done.rewritten == ("shard-00000.tar", "shard-00001.tar")
    assert done.trained == ()
    assert members(folder / "shard-00001.tar") == [text for text in before if "bert" in text]
    assert not fitted.exists()
    assert {row["portrait"] for row in read_ledger(folder)} == {"bert"}
    assert json.loads((folder / "dataset.json").read_text())["portraits"] == ["bert"]
    assert audit(folder).offenders == ()
    assert not list(folder.glob("*.part"))
    with pytest.raises(InputError, match="no portrait is called 'anna'"):
        forget(folder, "anna", WEIGHTS)


def test_forgetting_takes_morphs_out_of_packs_too(tmp_path: Path) -> None:
    folder = npz_dataset(tmp_path / "data")
    done = forget(folder, "anna", WEIGHTS)
    assert (done.items, done.rewritten, done.deleted) == (2, ("motion-00000.npz",), ())
    with np.load(folder / "motion-00000.npz") as pack:
        assert pack["image"].tolist() == [3, 4]  # bert's own two
        assert pack["identity"].tolist() == [30, 40]
    assert [row["towards"] for row in read_ledger(folder)] == [None]


@pytest.mark.parametrize("samples", [(9, 0, 0), (3, 2, 3)])
def test_a_pack_that_cannot_be_told_apart_goes_whole(samples: tuple[int, ...], tmp_path: Path) -> None:
    folder = npz_dataset(tmp_path / "data", samples)
    if samples == (3, 2, 3):
        np.savez(folder / "motion-00000.npz", image=np.arange(9))  # more than the ledger says
    done = forget(folder, "anna", WEIGHTS)
    assert done.deleted == ("motion-00000.npz",)
    assert not (folder / "motion-00000.npz").exists()
    assert (folder / "ledger.jsonl").read_text() == ""


def test_forgetting_lists_the_weights_that_saw_the_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tar_dataset(tmp_path / "data")
    write(folder / "ledger.jsonl", [row | {"portrait": "0001"} for row in read_ledger(folder)])
    assert run(["data", "forget", "0001", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "12 rows removed" in told
    assert "motion_encoder" in told


def test_weights_cannot_forget() -> None:
    before = (WEIGHTS / "ledger.jsonl").read_bytes()
    with pytest.raises(InputError, match="weights cannot forget"):
        forget(WEIGHTS, "0001", WEIGHTS)
    assert (WEIGHTS / "ledger.jsonl").read_bytes() == before


def test_the_audit_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tar_dataset(tmp_path / "data")
    assert run(["data", "audit", str(folder)]) == 0
    assert "all may be trained on" in capsys.readouterr().out
    write(folder / "ledger.jsonl", [row | {"licence": ""} for row in read_ledger(folder)])
    assert run(["data", "audit", str(folder)]) == 1
    assert "0000000-00-000: has no licence" in capsys.readouterr().out
    assert run(["data", "audit", str(folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["licensed"]
    assert len(told["offenders"]) == 12
    assert run(["data", "audit", str(tmp_path / "none")]) == 2
