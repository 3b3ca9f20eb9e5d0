"""Ways in which a text can write a key, and what a reader of a text can find in it."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Draw = Callable[[SearchStrategy[object]], object]
BLANKS = ("\n", "\r\n ", " ", "\t", "\0")
WRAPS = (
    *BLANKS,
    "\\n",
    "\\r\\n",
    "\\\\n",
    "%0D%0A",
    "%250a",
    "=\r\n",
    "&#10;",
    "<br>",
    "\\u000a",
    "\\u200b",
    "\xc2\xad",
)
PLAIN = re.compile(r"[A-Za-z0-9_]*")


def _each(escapes: Callable[[str], list[str]]) -> Callable[[str, Draw], str]:
    """Write each character as itself or as one of its escapes."""

    def write(key: str, draw: Draw) -> str:
        return "".join(str(draw(st.sampled_from([char, *escapes(char)]))) for char in key)

    return write


def _percent(char: str) -> list[str]:
    code = f"{ord(char):02x}"
    return [f"%{code}", f"%{code.upper()}", f"%25{code}", f"%2525{code}", f"%u00{code}"]


def _json(char: str) -> list[str]:
    code = f"{ord(char):04x}"
    return [f"\\u{code}", f"\\u{code.upper()}", f"\\\\u{code}", *(["\\/"] if char == "/" else [])]


def _html(char: str) -> list[str]:
    code = ord(char)
    return [
        f"&#{code};",
        f"&#0{code};",
        f"&#x{code:x};",
        f"&#X{code:X};",
        f"&amp;amp;#{code};",
        html.escape(char),
    ]


def _source(char: str) -> list[str]:
    code = ord(char)
    return [f"\\x{code:02x}", f"\\x{code:02X}", f"\\{code:03o}", f"\\u{{{code:x}}}"]


def _wrapped(key: str, draw: Draw) -> str:
    wraps = WRAPS if PLAIN.fullmatch(key) else BLANKS
    places = st.sets(st.integers(1, len(key) - 1), min_size=1)
    chosen = draw(places)
    assert isinstance(chosen, set)
    return "".join(
        (str(draw(st.sampled_from(wraps))) if at in chosen else "") + char for at, char in enumerate(key)
    )


def _base64(key: str, draw: Draw) -> str:
    around = st.sampled_from(["", ":", "x:", "Bearer ", "Authorization: Bearer "])
    whole = f"{draw(around)}{key}{draw(around)}".encode()
    text = draw(st.sampled_from([base64.b64encode(whole), base64.urlsafe_b64encode(whole)]))
    assert isinstance(text, bytes)
    plain = text.decode()
    cut = draw(st.integers(0, len(plain)))
    assert isinstance(cut, int)
    wrap = draw(st.sampled_from(["", "\n", "\r\n"]))
    return draw_one(
        draw, [plain, quote(plain, safe=""), plain.replace("/", "\\/"), plain[:cut] + str(wrap) + plain[cut:]]
    )


def draw_one(draw: Draw, choices: list[str]) -> str:
    return str(draw(st.sampled_from(choices)))


def _bytes(key: str, draw: Draw) -> str:
    codes = key.encode()
    return draw_one(
        draw,
        [
            codes.hex(),
            codes.hex().upper(),
            codes.hex(" "),
            codes.hex(":"),
            ", ".join(f"0x{code:02X}" for code in codes),
            str([*codes]),
            json.dumps([*codes], separators=(",", ":")),
        ],
    )


WRITINGS: dict[str, Callable[[str, Draw], str]] = {
    "as it is": lambda key, draw: key,
    "in capitals": lambda key, draw: key.upper(),
    "in small letters": lambda key, draw: key.lower(),
    "in JSON": lambda key, draw: json.dumps(key),
    "in JSON in JSON": lambda key, draw: json.dumps(json.dumps(key)),
    "as a repr": lambda key, draw: repr(key.encode()),
    "in a URL": lambda key, draw: quote(key, safe=""),
    "in HTML": lambda key, draw: html.escape(key),
    "percent escapes": _each(_percent),
    "JSON escapes": _each(_json),
    "HTML escapes": _each(_html),
    "escapes of source code": _each(_source),
    "wrapped": _wrapped,
    "base64": _base64,
    "bytes": _bytes,
    "UTF-16": lambda key, draw: key.encode("utf-16-le").decode("latin-1"),
}


def readings(text: str) -> Iterator[str]:
    """Yield a text as readers of many formats would read it."""
    seen: set[str] = set()
    pending = [text]
    while pending:
        current = pending.pop()
        if current in seen or len(seen) > 200:
            continue
        seen.add(current)
        yield current
        pending += [
            unquote(current),
            html.unescape(current),
            re.sub(r"\\+(?:u00|x)([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), current),
            re.sub(r"\\+u\{([0-9A-Fa-f]{2})\}", lambda found: chr(int(found[1], 16)), current),
            re.sub(r"\\+([0-7]{3})", lambda found: chr(int(found[1], 8) & 255), current),
            re.sub(r"\\+([/\\])", r"\1", current),
            re.sub(r"[\s\0]+|\xc2\xad|=\r?\n|\\+(?:[nr]|u200b)|<br>", "", current),
        ]
    for token in re.findall(r"[A-Za-z0-9+/_-]{8,}", re.sub(r"\s+", "", unquote(text).replace("\\/", "/"))):
        for start in range(4):
            piece = token[start:]
            piece = piece[: len(piece) // 4 * 4].replace("-", "+").replace("_", "/")
            yield base64.b64decode(piece).decode("latin-1")
    for digits in re.findall(r"(?:[0-9A-Fa-f]{2}[\s:,]*){6,}", text.replace("0x", "")):
        bare = re.sub(r"[\s:,]", "", digits)
        try:
            yield binascii.unhexlify(bare[: len(bare) // 2 * 2]).decode("latin-1")
        except binascii.Error:
            continue
