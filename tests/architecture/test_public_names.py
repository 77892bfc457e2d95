"""The public names are a promise: changing this list is changing the interface."""

from __future__ import annotations

import inspect

import mimica
import mimica.errors as errors

PUBLIC = {
    "AnimationReport",
    "Animator",
    "ConsentError",
    "DeviceError",
    "EditReport",
    "FaceChoiceError",
    "InputError",
    "Interrupted",
    "MediaError",
    "MimicaError",
    "NoFaceError",
    "OutputError",
    "Progress",
    "Timeline",
    "UnreadableMediaError",
    "UsageError",
    "Verification",
    "WeightsError",
    "__version__",
    "animate",
    "edit",
    "verify",
}
EXIT_CODES = {
    "MimicaError": 1,
    "InputError": 2,
    "UsageError": 2,
    "ConsentError": 2,
    "ReceiptError": 2,
    "MalformedReceipt": 2,
    "ForbiddenAlgorithm": 2,
    "TamperedReceipt": 2,
    "UnknownGrantor": 2,
    "ExpiredReceipt": 2,
    "RevokedReceipt": 2,
    "WrongPortrait": 2,
    "WrongDriver": 2,
    "WrongPurpose": 2,
    "MediaError": 3,
    "UnreadableMediaError": 3,
    "NoFaceError": 4,
    "FaceChoiceError": 4,
    "OutputError": 5,
    "WeightsError": 6,
    "DeviceError": 7,
    "RefusalError": 8,
    "GateError": 8,
    "OptOutError": 8,
    "LedgerError": 9,
    "Interrupted": 130,
}


def test_the_public_names_are_these() -> None:
    assert set(mimica.__all__) == PUBLIC
    assert set(dir(mimica)) >= PUBLIC


def test_every_public_name_resolves() -> None:
    for name in PUBLIC:
        assert getattr(mimica, name) is not None


def test_the_signature_of_animate() -> None:
    assert list(inspect.signature(mimica.animate).parameters) == [
        "photo", "driving", "out", "consent", "receipt", "framing", "motion", "expression", "pose", "gaze", "face",
        "crf", "device", "audio", "overwrite", "purpose", "label", "signing", "progress", "animator", "preview",
        "drivers", "keep", "audio_from",
        "timeline", "actor", "parts", "box", "resume",
    ]  # fmt: skip


def test_every_error_has_its_exit_code() -> None:
    tree = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
    assert {name: kind.exit_code for name, kind in tree.items()} == EXIT_CODES
    assert all(issubclass(kind, mimica.MimicaError) for kind in tree.values())


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(mimica, "animaet")
