"""No repr raises: a traceback that shows local variables would end in it."""

from __future__ import annotations

import pkgutil
import traceback
from importlib import import_module
from typing import Any

import honeyhive_client
import honeyhive_schemas
import msgspec
import pytest
from honeyhive_client.errors import MalformedResponse
from honeyhive_client.models import CreateEventRequest, CreateEventResponse, Event, SearchEventsResponse
from honeyhive_client.types import read_json

import honeyhive_ext
from honeyhive_ext.filters.condition import AllOf, Filter
from honeyhive_ext.tracing import SpanOptions


class Unshowable:
    """What an application can put into an event."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def classes() -> list[type]:
    found: dict[str, type] = {}
    for package in (honeyhive_client, honeyhive_schemas):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and value.__module__.startswith(package.__name__):
                    found[f"{value.__module__}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__qualname__)
def test_an_object_that_is_only_half_made_has_a_repr(kind: Any) -> None:
    if issubclass(kind, BaseException | msgspec.Struct) or getattr(kind, "_is_protocol", False):
        return  # a struct is never half made
    try:
        made = object.__new__(kind)
    except TypeError:  # an int or a tuple
        made = kind.__new__(kind, *([None] * len(getattr(kind, "_fields", ()))))
    assert kind.__qualname__ in repr(made) or repr(made) in ("UNSET",) or issubclass(kind, tuple | dict)


def test_a_traceback_with_locals_shows_the_model_that_an_answer_could_not_fill() -> None:
    with pytest.raises(MalformedResponse) as caught:
        read_json(200, b'{"event_id": "e1"}', CreateEventResponse.from_dict)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "CreateEventResponse(success=<not set>, event_id=<not set>" in shown


def test_what_has_no_repr_is_named_by_its_type() -> None:
    event = CreateEventRequest(event_type="tool", inputs={"a": Unshowable()})
    assert "inputs=<dict without a repr: RuntimeError>" in repr(event)


def test_models_within_themselves_or_very_deep_have_a_repr() -> None:
    deep: Any = "end"
    for _ in range(100_000):
        deep = [deep]
    event = Event.from_dict({"metadata": {"deep": deep}})
    assert "metadata=<dict without a repr: RecursionError>" in repr(event)
    page = SearchEventsResponse.from_dict({"events": [{}], "count": 1})
    page.events[0].inputs = {"again": page, "and": page}
    assert len(repr(page)) < 10_000


def public() -> list[type]:
    named = [getattr(honeyhive_ext, name) for name in honeyhive_ext.__all__]
    rooms = ("batch", "local", "observe", "tracing", "background", "search", "results", "filters")
    modules = [import_module(f"honeyhive_ext.{room}") for room in rooms]
    named += [getattr(module, name, None) for module in modules for name in getattr(module, "__all__", ())]
    return sorted({kind for kind in named if isinstance(kind, type)}, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", public(), ids=lambda kind: kind.__qualname__)
def test_a_public_object_that_is_only_half_made_has_a_repr(kind: Any) -> None:
    if issubclass(kind, BaseException | msgspec.Struct | tuple | dict | int | str):
        return
    assert repr(object.__new__(kind))


def test_values_of_the_application_without_a_repr_do_not_end_ours() -> None:
    odd: Any = Unshowable()
    for made in (
        SpanOptions(capture_inputs=odd),
        Filter(("a",), "is", odd),
        AllOf((Filter(("a",), "is", odd),)),
    ):
        assert "without a repr" in repr(made)
