"""The pages of examples are read, and what they promise is compared without what differs from run to run."""

from __future__ import annotations

from pathlib import Path

from tests.support.example_page import Step, lasting, steps

PAGE = """
# Example

```sh
pip install x
python -m example one
python -m example two
```

Then:

```text
done in 3 s
```

```sh
pip install y
```

```sh
other
```
"""


def test_a_block_of_commands_goes_with_the_text_below_it(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    commands = ["python -m example one", "python -m example two"]
    assert steps(page) == [Step(commands, "done in 3 s\n"), Step(["other"], None)]


def test_times_and_their_columns_differ_and_everything_else_counts() -> None:
    one = "session a   1.36 s  in all 12 tokens\n└── tool b  +0.5 ms  481 µs  error: no"
    other = "session a     900 ms  in all 12 tokens\n\n└── tool b    +12 ms   1,481 ms  error: no\n"
    assert lasting(one) == lasting(other)
    for planted in ("13 tokens", "error: yes", "model b"):
        changed = (
            one.replace("12 tokens", planted) if "tokens" in planted else one.replace("error: no", planted)
        )
        assert lasting(changed) != lasting(one)
