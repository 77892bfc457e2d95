"""Habits that a syntax tree can hold: no code from data, no bare except, every module says what it is."""

from __future__ import annotations

import ast

import pytest
from sources import trees

FORBIDDEN_CALLS = {"eval", "exec", "compile"}


def calls(path: str) -> list[ast.Call]:
    return [node for node in ast.walk(trees()[path]) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str, object]:
    return {word.arg: word.value.value for word in call.keywords if word.arg and isinstance(word.value, ast.Constant)}


@pytest.mark.parametrize("path", sorted(trees()))
def test_no_data_becomes_code(path: str) -> None:
    for call in calls(path):
        if isinstance(call.func, ast.Name):
            assert call.func.id not in FORBIDDEN_CALLS, f"{path}:{call.lineno}"
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            owner, name = call.func.value.id, call.func.attr
            if (owner, name) == ("torch", "load"):
                assert keywords(call).get("weights_only") is True, f"{path}:{call.lineno} torch.load runs pickles"
            if (owner, name) == ("np", "load"):
                assert keywords(call).get("allow_pickle") is not True, f"{path}:{call.lineno} np.load runs pickles"


@pytest.mark.parametrize("path", sorted(trees()))
def test_no_bare_except(path: str) -> None:
    bare = [node for node in ast.walk(trees()[path]) if isinstance(node, ast.ExceptHandler) and node.type is None]
    assert not bare


@pytest.mark.parametrize("path", sorted(trees()))
def test_every_module_has_a_docstring(path: str) -> None:
    assert ast.get_docstring(trees()[path]), f"{path} does not say what it is"


@pytest.mark.parametrize("path", sorted(trees()))
def test_no_file_grows_into_a_smell(path: str) -> None:
    last = max((node.end_lineno or 0 for node in trees()[path].body), default=0)
    assert last <= 500, f"{path} has {last} lines: split it"
