"""The errors a user can meet: each names the input, the cause and the remedy in one line.

::

    MimicaError                    1   anything below; never raised itself
    ├── InputError                 2   what was asked cannot be done as asked
    │   ├── UsageError             2   an option or a combination of options is wrong
    │   └── ConsentError           2   no valid basis of consent; nothing was computed
    │       └── ReceiptError       2   a receipt of consent does not hold; its kinds say why:
    │           ├── MalformedReceipt      not a receipt at all, or not in the form that we sign
    │           ├── ForbiddenAlgorithm    signed by "none", HS256 or anything but Ed25519
    │           ├── TamperedReceipt       the signature does not fit what is written
    │           ├── UnknownGrantor        signed by a key that this machine does not trust
    │           ├── ExpiredReceipt        its time is over, or has not come yet
    │           ├── RevokedReceipt        the person took it back
    │           ├── WrongPortrait         it is about another picture
    │           ├── WrongDriver           it does not allow this driving video
    │           └── WrongPurpose          it does not allow this use
    ├── MediaError                 3   a photo or a video is not usable
    │   ├── UnreadableMediaError   3   missing, empty, truncated, too large, or not what its name says
    │   ├── NoFaceError            4   no face was found where one is needed
    │   └── FaceChoiceError        4   the face that was asked for is not there
    ├── OutputError                5   the result cannot be written
    ├── WeightsError               6   weights are missing, damaged or of another version
    ├── DeviceError                7   the asked device is not available here
    ├── RefusalError               8   Mimica will not make this
    │   ├── GateError              8   intimate content, or the check for it cannot run
    │   └── OptOutError            8   the person asked not to be animated, or that check cannot run
    ├── LedgerError                9   the ledger cannot be written, read or believed
    └── Interrupted              130   the user stopped the work

The number is the exit code of the command line (docs/reference/exit-codes.md). This module does not know how an
error is shown: that is ``mimica.cli``.
"""

from __future__ import annotations

from typing import ClassVar


class MimicaError(Exception):
    """Base of every error that Mimica raises on purpose; the message is one line for a person."""

    exit_code: ClassVar[int] = 1


class InputError(MimicaError):
    """What was asked cannot be done as asked."""

    exit_code = 2


class UsageError(InputError):
    """An option, or a combination of options, is wrong."""


class ConsentError(InputError):
    """No valid basis of consent was given, so nothing was computed."""


class ReceiptError(ConsentError):
    """A receipt of consent does not hold."""


class MalformedReceipt(ReceiptError):
    """The file is not a receipt, or not in the form that Mimica signs."""


class ForbiddenAlgorithm(ReceiptError):
    """The receipt names another algorithm than Ed25519: "none" and shared secrets prove nothing."""


class TamperedReceipt(ReceiptError):
    """The signature does not fit what is written."""


class UnknownGrantor(ReceiptError):
    """The receipt is signed by a key that this machine does not trust."""


class ExpiredReceipt(ReceiptError):
    """The receipt's time is over, or has not come yet."""


class RevokedReceipt(ReceiptError):
    """The person took the consent back."""


class WrongPortrait(ReceiptError):
    """The receipt is about another picture."""


class WrongDriver(ReceiptError):
    """The receipt does not allow this driving video."""


class WrongPurpose(ReceiptError):
    """The receipt does not allow this use."""


class MediaError(MimicaError):
    """A photo or a video is not usable."""

    exit_code = 3


class UnreadableMediaError(MediaError):
    """A file is missing, empty, truncated, too large, or not what its name says."""


class NoFaceError(MediaError):
    """No face was found where one is needed."""

    exit_code = 4


class FaceChoiceError(MediaError):
    """The face that was asked for is not there."""

    exit_code = 4


class OutputError(MimicaError):
    """The result cannot be written: folder, permission, space or an existing file."""

    exit_code = 5


class WeightsError(MimicaError):
    """Weights are missing, damaged or of another version than this code."""

    exit_code = 6


class DeviceError(MimicaError):
    """The asked device is not available on this machine."""

    exit_code = 7


class RefusalError(MimicaError):
    """Mimica will not make this; nothing was written."""

    exit_code = 8


class GateError(RefusalError):
    """The picture or a frame looks intimate, or the check for it cannot run: then the answer is no as well."""


class OptOutError(RefusalError):
    """The person in the picture asked not to be animated, or the check for it was asked for and cannot run."""


class LedgerError(MimicaError):
    """The ledger cannot be written, read or believed; without it nothing is made."""

    exit_code = 9


class Interrupted(MimicaError):
    """The user stopped the work; nothing half-written is left."""

    exit_code = 130
