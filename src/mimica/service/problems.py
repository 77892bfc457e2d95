"""Errors as the interface tells them: RFC 9457 problem details, with Mimica's one line and its exit code.

This module does not know which error happens where.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.responses import JSONResponse

from mimica.errors import MimicaError

MEDIA_TYPE: Final = "application/problem+json"
UNREADABLE: Final = 422

STATUS_OF_EXIT_CODE: Final = {2: 422, 3: 422, 4: 422, 8: 403}
"""What a person can change is a 4xx; all other codes are ours, 500."""


class Problem(Exception):
    """A request that is not done. kind: the last part of its type, which names it for programs."""

    def __init__(
        self, status: int, kind: str, detail: str, *, exit_code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.kind, self.detail, self.exit_code = status, kind, detail, exit_code
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: MimicaError, folder: Path | None = None) -> Problem:
        """An error of Mimica, without the server's folders in its words."""
        kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)
        code = error.exit_code
        words = public_words(error, folder)
        return cls(STATUS_OF_EXIT_CODE.get(code, 500), kind.strip("-").removesuffix("-error"), words, exit_code=code)

    def as_dict(self) -> dict[str, Any]:
        """The members of RFC 9457; `exit_code` is that of the command line where there is one."""
        members: dict[str, Any] = {
            "type": f"urn:mimica:problem:{self.kind}", "title": HTTPStatus(self.status).phrase,
            "status": self.status, "detail": self.detail,
        }  # fmt: skip
        return members if self.exit_code is None else members | {"exit_code": self.exit_code}

    def response(self) -> JSONResponse:
        """The answer to send."""
        return JSONResponse(self.as_dict(), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def public_words(error: BaseException, folder: Path | None) -> str:
    """The message of an error on one line; files are named as in their job, not by the server's folders."""
    text = str(error)
    if folder is not None:
        for shown in (str(folder), str(folder.resolve()), folder.as_posix()):
            text = text.replace(f"{shown}/", "").replace(f"{shown}\\", "").replace(shown, "the service's folder")
    return " ".join(text.split())
