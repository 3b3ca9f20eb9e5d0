"""The code generation: deterministic, strict about warnings and versions, never stale, never half done."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from codegen.errors import GenerationError
from codegen.generate import main
from codegen.pins import check_versions, pinned_versions
from codegen.trees import differences, swap, tree
from tests.support.contract import CONFIG, GENERATED, ROOT, SPEC, generate, python

Change = Callable[[dict[str, object]], object]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tree, made in a folder whose own ruff configuration would change everything."""
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "ruff.toml").write_text("line-length = 40\n[format]\nquote-style = 'single'\n")
    done = generate("--out", str(folder / "generated"), hash_seed=7)
    assert done.returncode == 0, done.stderr
    return folder / "generated"


def changed(tmp_path: Path, change: Change) -> list[str]:
    """Arguments for a run on a changed copy of the document."""
    content = yaml.safe_load(SPEC.read_text("utf-8"))
    change(content)
    spec = tmp_path / "openapi.yaml"
    spec.write_text(yaml.safe_dump(content, sort_keys=False))
    return ["--spec", str(spec), "--out", str(tmp_path / "generated")]


def test_the_same_input_gives_the_same_bytes_in_every_folder(fresh: Path, tmp_path: Path) -> None:
    # In a repository that ignores the place, as it is in a nox session's folder.
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*\n")
    again = tmp_path / "again"
    done = generate("--out", str(again), hash_seed=4_000_000_000)
    assert done.returncode == 0, done.stderr
    assert tree(fresh) == tree(again) == tree(GENERATED)


def test_a_stale_file_vanishes(fresh: Path, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    shutil.copytree(fresh, out)
    (out / "honeyhive_client" / "models" / "old_model.py").write_text("")
    (out / "old_package").mkdir()
    assert main(["--out", str(out)]) == 0
    assert tree(out) == tree(fresh)
    assert not (out / "old_package").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["generated"]


def test_check_names_every_file_that_is_not_current(
    fresh: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "generated"
    shutil.copytree(fresh, out)
    (out / "honeyhive_client" / "models" / "old_model.py").write_text("")
    (out / "honeyhive_client" / "client.py").unlink()
    with (out / "honeyhive_schemas" / "LegacyEvent.json").open("a") as file:
        file.write(" ")
    before = tree(out)
    assert main(["--check", "--out", str(out)]) == 1
    assert capsys.readouterr().err.splitlines()[:3] == [
        "missing: honeyhive_client/client.py",
        "stale: honeyhive_client/models/old_model.py",
        "differs: honeyhive_schemas/LegacyEvent.json",
    ]
    assert tree(out) == before


def test_a_warning_of_the_generator_is_a_failure_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The generator leaves an answer out that it cannot read, warns, and would exit with 0."""

    def odd_media_type(content: dict[str, object]) -> None:
        answer = content["paths"]["/v1/events"]["post"]["responses"]["200"]  # type: ignore[index]
        answer["content"] = {"application/x-odd": answer["content"]["application/json"]}

    arguments = changed(tmp_path, odd_media_type)
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "kept.py").write_text("kept")
    assert main(arguments) == 1
    assert "application/x-odd" in capsys.readouterr().err
    assert tree(tmp_path / "generated") == {"kept.py": b"kept"}


def test_a_body_that_the_templates_were_not_made_for_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def form(content: dict[str, object]) -> None:
        body = content["paths"]["/v1/events"]["post"]["requestBody"]  # type: ignore[index]
        body["content"] = {"multipart/form-data": body["content"]["application/json"]}

    assert main(changed(tmp_path, form)) == 1
    assert "POST /v1/events: only application/json" in capsys.readouterr().err


def test_a_reference_to_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def dangling(content: dict[str, object]) -> None:
        event = content["components"]["schemas"]["GetEventResponse"]["properties"]  # type: ignore[index]
        event["event"]["$ref"] = "#/components/schemas/Gone"

    assert main(changed(tmp_path, dangling)) == 1
    assert "Gone" in capsys.readouterr().err


def test_a_document_that_is_not_yaml_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "openapi.yaml").write_text("a: [1")
    assert main(["--spec", str(tmp_path / "openapi.yaml"), "--out", str(tmp_path / "out")]) == 1
    assert "cannot read openapi.yaml" in capsys.readouterr().err


def test_models_that_need_each_other_can_be_generated(tmp_path: Path) -> None:
    """Trees, and two classes that hold each other: an import at the top of both would be a cycle."""

    def recursive(content: dict[str, object]) -> None:
        schemas = content["components"]["schemas"]  # type: ignore[index]
        ref = "#/components/schemas/"
        schemas["LegacyEvent"]["properties"]["note"] = {"$ref": f"{ref}Note"}
        schemas["Note"] = {
            "type": "object",
            "required": ["about"],
            "properties": {
                "about": {"$ref": f"{ref}LegacyEvent"},
                "replies": {"type": "array", "items": {"$ref": f"{ref}Note"}},
                "either": {
                    "anyOf": [{"$ref": f"{ref}Note"}, {"type": "array", "items": {"$ref": f"{ref}Note"}}]
                },
            },
        }

    arguments = changed(tmp_path, recursive)
    assert main(arguments) == 0
    code = """
from honeyhive_client.models import Event, Note
value = {"note": {"about": {"event_id": "a"}, "replies": [{"about": {}}], "either": [{"about": {}}]}}
event = Event.from_dict(value)
assert isinstance(event.note, Note) and isinstance(event.note.about, Event)
assert isinstance(event.note.replies[0], Note) and isinstance(event.note.either[0], Note)
assert event.to_dict() == value
import honeyhive_schemas
for backend in ("jsonschema", "jsonschema-rs"):
    check = honeyhive_schemas.validator("Event", backend=backend)
    assert check.is_valid(value)
    print([failure.path for failure in check.failures({"note": {"about": {"note": {"replies": [{}]}}}})])
"""
    done = python(code, path=tmp_path / "generated")
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["['note.about.note.about', 'note.about.note.replies[0].about']"] * 2


def test_another_version_of_a_tool_is_refused(tmp_path: Path) -> None:
    pins = pinned_versions()
    assert set(pins) == {"openapi-python-client", "ruff"}
    other = tmp_path / "pyproject.toml"
    other.write_text('[dependency-groups]\ncodegen = ["openapi-python-client==0.0.1", "ruff==0.17.6"]\n')
    with pytest.raises(
        GenerationError, match=r"openapi-python-client is version 0\.29\.1, not 0\.0\.1: run `nox"
    ):
        check_versions(other)


def test_a_tool_that_is_not_pinned_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "pyproject.toml"
    other.write_text('[dependency-groups]\ncodegen = ["openapi-python-client==0.29.1", "ruff>=0.17"]\n')
    with pytest.raises(GenerationError, match="pin ruff with =="):
        pinned_versions(other)


def test_the_swap_puts_the_old_tree_back_when_it_cannot_finish(tmp_path: Path) -> None:
    target = tmp_path / "generated"
    target.mkdir()
    (target / "kept.py").write_text("kept")
    with pytest.raises(OSError, match="missing"):
        swap(tmp_path / "missing", target)
    assert tree(target) == {"kept.py": b"kept"}


def test_differences_ignore_what_python_caches(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "__pycache__").mkdir()
    (tmp_path / "b" / "__pycache__" / "x.pyc").write_bytes(b"")
    assert differences(tmp_path / "a", tmp_path / "b") == []


def test_the_command_line_says_what_it_can_do() -> None:
    command = [sys.executable, "-m", "codegen.generate", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(option in done.stdout for option in ("--check", "--spec", "--config", "--out"))


def test_the_config_holds_only_names_that_the_document_makes() -> None:
    """An override of a class that does not exist any more is a leftover."""
    overrides = yaml.safe_load(CONFIG.read_text("utf-8"))["class_overrides"]
    models = (GENERATED / "honeyhive_client" / "models" / "__init__.py").read_text("utf-8")
    for override in overrides.values():
        assert f'"{override["class_name"]}"' in models
