"""The call about the yellow leaves, told minute by minute: from the hotline to the satisfied close within the hour."""

from datetime import date, timedelta
from typing import Any

from xinqiao.demo import matters
from xinqiao.demo.scripts import CaseScript, Person, Ref, Step, at_time


def script(day: date) -> CaseScript:
    """The call as it ran on `day`, a working day."""
    told: dict[str, Any] = matters.read("tree_leaves.yaml")
    called = at_time(day, 10)
    return CaseScript(
        key="demo/tree-leaves",
        matter="tree-leaves",
        kind="inquiry",
        situation="tree-leaves",
        channel=told["channel"],
        taken_by=told["taken_by"],
        received_at=called,
        text=told["text"],
        title=told["title"],
        wish=told["wish"],
        place=told["place"],
        area_code=told["area_code"],
        reporter="person",
        people=(Person("petitioner", told["person"]["name"], told["person"]["phone"]),),
        entered_seconds=told["entered_seconds"],
        steps=tuple(
            Step(
                called + timedelta(minutes=step["minute"]),
                step["by"],
                step["step"],
                _inputs(step.get("inputs", {}), day),
            )
            for step in told["steps"]
        ),
    )


def _inputs(given: dict[str, Any], day: date) -> dict[str, Any]:
    return {name: _value(value, day) for name, value in given.items()}


def _value(value: Any, day: date) -> Any:
    if isinstance(value, list):
        return [_value(one, day) for one in value]
    if isinstance(value, str):
        kind, _, code = value.partition(":")
        if kind in ("organ", "post", "photo"):
            return Ref(kind, code)  # type: ignore[arg-type]
        return value.replace("<day>", day.isoformat())
    return value
