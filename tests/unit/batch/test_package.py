"""The public names of `honeyhive_ext.batch` are imported when they are first used."""

from __future__ import annotations

import pytest

from honeyhive_ext import batch
from honeyhive_ext.batch import limits, packed_ids, report
from honeyhive_ext.observe import progress


@pytest.mark.parametrize("name", batch.__all__)
def test_every_public_name_is_the_object_of_its_module_and_is_kept(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = next(module for module in (limits, packed_ids, report, progress) if name in vars(module))
    monkeypatch.delitem(vars(batch), name, raising=False)
    assert getattr(batch, name) is vars(home)[name]
    assert vars(batch)[name] is vars(home)[name]


def test_a_name_that_is_not_public_is_refused_as_of_any_module() -> None:
    with pytest.raises(AttributeError) as refused:
        batch.nothing  # noqa: B018
    assert str(refused.value) == "module 'honeyhive_ext.batch' has no attribute 'nothing'"
