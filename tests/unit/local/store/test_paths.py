"""The dictionary of dotted paths."""

from __future__ import annotations

import pytest

from honeyhive_ext.local.store.paths import FoundPaths, Paths


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "", "a."], ids=repr)
def test_sqlite_is_not_asked_about_keys_that_some_version_of_it_cannot_find(key: str) -> None:
    paths = Paths()
    paths.add_event({"metadata": {key: 1}}, {"metadata"}, {})
    found = paths.find("metadata", key)
    if key == "a.":
        assert found == FoundPaths(('$."a."',), scan=False)
    else:
        assert found == FoundPaths((), scan=True)


def test_a_dotted_path_means_every_reading_that_occurs() -> None:
    paths = Paths()
    metadata = {"a.b": {"c": 1}, "a": {"b.c": 2}, "e": [{"d": 2}]}
    paths.add_event({"metadata": metadata}, {"metadata"}, {"z": {"y": 1}})
    assert paths.find("metadata", "a.b.c") == FoundPaths(('$."a.b"."c"', '$."a"."b.c"'), scan=False)
    assert paths.find("metadata", "e.d") == FoundPaths((), scan=True)  # inside an array
    assert paths.find("", "z.y") == FoundPaths(('$."z"."y"',), scan=False)
    assert paths.find("metadata", None) == FoundPaths(("$",), scan=False)
    assert paths.texts() == [
        "metadata.a",
        "metadata.a.b",
        "metadata.a.b.c",
        "metadata.e",
        "metadata.e.d",
        "z",
        "z.y",
    ]
