"""Prepare, encode, retarget, render, compose: a photo performs what a driver does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimica.animation.animator import Animator
    from mimica.animation.driver import Driver
    from mimica.animation.production import animate

_HOME = {"Animator": "animator", "Driver": "driver", "animate": "production"}

__all__ = ["Animator", "Driver", "animate"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mimica.animation' has no attribute {name!r}")
    value = getattr(import_module(f"mimica.animation.{_HOME[name]}"), name)
    globals()[name] = value
    return value
