"""The service: the page and the REST interface of `mimica serve`, its jobs on disk and its workers.

    >>> from mimica.service import ServiceSettings, create_app  # doctest: +SKIP
    >>> app = create_app(ServiceSettings(data=Path("service-data")))  # any ASGI server runs it  # doctest: +SKIP

Importing this package loads nothing: each name is fetched when it is first used. It needs the extra `serve`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimica.service.app import create_app
    from mimica.service.settings import ServiceSettings

_HOME = {"create_app": "app", "ServiceSettings": "settings"}

__all__ = ["ServiceSettings", "create_app"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mimica.service' has no attribute {name!r}")
    value = getattr(import_module(f"mimica.service.{_HOME[name]}"), name)
    globals()[name] = value
    return value
