"""Text of others never acts on a terminal."""

from __future__ import annotations

import json
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import F, HoneyHive, HoneyHiveError
from honeyhive_ext.cli import main
from honeyhive_ext.config.printable import printable
from honeyhive_ext.http.failures import status_error
from honeyhive_ext.local import LocalServer

ATTACKS = {
    "clear": "\x1b[2J",
    "title": "\x1b]0;title\x07",
    "C1": "\x9b31m",
    "right to left": "\u202eevil\u2066",
    "lines": "a\r\nb\u2028c\x85d",
    "nothing": "\x00\x7f\ufeff\u200b\U000e0041",
    "lone surrogate": "\ud800",
}


@given(st.text())
def test_what_is_left_has_no_character_that_acts_and_nothing_else_changes(text: str) -> None:
    shown = printable(text)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    shown.encode()
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    "char", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2060\xad"
)
def test_controls_of_direction_and_characters_without_a_shape_are_escaped(char: str) -> None:
    assert printable(char) == char.encode("unicode_escape").decode()


@pytest.mark.parametrize(
    "text", ["漢字 👨\u200d👩\u200d👧", "\u0646\u200c\u0647", "é\u0301 ẞ", "a\xa0b\u3000c", "\\x1b"]
)
def test_names_in_every_script_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
@pytest.mark.parametrize("code", [False, True], ids=["message", "code"])
def test_the_words_of_the_service_are_escaped_in_errors(attack: str, code: bool) -> None:
    body = {"message": "m" if code else f"no {attack}", "errorCode": attack}
    content = json.dumps(body).encode()
    error = status_error(400, {"x-request-id": attack}, content, attempts=1, retry_after=None)
    shown = f"{error} {error.message} {error.error_code} {error.request_id}"
    assert printable(shown) == shown
    page = b"<title>" + attack.encode(errors="replace") + b"</title>"
    for other in (page, attack.encode(errors="replace")):
        shown = str(status_error(502, {}, other, attempts=1, retry_after=None))
        assert printable(shown) == shown


@pytest.mark.parametrize("attack", [ATTACKS[name] for name in ("clear", "title", "C1", "lines")])
def test_the_command_escapes_what_it_repeats(attack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seed", f"/nowhere/{attack}", "--db", "/nowhere/x.db"]) == 1
    message = capsys.readouterr().err
    assert message.endswith("\n")
    assert printable(message[:-1]) == message[:-1]


@pytest.mark.parametrize(
    "attack", [ATTACKS[name] for name in ("clear", "title", "C1", "right to left", "lines")]
)
def test_names_that_errors_repeat_are_escaped(attack: str, tmp_path: Path) -> None:
    (tmp_path / f"{attack}.part").mkdir()
    (tmp_path / f"{attack}.db").write_bytes(b"no database, " * 99)
    with HoneyHive("hh_x", base_url="http://127.0.0.1:1") as hh, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        _ = F(attack) > 1
        calls: tuple[Callable[[], object], ...] = (
            lambda: hh.events.create("tool", inputs={attack: object}),
            lambda: hh.events.create("tool", inputs={(attack,): 1}),
            lambda: hh.events.search().to_jsonl(tmp_path / attack),
            lambda: hh.events.search().to_jsonl(tmp_path / f"{attack}.bz2"),
            lambda: LocalServer(tmp_path / f"{attack}.db"),
        )
        for wrong in calls:
            with pytest.raises(HoneyHiveError) as raised:
                wrong()
            assert printable(str(raised.value)) == str(raised.value)
    assert [printable(str(one.message)) for one in seen] == [str(one.message) for one in seen]
