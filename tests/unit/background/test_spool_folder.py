"""The folder of the spool: from the option or the environment, decided when the client is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import ConfigError
from honeyhive_ext.background.background_options import spool_folder


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        (None, {}, None),
        (False, {"HH_SPOOL": "/x"}, None),
        (None, {"HH_SPOOL": " /data/spool/ "}, "/data/spool"),
        (None, {"HH_SPOOL": "~/spool"}, "/home/me/spool"),
        (Path("~/spool"), {}, "/home/me/spool"),
        (True, {}, "/home/me/.local/state/honeyhive-ext/spool"),
        (None, {"HH_SPOOL": "true", "XDG_STATE_HOME": "/state"}, "/state/honeyhive-ext/spool"),
    ],
    ids=repr,
)
def test_a_folder_is_absolute(
    given: Any, environ: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert spool_folder(given, environ) == expected


def test_what_is_no_folder_on_this_machine_names_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"^HH_SPOOL is 's3://bucket/spool'"):
        spool_folder(None, {"HH_SPOOL": "s3://bucket/spool"})
    with pytest.raises(ConfigError, match=r"^Background\(spool=\) is 'file:///x'"):
        spool_folder("file:///x", {})
