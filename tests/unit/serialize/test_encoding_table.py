"""The encoding table of docs/sending.md: every row, through both ways of the encoder."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address, ip_network
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from uuid import UUID

import httpx
import numpy
import pytest
from honeyhive_client.models import DateRange
from pydantic import HttpUrl, SecretStr

from honeyhive_ext import Event
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.encoders import TABLE
from honeyhive_ext.serialize.to_builtins import to_builtins
from tests.support.values import Answer, Celsius, Colour, Level, Point, Right, Step, Tool

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sending.md"
ROW = re.compile(r"^\| (.+?) \| `(.+)` \| `(.+)` \|$", re.M)
NAMES = {
    cls.__name__: cls
    for cls in (
        *(
            Answer,
            Celsius,
            Colour,
            DateRange,
            Decimal,
            Event,
            Level,
            OrderedDict,
            HttpUrl,
            Point,
            PurePosixPath,
            Right,
            SecretStr,
            SimpleNamespace,
            Step,
            Tool,
            UUID,
        ),
        *(date, datetime, deque, time, timedelta, timezone),
    )
} | {"numpy": numpy, "httpx": httpx, "ip_address": ip_address, "ip_network": ip_network}


def rows() -> list[tuple[str, str, str]]:
    text = PAGE.read_text("utf-8")
    table = text[text.index("<!-- the table is a test") : text.index("A `Decimal` is sent as text")]
    return ROW.findall(table)


def test_the_table_has_a_row_for_every_encoder() -> None:
    described = " ".join(row[0] for row in rows())
    words = {
        kind.__name__ for kinds, _ in TABLE for kind in (kinds if isinstance(kinds, tuple) else (kinds,))
    }
    named = {"PurePath": "Path"}
    assert [word for word in words if f"`{named.get(word, word)}`" not in described] == []
    for word in ("dataclass", "attrs class", "pydantic model", "numpy number", "model of `honeyhive_client`"):
        assert word in described


@pytest.mark.parametrize(("kind", "example", "written"), rows(), ids=lambda text: text[:40])
def test_each_type_has_the_encoding_that_the_guide_shows(kind: str, example: str, written: str) -> None:
    value = eval(example, dict(NAMES))
    assert to_json(value).decode() == written, kind
    assert to_json(to_builtins(value)).decode() == written, "a plain copy says the same"
    assert to_json({"inputs": {"a": [value, None]}}).decode() == f'{{"inputs":{{"a":[{written},null]}}}}'
