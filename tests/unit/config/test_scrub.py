"""Texts without keys: however a text writes a key, and whatever else is in it."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import string
from time import process_time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.scrub import MASK, Scrub
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import EventError, PickleRefusedError
from tests.support.writings import WRITINGS, readings

VISIBLE = "".join(char for char in string.printable[:94] if char not in "\"'")
RANDOM = st.text(VISIBLE, min_size=12, max_size=48)
KEYS = st.one_of(
    st.builds(
        "{}{}".format, st.sampled_from(["hh_", "hh_fgdp_", "hh_ingst_"]), st.text(VISIBLE, min_size=12)
    ),
    RANDOM,
)


@given(KEYS, st.sampled_from(sorted(WRITINGS)), st.text(max_size=30), st.text(max_size=30), st.data())
def test_no_writing_of_a_key_is_left_in_a_text(
    key: str, writing: str, before: str, after: str, data: st.DataObject
) -> None:
    written = WRITINGS[writing](key, data.draw)
    scrub = Scrub(Secret(key))
    assert scrub.shows(before + written + after)
    cleaned = scrub.text(before + written + after)
    assert key not in cleaned
    assert not any(key in reading for reading in readings(cleaned))
    assert MASK in cleaned
    content = scrub.content((before + written + after).encode("utf-8", "surrogatepass"))
    assert not any(key in reading for reading in readings(content.decode("utf-8", "replace")))


@pytest.mark.parametrize("between", ["\xad", "\u200b", "\ufeff"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_nobody_sees_between_two_characters_hides_no_key_however_often_it_was_encoded(
    between: str, times: int
) -> None:
    for _ in range(times):
        between = between.encode().decode("latin-1")
    written = f"hh_fgdp_01{between}23456789"
    scrub = Scrub(Secret("hh_fgdp_0123456789"))
    assert scrub.text(written) == MASK
    if times < 2:
        assert scrub.content(written.encode()) == MASK.encode()


@given(st.text(max_size=300), st.binary(max_size=300))
def test_a_text_without_a_key_stays_as_it_is(text: str, content: bytes) -> None:
    scrub = Scrub(Secret("hh_fgdp_0123456789abcdef"), Secret("hh_ingst_0123456789abcdef"))
    assert scrub.text(text) is text
    assert scrub.content(content) is content


@pytest.mark.parametrize(
    "text",
    [
        "the key hh_..., api_key is an ingestion key (hh_ingst_...)",
        "hh-client-package: honeyhive-ext",
        '{"event_id": "7f22137a-6911-4ed3-bc36-110f1dde6b66", "hh_": "hh_fgdp_"}',
        "hh_fgdp_012",
    ],
)
def test_what_says_the_kind_of_a_key_alone_is_shown(text: str) -> None:
    assert Scrub(Secret("hh_fgdp_0123456789abcdef")).text(text) == text


@pytest.mark.parametrize("kept", range(12, 28))
def test_a_key_that_is_cut_off_is_hidden_from_its_first_secret_characters_on(kept: int) -> None:
    key = "hh_fgdp_0123456789abcdefghij"
    assert Scrub(Secret(key)).text(f"Bearer {key[:kept]}") == "Bearer [key]"


def test_every_key_of_the_service_is_hidden_and_no_short_one() -> None:
    assert (
        Scrub().text("key hh_fgdp_abcdefghijklmnop123 of another project") == "key [key] of another project"
    )
    assert Scrub(Secret("local")).text("http://localhost, local") == "http://localhost, local"


def test_a_key_of_any_length_is_hidden() -> None:
    key = "hh_" + "a1B2" * 5_000
    assert Scrub(Secret(key)).text(f"<{key}>") == "<[key]>"
    assert Scrub(Secret(key)).text("<" + "".join(f"%{ord(char):02x}" for char in key[:200])) == "<[key]"


def test_keys_that_are_added_are_hidden_from_then_on() -> None:
    scrub = Scrub(Secret("hh_fgdp_0123456789"))
    assert scrub.text("user:password-1815") == "user:password-1815"
    scrub.add(Secret("user:password-1815"))
    assert scrub.text("user:password-1815 hh_fgdp_0123456789") == "[key] [key]"


def test_an_exception_is_cleaned_in_its_arguments_and_attributes() -> None:
    scrub = Scrub(Secret("hh_fgdp_0123456789"))
    error = EventError("hh_fgdp_0123456789 is not a UUID", path="inputs.hh_fgdp_0123456789")
    assert scrub.shown_by(error)
    scrub.clean(error)
    assert (str(error), error.path) == ("inputs.[key]: [key] is not a UUID", "inputs.[key]")
    assert not scrub.shown_by(error)


def test_a_scrub_shows_no_key_and_leaves_no_process() -> None:
    scrub = Scrub(Secret("hh_fgdp_0123456789"))
    assert "0123" not in f"{scrub} {scrub!r}"
    assert copy.deepcopy(scrub) is scrub
    with pytest.raises(PickleRefusedError):
        pickle.dumps(scrub)


def test_a_key_in_a_json_string_leaves_json() -> None:
    key = "hh_fgdp_0123/456+789"
    body = json.dumps(
        {"message": f"no {key}", "more": [quote(key, safe=""), base64.b64encode(key.encode()).decode()]}
    )
    cleaned = Scrub(Secret(key)).content(body.encode())
    assert json.loads(cleaned)["message"] == "no [key]"


@pytest.mark.parametrize("shown", range(4, 17))
def test_a_text_that_repeats_the_beginning_of_a_key_costs_steps_in_proportion(shown: int) -> None:
    key = "hh_projects_canary5c1f77ab9d31"
    text = (key[:shown] + "!") * (1_000_000 // (shown + 1))
    began = process_time()
    Scrub(Secret(key)).content(text.encode())
    assert process_time() - began < 20  # many minutes, if a character can be read in two ways


@pytest.mark.parametrize("escape", ["\\", "\\\\\\\\h", "%25", "&amp;#10;", "\\n", " \0"])
def test_a_text_of_escapes_costs_steps_in_proportion(escape: str) -> None:
    key = "hh_projects_canary5c1f77ab9d31"
    text = key[:9] + escape * (1_000_000 // len(escape))
    began = process_time()
    Scrub(Secret(key)).content(text.encode())
    assert process_time() - began < 20
