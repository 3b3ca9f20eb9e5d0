"""A part of the package whose library is not installed says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules[{library!r}] = None  # as if it were not installed
try:
    {statement}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("statement", "library", "advice"),
    [
        ("from honeyhive_ext.otel import configure", "opentelemetry", "pip install 'honeyhive-ext[otel]'"),
        (
            "from honeyhive_ext.otel import HoneyHiveSpanProcessor",
            "opentelemetry.sdk.trace",
            "pip install 'honeyhive-ext[otel]'",
        ),
        ("import honeyhive_ext.testing", "hypothesis", "pip install 'honeyhive-ext[testing]'"),
        (
            "from honeyhive_ext.integrations.langchain import CallbackHandler",
            "langchain_core.tracers.base",
            "pip install langchain-core",
        ),
    ],
)
def test_an_import_without_its_library_says_what_to_install(
    statement: str, library: str, advice: str
) -> None:
    program = PROGRAM.format(library=library, statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert advice in done.stdout


def test_an_error_of_another_module_is_not_hidden() -> None:
    missing = "honeyhive_ext.otel.span_processor"
    program = PROGRAM.format(library=missing, statement="from honeyhive_ext.otel import configure")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert missing in done.stdout
    assert "pip install" not in done.stdout
