"""The sync and the async client have the same names, the same arguments and the same answers."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import typing
from typing import Any

import pytest

from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.client.aio_events import AsyncEvents
from honeyhive_ext.client.aio_sessions import AsyncSessions
from honeyhive_ext.client.events import Events
from honeyhive_ext.client.sessions import Sessions
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.http.sender import AsyncSender, Sender

PLAIN = {"enqueue", "enqueue_update"}  # they wait for nothing, and both clients have the same method
TWINS = [(HoneyHive, AsyncHoneyHive), (Events, AsyncEvents), (Sessions, AsyncSessions), (Sender, AsyncSender)]
ASYNC_ONLY = {"coalesce"}  # threads would have to wait for each other to share a request
RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}


def public(cls: type) -> dict[str, Any]:
    """Return every public method and property, under the name of the sync client."""
    return {
        RENAMED.get(name, name): getattr(cls, name)
        for name in dir(cls)
        if name in {"__init__", *RENAMED, *RENAMED.values()} or not name.startswith("_")
    }


def names_of(module: str) -> dict[str, Any]:
    """Return the names of a module, with those that only type checkers import."""
    names = dict(vars(sys.modules[module]))
    for node in ast.parse(inspect.getsource(sys.modules[module])).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module, "exec"), names)
    return names


def sync_text(annotation: object) -> str:
    """Return an annotation as the sync client would write it."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\bAsync(?=[A-Z])", "", text)
    text = re.sub(r"Awaitable\[(.*)\]", r"\1", text)
    return re.sub(r"\bAsync(Iterable|Iterator) \| ", "", text)


def parameters(function: Any) -> list[tuple[str, str, object, str]]:
    return [
        (p.name, str(p.kind), p.default if p.name != "sleep" else ..., sync_text(p.annotation))
        for p in inspect.signature(function).parameters.values()
        if p.name not in ASYNC_ONLY
    ]


@pytest.mark.parametrize(("sync", "twin"), TWINS, ids=lambda c: c.__name__)
def test_twins_have_the_same_public_names(sync: type, twin: type) -> None:
    assert sorted(public(sync)) == sorted(public(twin))


@pytest.mark.parametrize(("sync", "twin"), TWINS, ids=lambda c: c.__name__)
def test_twins_take_the_same_arguments_and_return_the_same(sync: type, twin: type) -> None:
    theirs = public(twin)
    checked = 0
    for name, method in public(sync).items():
        if not inspect.isfunction(method):
            assert type(method) is type(theirs[name])
            continue
        wanted = [p for p in parameters(method) if "Iterable" not in p[3]]
        assert [p for p in parameters(theirs[name]) if "Iterable" not in p[3]] == wanted, name
        returned = [sync_text(inspect.signature(m).return_annotation) for m in (method, theirs[name])]
        assert returned[0] == returned[1], name
        checked += 1
    assert checked


def test_every_operation_of_the_async_client_is_awaited_or_returns_a_result_to_iterate() -> None:
    for sync, twin in ((Events, AsyncEvents), (Sessions, AsyncSessions)):
        for name, method in public(sync).items():
            if name == "__init__" or not inspect.isfunction(method) or name in PLAIN:
                continue
            other = getattr(twin, name)
            lazy = str(inspect.signature(other).return_annotation).startswith("Async")
            assert not inspect.iscoroutinefunction(method)
            assert inspect.iscoroutinefunction(other) is not lazy, name


def test_no_field_of_the_api_has_the_name_of_an_option() -> None:
    for cls in (Events, Sessions):
        for name, method in public(cls).items():
            if not inspect.isfunction(method):
                continue
            hints = typing.get_type_hints(method, names_of(method.__module__))
            fields = hints.get("fields")
            if fields is None or not hasattr(fields, "__args__"):
                continue
            (table,) = fields.__args__
            options = {p for p in inspect.signature(method).parameters if p != "fields"}
            assert not options & set(table.__annotations__), name


def test_twins_are_documented_alike() -> None:
    for sync, twin in TWINS:
        for name, method in public(sync).items():
            if name.startswith("__"):
                continue
            assert inspect.getdoc(method), f"{sync.__name__}.{name}"
            assert inspect.getdoc(public(twin)[name]), f"{twin.__name__}.{name}"
