"""Pydantic models become their own JSON, with the fields of subclasses, and lose no value."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from datetime import date
from ipaddress import IPv4Address
from typing import Annotated, Any, Generic, TypeVar

import attrs
import numpy
import pydantic
import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, RootModel, SecretStr, field_serializer
from typing_extensions import TypedDict

from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.to_builtins import to_builtins

T = TypeVar("T")


class Message(BaseModel):
    role: str


class Call(Message):
    tools: list[str]


class Messages(BaseModel):
    v: list[Message]


class One(BaseModel):
    v: Message | None = None


class Named(BaseModel):
    v: dict[str, Message]


class Box(BaseModel, Generic[T]):
    v: T


class Root(RootModel[list[Message]]):
    pass


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Typed(TypedDict):
    v: Message


class InTyped(BaseModel):
    v: Typed


@dataclasses.dataclass
class Plain:
    v: Any


@attrs.define
class Attrs:
    v: Any


@pydantic.dataclasses.dataclass
class Checked:
    v: Message
    url: HttpUrl = HttpUrl("https://a.test/")


call = Call(role="assistant", tools=["search"])
WRITTEN = {"role": "assistant", "tools": ["search"]}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (call, WRITTEN),
        (Messages(v=[call]), {"v": [WRITTEN]}),
        (One(v=call), {"v": WRITTEN}),
        (Named(v={"a": call}), {"v": {"a": WRITTEN}}),
        (Box[Message](v=call), {"v": WRITTEN}),
        (Box[Any](v=[call, {"a": call}]), {"v": [WRITTEN, {"a": WRITTEN}]}),
        (Box[Messages](v=Messages(v=[call])), {"v": {"v": [WRITTEN]}}),
        (Root([call]), [WRITTEN]),
        (Open(v=call), {"v": WRITTEN}),
        (InTyped(v={"v": call}), {"v": {"v": WRITTEN}}),
        ([call, {"a": (call,)}], [WRITTEN, {"a": [WRITTEN]}]),
        (Plain(Messages(v=[call])), {"v": {"v": [WRITTEN]}}),
        (Attrs(call), {"v": WRITTEN}),
        (Checked(call), {"v": WRITTEN, "url": "https://a.test/"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_fields_of_subclasses_are_written_wherever_the_model_is(value: Any, written: Any) -> None:
    assert to_builtins(value) == written


class Page(BaseModel):
    url: HttpUrl = HttpUrl("https://a.test/b")
    address: IPv4Address = IPv4Address("10.0.0.1")
    pattern: re.Pattern[str] = re.compile("a+")
    key: SecretStr = SecretStr("canary-1")
    on: date = date(2026, 1, 2)
    hidden: str = Field("canary-2", exclude=True)
    masked: Annotated[str, pydantic.PlainSerializer(lambda value: "***")] = "canary-3"
    each: list[Annotated[str, pydantic.PlainSerializer(lambda value: "***")]] = ["canary-4"]
    named: str = Field("yes", serialization_alias="other")

    @field_serializer("on", when_used="json")
    def write_on(self, value: date) -> str:
        return value.strftime("%d.%m.%Y")


class LongPage(Page):
    more: str = "yes"


class Pages(BaseModel):
    pages: list[Page]


def test_a_model_is_written_as_its_own_json_and_masks_stay() -> None:
    page = Pages(pages=[LongPage()])
    written = to_builtins({"v": page})
    assert written["v"]["pages"][0].pop("more") == "yes"
    assert written["v"] == Pages(pages=[Page()]).model_dump(mode="json")
    assert b"canary" not in to_json(page)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Box[float](v=float("nan")), "x.v"),
        (Box[Any](v=[0, {"a": float("inf")}]), "x.v[1].a"),
        (Box[Any](v=[object()]), "x.v[0]"),
        (Box[Any](v={1: "a", "1": "b"}), 'x.v["1"]'),
    ],
)
def test_a_value_that_the_json_of_a_model_would_lose_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(EventError) as caught:
        to_builtins({"x": value})
    assert caught.value.path.startswith(path[:3])
    assert to_builtins({"x": value, "y": 1}, "null")["y"] == 1


def test_values_that_only_the_encoding_table_knows_are_written_in_a_model_too() -> None:
    assert to_builtins(Box[Any](v=[numpy.int64(3), range(2), b"\xff"])) == {"v": [3, [0, 1], "/w=="]}


class Failing(BaseModel):
    @pydantic.model_serializer
    def write(self) -> dict[str, Any]:
        raise KeyError("x")


def test_a_model_whose_own_code_raises_is_refused_with_its_path_or_replaced() -> None:
    with pytest.raises(EventError, match="reading the Failing raises") as caught:
        to_builtins({"a": [Failing()]})
    assert caught.value.path == "a[0]"
    assert to_builtins([Failing(), 1], "null") == [None, 1]
    assert to_builtins([Failing()], "repr")[0].startswith("<cut: reading the Failing raises ")


class Narrow(BaseModel):
    a: int = 1

    def model_dump(self) -> dict[str, Any]:  # type: ignore[override]
        return {"narrow": self.a}


def test_a_model_with_a_model_dump_of_its_own_is_asked_as_it_can_be() -> None:
    assert to_builtins(Narrow()) == {"narrow": 1}


def test_models_that_share_others_without_end_are_refused_soon() -> None:
    shared: Any = Box[Any](v=1)
    for _ in range(100):
        shared = Box[Any].model_construct(v=[shared, shared])
    for mode in ("raise", "repr", "null"):
        with pytest.raises(EventError, match="more than 1,000,000 values") as caught:
            to_builtins({"x": shared}, mode)
        assert caught.value.path == "x"


def test_pydantic_is_never_imported_by_the_encoder() -> None:
    code = (
        "import sys\nfrom honeyhive_ext.serialize.bounded import bounded\n"
        "bounded({'a': object(), 'b': {1, 2}}, 'repr')\nassert 'pydantic' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
