"""What is no plain function: it is refused with what to write instead, or it keeps all that it has."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import dataclasses
import functools
import inspect
import operator
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def getter(self: Any) -> int:
    return 5


@contextlib.contextmanager
def managed() -> Iterator[int]:
    yield 1


@contextlib.asynccontextmanager
async def amanaged() -> AsyncIterator[int]:
    yield 1


class Data:
    """A descriptor of a user's own, which cannot be called."""

    def __get__(self, instance: Any, owner: Any) -> int:
        return 1


REFUSED: dict[str, tuple[Any, str]] = {
    "property": (property(getter), r"'getter' is a property.*@property above @hh\.span\(\)"),
    "cached property": (functools.cached_property(getter), "'getter' is a cached_property"),
    "partialmethod": (functools.partialmethod(getter), "'getter' is a partialmethod"),
    "singledispatchmethod": (functools.singledispatchmethod(getter), "is a singledispatchmethod"),
    "class": (Data, "'Data' is a class.*decorate its methods"),
    "class with a metaclass": (ABC, "'ABC' is a class"),
    "property of a class": (classmethod(property(getter)), "is a property"),  # type: ignore[arg-type]
    "descriptor": (Data(), "a Data is a Data"),
    "context manager": (managed, "'managed' makes a context manager: write @contextmanager above"),
    "async context manager": (amanaged, "write @asynccontextmanager above"),
    "value": (5, "a span decorates functions, not a int"),
    "generator": ((x for x in ()), "a span decorates functions, not a generator"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("method", ["span", "aspan", "session"])
def test_what_cannot_be_recorded_is_refused_with_what_to_write(rec: Recorder, name: str, method: str) -> None:
    target, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message):
        getattr(rec, method)("x")(target)


def test_what_the_messages_say_to_write_works(rec: Recorder) -> None:
    class Agent:
        @property
        @rec.span("read")
        def name(self) -> str:
            return "ada"

        @functools.cached_property
        @rec.span("computed")
        def size(self) -> int:
            return 7

        @contextlib.contextmanager
        @rec.span("inside")
        def lease(self) -> Iterator[int]:
            rec.create("tool", event_name="step")
            yield 1

    agent = Agent()
    with agent.lease() as lease:
        rec.create("tool", event_name="work")
    assert (agent.name, agent.size, agent.size, lease) == ("ada", 7, 7, 1)
    assert [event["event_name"] for event in rec.events] == ["step", "work", "inside", "read", "computed"]


def test_static_and_class_methods_are_recorded_in_either_order(rec: Recorder) -> None:
    class Service(ABC):
        @rec.span()
        @staticmethod
        def above(a: int) -> int:
            return a

        @staticmethod
        @rec.span()
        def below(a: int) -> int:
            return a

        @rec.span()
        @classmethod
        def of(cls, a: int) -> str:
            return cls.__name__

        @classmethod
        @rec.span()
        def also(cls, a: int) -> str:
            return cls.__name__

        @rec.span()
        @classmethod
        @abstractmethod
        def to_write(cls) -> None: ...

    class Mine(Service):
        pass

    assert [Mine.above(1), Mine.below(2), Mine.of(3), Mine.also(4)] == [1, 2, "Mine", "Mine"]
    assert [event["inputs"] for event in rec.events] == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]
    assert Service.__abstractmethods__ == {"to_write"}
    assert inspect.isfunction(Service.above)


def test_attributes_of_a_static_method_stay(rec: Recorder) -> None:
    method = staticmethod(getter)
    method.mark = "mine"  # type: ignore[attr-defined]
    assert rec.span()(method).mark == "mine"  # type: ignore[attr-defined]


def test_a_cache_stays_a_cache(rec: Recorder) -> None:
    @rec.span()
    @functools.lru_cache(maxsize=8)
    def square(x: int) -> int:
        return x * x

    assert [square(2), square(2), square(3)] == [4, 4, 9]
    assert square.cache_info()[:3] == (1, 2, 8)
    assert square.cache_parameters() == {"maxsize": 8, "typed": False}
    square.cache_clear()
    assert square.cache_info().currsize == 0
    assert square.__name__ == "square"
    assert square.__wrapped__(5) == 25
    assert [event["inputs"] for event in rec.events] == [{"x": 2}, {"x": 2}, {"x": 3}]
    assert {event["event_name"] for event in rec.events} == {"square"}


def test_a_cached_method_is_bound_and_recorded(rec: Recorder) -> None:
    class Service:
        @rec.span()
        @functools.cache  # noqa: B019
        def twice(self, x: int) -> int:
            return 2 * x

    service = Service()
    assert [service.twice(4), service.twice(x=4), Service.twice(service, 5)] == [8, 8, 10]
    assert Service.twice.cache_info().currsize == 3
    assert rec.events[0]["inputs"] == {"x": 4}
    assert rec.events[0]["event_name"].endswith("Service.twice")


def test_dispatch_and_its_registration_stay(rec: Recorder) -> None:
    @rec.span()
    @functools.singledispatch
    def show(value: Any) -> str:
        return "any"

    @show.register
    def _(value: int) -> str:
        return "int"

    assert [show("x"), show(1)] == ["any", "int"]
    assert show.dispatch(int)(1) == "int"
    assert int in show.registry
    assert [event["outputs"] for event in rec.events] == [{"result": "any"}, {"result": "int"}]


def test_a_partial_stays_a_partial(rec: Recorder) -> None:
    def add(a: int, b: int, c: int = 0) -> int:
        return a + b + c

    made: Any = rec.span()(functools.partial(add, 1, c=2))
    assert isinstance(made, functools.partial)
    assert (made.func, made.args, made.keywords) == (add, (1,), {"c": 2})
    assert inspect.signature(made) == inspect.signature(functools.partial(add, 1, c=2))
    assert functools.partial(made, 5)() == 8
    assert rec.named("add")["inputs"] == {"b": 5, "c": 2}


@pytest.mark.parametrize("function", [len, str.upper, "".join, operator.itemgetter(0)])
def test_functions_written_in_c_are_bound_as_before(rec: Recorder, function: Any) -> None:
    decorated: Any = rec.span()(function)
    plain = type("Plain", (str,), {"f": function})
    recorded = type("Recorded", (str,), {"f": decorated})
    for call in (lambda kind: kind("ab").f(), lambda kind: kind("ab").f("xy"), lambda kind: kind.f("xy")):
        outcomes: list[Any] = []
        for kind in (plain, recorded):
            try:
                outcomes.append(call(kind))
            except TypeError as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]
    assert decorated.__doc__ == function.__doc__
    assert callable(decorated)
    assert rec.events


def test_a_bound_method_stays_bound(rec: Recorder) -> None:
    class Counter:
        count = 0

        def more(self, by: int) -> int:
            self.count += by
            return self.count

    counter = Counter()
    more: Any = rec.span()(counter.more)
    holder = type("Holder", (), {"more": more})
    assert [more(1), holder().more(2), holder.more(3)] == [1, 3, 6]
    assert more.__self__ is counter
    assert more.__func__ is Counter.more
    assert inspect.ismethod(more)
    assert [event["inputs"] for event in rec.events] == [{"by": 1}, {"by": 2}, {"by": 3}]


class Tool:
    """A callable object with a state, special methods and an order of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0

    def __call__(self, query: str, limit: int = 3) -> str:
        self.calls += 1
        return f"{self.name} {query}"

    def __len__(self) -> int:
        return self.calls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tool) and other.name == self.name

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: int) -> int:
        return key + 1

    def __enter__(self) -> Tool:
        return self

    def __exit__(self, *error: object) -> None:
        self.name = "left"


def test_a_callable_object_keeps_its_state_and_its_methods(rec: Recorder) -> None:
    tool = Tool("search")
    made: Any = rec.span()(tool)
    assert isinstance(made, Tool)
    assert made("a") == "search a"
    assert (len(made), made.calls, made[4], made == Tool("search"), Tool("search") == made) == (
        1,
        1,
        5,
        True,
        True,
    )
    made.name = "other"
    assert tool.name == "other"
    made.extra = 1
    del made.extra
    assert not hasattr(tool, "extra")
    with made as entered:
        assert entered is tool
    assert tool.name == "left"
    with pytest.raises(TypeError, match="unhashable"):
        hash(made)
    assert inspect.signature(made) == inspect.signature(tool)
    assert repr(made) == repr(tool)
    assert made.__doc__ == tool.__doc__
    assert dir(made) == dir(tool)
    assert vars(made) == vars(tool)
    assert rec.named("Tool")["inputs"] == {"query": "a", "limit": 3}


@dataclasses.dataclass(frozen=True, slots=True)
class Adder:
    """A callable that is plain data."""

    by: int

    def __call__(self, x: int) -> int:
        return x + self.by


def test_a_callable_dataclass_stays_one(rec: Recorder) -> None:
    made: Any = rec.span()(Adder(2))
    assert made(1) == 3
    assert dataclasses.asdict(made) == {"by": 2}
    assert dataclasses.replace(made, by=5)(1) == 6
    assert {made: "found"}[Adder(2)] == "found"
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.by = 3
    match made:
        case Adder(by):
            assert by == 2
        case _:
            pytest.fail("a pattern no longer matches")


def test_an_object_whose_attributes_raise_is_recorded(rec: Recorder) -> None:
    class Raising:
        def __call__(self, x: int) -> int:
            return x

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    assert rec.span()(Raising())(1) == 1
    assert rec.events[0]["event_name"].endswith("Raising")


def test_copies_of_a_decorated_object_are_recorded_and_apart(rec: Recorder) -> None:
    made: Any = rec.span()(Tool("search"))
    for copied in (copy.copy(made), copy.deepcopy(made)):
        copied.name = "copy"
        assert copied("a") == "copy a"
    assert made.name == "search"
    assert [event["outputs"]["result"] for event in rec.events] == ["copy a", "copy a"]


def test_an_async_callable_object_is_seen_as_async(rec: Recorder) -> None:
    class Search:
        async def __call__(self, query: str) -> str:
            await asyncio.sleep(0)
            return query

        async def other(self, query: str) -> str:
            return query

    for span in (rec.span, rec.aspan):
        rec.events.clear()
        targets: list[tuple[Callable[..., Any], str]] = [
            (Search(), "Search"),
            (Search().other, "Search.other"),
            (functools.partial(Search().other), "Search.other"),
        ]
        for target, name in targets:
            made: Any = span()(target)
            assert asyncio.run(made("a")) == "a"
            assert inspect.iscoroutinefunction(made) == inspect.iscoroutinefunction(target)
            assert inspect.iscoroutinefunction(made.__call__)
            assert rec.events[-1]["event_name"].endswith(name)
            assert rec.events[-1]["outputs"] == {"result": "a"}
            assert rec.events[-1]["inputs"] == {"query": "a"}


def test_mocks_stay_mocks(rec: Recorder) -> None:
    for plain in (mock.Mock(return_value=5), mock.MagicMock(return_value=5)):
        made: Any = rec.span("mocked")(plain)
        assert made(1, b=2) == 5
        made.assert_called_once_with(1, b=2)
        made.return_value = 6
        assert made() == 6
        made.side_effect = KeyError("k")
        with pytest.raises(KeyError):
            made()
        assert made.call_count == plain.call_count == 3
        assert made.attribute is plain.attribute
        assert isinstance(made, mock.Mock)
    assert [event.get("error") for event in rec.events] == [None, None, "KeyError: 'k'"] * 2


@pytest.mark.parametrize("method", ["span", "aspan"])
def test_async_mocks_stay_mocks(rec: Recorder, method: str) -> None:
    made: Any = getattr(rec, method)("mocked")(mock.AsyncMock(return_value=5))
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # since Python 3.14
        assert asyncio.iscoroutinefunction(made)
    assert asyncio.run(made(1)) == 5
    made.assert_awaited_once_with(1)
    assert rec.named("mocked")["outputs"] == {"result": 5}


def test_a_function_with_a_specification_keeps_its_checks(rec: Recorder) -> None:
    def search(query: str) -> str:
        return query

    made: Any = rec.span("spec")(mock.create_autospec(search, return_value="found"))
    assert made("a") == "found"
    made.assert_called_once_with("a")
    with pytest.raises(TypeError):
        made("a", "b")


def test_two_decorators_above_an_object_record_two_events(rec: Recorder) -> None:
    made: Any = rec.span("outer")(rec.span("inner")(Tool("search")))
    assert made("a") == "search a"
    assert made.calls == 1
    assert rec.named("inner")["parent_id"] == rec.named("outer")["event_id"]


def test_a_decorated_object_in_a_class_learns_its_name(rec: Recorder) -> None:
    class Named:
        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __call__(self) -> str:
            return self.name

    class Holder:
        field = rec.span()(Named())

    assert Holder.field() == "field"


@pytest.mark.parametrize("wanted", [["prompt"], ["prompt", "model"], ["kwargs"], ("missing",)])
def test_keywords_of_a_function_can_be_captured_by_name(rec: Recorder, wanted: Any) -> None:
    @rec.span("x", capture_inputs=wanted)
    def complete(model: str, /, **kwargs: Any) -> int:
        return 1

    complete("m", prompt="p", api_key="secret")
    every = {"prompt": "p", "model": "m", "kwargs": {"prompt": "p", "api_key": "secret"}}
    assert rec.named("x")["inputs"] == {name: every[name] for name in wanted if name in every}


def test_a_parameter_wins_over_a_keyword_of_the_same_name(rec: Recorder) -> None:
    @rec.span("x", capture_inputs=["prompt"])
    def complete(prompt: str, /, **kwargs: Any) -> int:
        return 1

    complete("parameter", prompt="keyword")
    assert rec.named("x")["inputs"] == {"prompt": "parameter"}
