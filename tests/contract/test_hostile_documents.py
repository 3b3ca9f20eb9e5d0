"""Whatever a document says: generation writes inside its folder, and its errors are sentences."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codegen.generate import main
from codegen.prose import docstring, prose
from codegen.reading import parsed
from codegen.stamp import RUFF_STYLE
from codegen.sync.documents import read_ours, read_source
from tests.support.contract import SPEC, generate

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
TEXTS = (
    *(
        'ends in "',
        'ends in ""',
        'ends in """',
        '"begins',
        '"',
        '""',
        '"""',
        '"" ""',
        '\\"',
        '\\"""',
        '"""\\',
    ),
    *("ends in \\", "\\", "\\\\", "\\N{BULLET} \\x \\u12 \\U0 \\", "'''", "a line \\\n goes on \\\n"),
    *("", "   ", " blanks around  ", "blanks  \nat ends  \n\n\n of lines\t\n", "\r\n", "\x0c form \x0b feed"),
    *("sep \u2028 and \u2029 and \x85", "nul \0 and bell \a", "\u00a0", "\ufeffmark", "\u202e turned"),
    *(
        "{{ 7 * 7 }} {% raw %} {# x #}",
        "# type: ignore",
        "%s {0}",
        "x" * 300,
        "\\" * 301,
        '"' * 301,
        "é" * 120,
    ),
    '""" + open("PLANTED", "w").write("") + """',
)


def changed(tmp_path: Path, change: Callable[[Any], object]) -> list[str]:
    """Write a changed copy of the document; return the options that generate from it."""
    content = yaml.safe_load(SPEC.read_text("utf-8"))
    change(content)
    return described(tmp_path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def described(tmp_path: Path, text: str) -> list[str]:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "openapi.yaml").write_text(text, "utf-8")
    return ["--spec", str(folder / "openapi.yaml"), "--out", str(folder / "generated")]


@pytest.mark.parametrize(
    ("section", "name", "options"),
    [
        *(("schemas", name, ["--check"]) for name in ("../../planted", "a/b", "a\\b", "a b", "ä", "", "a\n")),
        *((section, "/planted", list[str]()) for section in ("schemas", "responses", "parameters")),
    ],
)
def test_a_component_is_named_as_openapi_allows_or_nothing_is_written(
    section: str, name: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = changed(tmp_path, lambda content: content["components"][section].update({name: OBJECT}))
    before = sorted(tmp_path.rglob("*"))
    assert main([*arguments, *options]) == 1
    assert f"components/{section}: {name!r} cannot be the name of a component" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *((name, "PostEventRequest") for name in ("to_dict", "toDict", "from_dict", "$ref", "EVENT_NAME")),
        ("additionalProperties", "PostEventRequest.nested"),
        ("$ref", "PostEventRequest.many[]"),
    ],
)
def test_a_property_that_no_model_can_have_is_named(
    name: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def add(content: Any) -> None:
        known = content["components"]["schemas"]["PostEventRequest"]["properties"]
        inner = {"type": "object", "properties": {"event_name": {"type": "string"}, name: {"type": "string"}}}
        where: dict[str, Any] = {
            "PostEventRequest": {name: {"type": "string"}},
            "PostEventRequest.nested": {"nested": inner},
            "PostEventRequest.many[]": {"many": {"type": "array", "items": inner}},
        }
        known.update(where[place])

    assert main(changed(tmp_path, add)) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"{place}: ")
    assert name in message
    assert len(message.splitlines()) == 1


def test_a_class_that_the_generated_code_needs_itself_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = changed(tmp_path, lambda content: content["components"]["schemas"].update(Mapping=OBJECT))
    assert main(arguments) == 1
    assert "a class cannot be called Mapping" in capsys.readouterr().err


BILLION = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{above}'] * 10)}]\n"
    for above, key in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "x: &m0 {a: 1, b: 2}\n" + "".join(
    f"x{level}: &m{level} {{<<: [{', '.join([f'*m{level - 1}'] * 20)}]}}\n" for level in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 5000 + "]" * 5000, "nested deeper than 100 levels"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "nested deeper than 100 levels"),
        ("".join(f"{' ' * level}a:\n" for level in range(5000)), "nested deeper than 100 levels"),
        ("a: " + "[" * 200 + "]" * 200, "nested deeper than 100 levels"),
        ("&a {x: *a}", "contains itself"),
        (BILLION, "more than 1,000,000 values"),
        (MERGES, "more than 1,000,000 values"),
        ("&a {<<: *a}", "nested deeper than 100 levels"),
        ("a: \0", "special characters are not allowed"),
    ],
)
def test_a_document_beyond_bounds_is_a_sentence_everywhere(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = described(tmp_path, text)
    assert main(arguments) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed
    for read in (lambda: read_source(arguments[1]), lambda: read_ours(Path(arguments[1]))):
        with pytest.raises(Exception, match=message) as caught:
            read()
        assert type(caught.value).__name__ == "GenerationError"


def test_what_is_merged_is_read() -> None:
    assert parsed(b"a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: {<<: [*a, *a]}", "x") == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1},
    }


@pytest.mark.parametrize(("text", "where"), [("2026-01-01", "#/info/version"), (".nan", "#/info/version")])
def test_a_value_that_json_does_not_have_is_named_with_its_place(
    text: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SPEC.read_text("utf-8").replace("  version: 1.9.0", f"  version: {text}")
    assert main(described(tmp_path, text)) == 1
    assert f"{where} is " in capsys.readouterr().err


@given(st.text() | st.text('" \\\n\ta', max_size=12))
def test_every_text_is_a_docstring_that_says_it(text: str) -> None:
    line = prose(text)
    if line.count(" ") < 3:  # a longer text is in several lines
        assert ast.literal_eval(docstring(line, "")) == line
    source = f"class A:\n{docstring(line, '    ')}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(source, "generated", "exec")
    assert not any(row != row.rstrip() for row in source.split("\n"))


def with_texts_everywhere(content: Any) -> None:
    schemas = content["components"]["schemas"]
    for index, text in enumerate(TEXTS):
        described = {"type": "string", "description": text, "title": f"T{index}", "examples": [text]}
        inner = {"type": "object", "description": text, "properties": {"a": described}, "example": text}
        schemas[f"Named{index}"] = inner
        schemas["PostEventRequest"]["properties"] |= {
            f"plain_{index}": {"type": "string", "description": text},
            f"choice_{index}": {"type": "string", "enum": ["a", text], "description": text},
            f"object_{index}": inner,
        }
        schemas["LegacyEvent"]["properties"][f"named_{index}"] = {
            "$ref": f"#/components/schemas/Named{index}"
        }
        content["paths"][f"/v1/x{index}/{{event_id}}"] = {
            "post": {
                "operationId": f"op{index}",
                "tags": ["Events"],
                "summary": text,
                "description": text,
                "parameters": [
                    {"$ref": "#/components/parameters/EventId"},
                    {"name": "q", "in": "query", "description": text, "schema": described},
                ],
                "responses": {"200": {"description": text}},
            }
        }


def test_every_description_makes_clean_code(tmp_path: Path) -> None:
    done = generate(*changed(tmp_path, with_texts_everywhere))
    assert (done.returncode, done.stderr) == (0, "")
    tree = tmp_path / "a" / "b" / "generated"
    for path in tree.rglob("*.py"):
        source = path.read_text("utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(source, str(path), "exec")
        assert all(line == line.rstrip() and line.isprintable() for line in source.split("\n")), path
    for command in (["check", "--select", "I,F,E9,UP,D209,D210,D212,W"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", command[0], *RUFF_STYLE, *command[1:], "."]
        checked = subprocess.run(ruff, cwd=tree, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
