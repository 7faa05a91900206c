"""Values of the law: dated, cited, never overwritten; local rules overlay national ones by area code.

Every *.yaml here is a list of parameters: id, title, unit, [question], values: [{from, to, value, cite, [jurisdiction]}].
No value for a day, or two, is an error: the law is never silent and never speaks twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


class ParameterError(LookupError):
    """No value, or more than one, is in force on the day asked for."""


@dataclass(frozen=True)
class Value:
    start: date
    end: date | None  # last day in force
    value: Any
    cite: str
    jurisdiction: str = ""

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Parameter:
    id: str
    title: str
    unit: str
    values: tuple[Value, ...]
    question: str = ""  # what a lawyer must still confirm; '' when settled
    own: bool = False  # this system's own rule, not a statute's


def _read(row: Mapping[str, Any]) -> Parameter:
    values = tuple(
        Value(v["from"], v.get("to"), v["value"], v["cite"], str(v.get("jurisdiction", ""))) for v in row["values"]
    )
    return Parameter(row["id"], row["title"], row["unit"], values, row.get("question", ""), row.get("own", False))


@cache
def parameters() -> Mapping[str, Parameter]:
    """All parameters by id. Raises ParameterError when an id is used twice."""
    found: dict[str, Parameter] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text("utf-8")):
            add(found, _read(row))
    return MappingProxyType(found)


def add(found: dict[str, Parameter], parameter: Parameter) -> None:
    """Put `parameter` among those found. Raises ParameterError when its id is taken."""
    if parameter.id in found:
        raise ParameterError(f"two parameters are called {parameter.id}")
    found[parameter.id] = parameter


def pick(parameter: Parameter, day: date, jurisdiction: str = "") -> Value:
    """The value in force on `day`: the closest area's own, else the wider one's, else the nation's.

    Raises ParameterError when the same level has no value at all levels, or two at one.
    """
    for length in range(len(jurisdiction), -1, -1):
        here = [v for v in parameter.values if v.jurisdiction == jurisdiction[:length] and v.covers(day)]
        if len(here) > 1:
            raise ParameterError(f"{parameter.id}: {len(here)} values on {day.isoformat()}")
        if here:
            return here[0]
    raise ParameterError(f"{parameter.id}: no value on {day.isoformat()}")


@cache
def value(name: str, day: date, jurisdiction: str = "") -> Value:
    """The value of parameter `name` on `day` in `jurisdiction`. Raises ParameterError."""
    if name not in parameters():
        raise ParameterError(f"no parameter is called {name}")
    return pick(parameters()[name], day, jurisdiction)
