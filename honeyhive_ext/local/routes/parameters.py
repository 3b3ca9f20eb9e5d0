"""The parameters in the query of a request, each checked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from attrs import frozen

from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.message import Failure, bad_request

MOST = 20  # parameters


@frozen
class Parameters:
    """The parameters by name.

    Raises:
        RequestRefused: From every method: 400, a value is not what the name asks for.
    """

    given: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a text; "" if it is not given."""
        return self.given.get(name, "")

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int | None:
        """Return a whole number within bounds; the default if it is not given."""
        text = self.given.get(name)
        if text is None or text == "":
            return default
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 20 and least <= int(text) <= most:
            return int(text)
        raise bad_request([Failure(name, f"takes a whole number from {least} to {most}, not {text[:100]!r}")])

    def cursor(self, name: str, lead: Sequence[object]) -> Sequence[Any] | None:
        """Return what `cursor` made of values that began with these; None if it is not given."""
        text = self.given.get(name)
        if not text:
            return None
        try:
            found = orjson.loads(base64.b64decode(text.encode(), b"-_", validate=True))
        except (ValueError, UnicodeEncodeError, binascii.Error):
            found = None
        if not is_array(found) or found[: len(lead)] != list(lead):
            raise bad_request([Failure(name, "takes `next` of the answer before, with the same parameters")])
        return found[len(lead) :]


def parameters(query: str, known: Collection[str]) -> Parameters:
    """Return the parameters of a query.

    Raises:
        RequestRefused: 400, a name is unknown or occurs twice, or there are too many.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST)
    except ValueError as problem:
        raise bad_request([Failure("", f"the query has more than {MOST} parameters")]) from problem
    names = [name for name, _ in pairs]
    wrong = [
        Failure(n[:100], f"is unknown here: there are {', '.join(known)}") for n in names if n not in known
    ]
    wrong += [Failure(name, "is given twice") for name in known if names.count(name) > 1]
    if wrong:
        raise bad_request(wrong)
    return Parameters(dict(pairs))


def cursor(*values: object) -> str:
    """Return values as a text that a URL can hold as it is."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()
