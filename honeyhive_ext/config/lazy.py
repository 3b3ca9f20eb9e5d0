"""Public names that are imported when they are first used (PEP 562). This file imports nothing itself."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would be slow
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package, so that a program pays only for the names it uses.

    Args:
        package: The package's `__name__`.
        homes: The module that defines each name, without the leading `honeyhive_ext.`.

    Returns:
        A function from a name to its value. It runs once for each name, because it stores the value in
        the package.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - Python shows this name in tracebacks
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        value: object = getattr(import_module(f"honeyhive_ext.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
