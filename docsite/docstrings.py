"""The extension of griffe through which the reference reads the code."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

from docsite.markup import fenced, one_each

_MADE = re.compile(r"\b(frozen|define|mutable|Struct)\b")  # by attrs or msgspec


class HouseStyle(griffe.Extension):
    """Read docstrings of the house style, and the arguments of classes without an `__init__` of their own."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Change the docstring of an object that was loaded."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(one_each(obj.docstring.value))

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Give a class of attrs or msgspec the arguments that it has when the program runs."""
        written = " ".join(str(one.value) for one in cls.decorators) + " ".join(map(str, cls.bases))
        if (
            "__init__" in cls.members
            or not _MADE.search(written)
            or cls.module.path != cls.path.rpartition(".")[0]
        ):
            return
        try:
            found = getattr(importlib.import_module(cls.module.path), cls.name)
        except ImportError:
            return  # of an extra that is not installed
        signature = inspect.signature(found)
        arguments = griffe.Parameters(
            griffe.Parameter("self"), *map(_argument, signature.parameters.values())
        )
        cls.set_member("__init__", griffe.Function("__init__", parameters=arguments))


def _argument(parameter: inspect.Parameter) -> griffe.Parameter:
    given, kind = parameter.default, parameter.annotation
    default = None if given is parameter.empty else repr(given)
    return griffe.Parameter(
        parameter.name,
        annotation=None
        if kind is parameter.empty
        else kind
        if isinstance(kind, str)
        else inspect.formatannotation(kind),
        kind=griffe.ParameterKind(parameter.kind.description),
        default="..." if default in ("NOTHING", None) and given is not parameter.empty else default,
    )
