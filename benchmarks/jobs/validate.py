"""Validate one event against its schema."""

from __future__ import annotations

from typing import Any

from benchmarks import payload
from benchmarks.job import Contender, Job, Must, Run, Target

OURS = "honeyhive_schemas, is_valid_json (parsed JSON)"
ANYTHING = "honeyhive_schemas, is_valid (any Python value)"


def verdicts(valid: Any) -> Run:
    events = payload.events(100)
    return lambda units: sum(valid(event) for event in events * (units // 100))


def upstream() -> dict[str, Any]:
    from honeyhive_schemas import schema

    return schema("PostEventRequest")


def rust(target: Target) -> Run:
    import jsonschema_rs

    return verdicts(jsonschema_rs.Draft202012Validator(upstream(), validate_formats=True).is_valid)


def python(target: Target) -> Run:
    import jsonschema

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return verdicts(jsonschema.Draft202012Validator(upstream(), format_checker=checker).is_valid)


def ours(target: Target) -> Run:
    from honeyhive_schemas import validator

    return verdicts(validator("PostEventRequest").is_valid_json)


def ours_anything(target: Target) -> Run:
    from honeyhive_schemas import validator

    return verdicts(validator("PostEventRequest").is_valid)


JOB = Job(
    name="validate",
    title="validate one event",
    step=100,
    rows=(
        Contender("jsonschema-rs", rust),
        Contender("jsonschema", python),
        Contender(OURS, ours),
        Contender(ANYTHING, ours_anything),
    ),
    musts=(Must(OURS, "jsonschema-rs", 1.5),),
)
