"""Whose request it is: by token, by the page's cookie, or whoever sits at this machine when no tokens are needed.

This module does not know what the owner may see: `jobs` asks for the owner at every step.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from mimica.service.doors import Rates
from mimica.service.parts import Parts, parts_of
from mimica.service.problems import Problem
from mimica.service.tokens import TokenBook, Visitors

COOKIE: Final = "mimica_session"
LOCAL: Final = "local"


class Access:
    """Finds the owner of a request and counts it."""

    def __init__(self, book: TokenBook | None, visitors: Visitors, rates: Rates) -> None:
        """book: None when no tokens are needed."""
        self.book, self.visitors, self._rates = book, visitors, rates
        self._guesses = Rates(0.2, 10)  # wrong tokens from one address

    async def owner(self, request: Request) -> str:
        """Raises Problem 401 for a stranger, 429 for one who is too fast."""
        owner = LOCAL if self.book is None else await self._named(request, self.book)
        self._rates.take(owner)
        return owner

    def check_token(self, request: Request, token: str) -> str:
        """Whose token this is. Raises Problem 401, or 429 after many wrong ones."""
        owner = None if self.book is None else self.book.owner(token)
        if owner is None:
            self._guesses.take(_address(request))
            raise _stranger("this token opens nothing here")
        return owner

    async def _named(self, request: Request, book: TokenBook) -> str:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if token:
            if kind.lower() != "bearer":
                raise _stranger("send the token as 'Authorization: Bearer TOKEN'")
            return self.check_token(request, token.strip())
        cookie = request.cookies.get(COOKIE)
        owner = await run_in_threadpool(self.visitors.owner, cookie) if cookie else None
        if owner is None or owner not in book.tokens:  # a token that was taken back closes its pages too
            raise _stranger("this service needs a token; send it as 'Authorization: Bearer TOKEN'")
        return owner


async def find_owner(request: Request, parts: Annotated[Parts, Depends(parts_of)]) -> str:
    """The owner, as a dependency of routes."""
    return await parts.access.owner(request)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _stranger(why: str) -> Problem:
    return Problem(401, "token-needed", why, headers={"WWW-Authenticate": "Bearer"})
