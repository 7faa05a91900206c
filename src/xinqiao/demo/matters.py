"""The demonstration's hand-written data, read once: areas, organs, staff, content classes, matters, knowledge, words."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DISTRICT = "330105"
OFFICE = "gs-xinfang"
HOTLINE = "gs-hotline"
CONFERENCE = "gs-conference"
DISCIPLINE = "gs-jiwei"


@dataclass(frozen=True)
class Matter:
    """One invented matter that the generator varies. `{slots}` and `[choices|of|words]` are still in its texts."""

    id: str
    kind: str  # redress | inquiry | suggestion | report | guidance | unclear
    content: str
    organ: str  # code of the competent organ; "street" for the office of the street where it happened
    title: str
    texts: tuple[str, ...]
    channels: tuple[str, ...]
    people: tuple[str, ...]
    assist: tuple[str, ...] = ()
    demand: str = ""
    outcomes: tuple[Mapping[str, str], ...] = ()
    visit: str = ""
    hearing: str = ""
    extend: str = ""
    object: Mapping[str, str] = field(default_factory=dict)
    rate: tuple[Mapping[str, Any], ...] = ()
    reply: str = ""
    route: str = ""
    spot: bool = True
    about: str = ""
    handover: str = ""
    feedback: str = ""
    topic: str = ""


@dataclass(frozen=True)
class Place:
    """A community of the district with its street."""

    code: str
    name: str
    street_code: str
    street: str


@dataclass(frozen=True)
class Staff:
    """A post of an invented member of staff. `leave` counts days from the day of loading."""

    login: str
    name: str
    organ: str
    role: str
    title: str
    deputy: str = ""
    leave: tuple[int, int] | None = None


def read(name: str) -> Any:
    """The content of a YAML file below demo/data."""
    return yaml.load((DATA / name).read_text("utf-8"), Loader=_LOADER)  # noqa: S506 the safe loader, in C where there is one


@cache
def matters() -> tuple[Matter, ...]:
    """All matters, in the order of their files and in them. A matter for another route counts as guidance."""
    found: list[Matter] = []
    for path in sorted((DATA / "cases").glob("*.yaml")):
        for raw in read(f"cases/{path.name}"):
            row: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
            }
            if row["kind"] == "route":
                row["kind"] = "guidance"
                row["reply"] = row["outcomes"][0]["reply"]
            found.append(Matter(**row))
    return tuple(found)


@cache
def area_rows() -> tuple[Mapping[str, str], ...]:
    """The areas of the demonstration as rows of a table."""
    with (DATA / "areas.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def places() -> tuple[Place, ...]:
    """Every residents' community of the demonstration's own district."""
    streets = {row["code"]: row["name"] for row in area_rows() if row["level"] == "street"}
    return tuple(
        Place(row["code"], row["name"], row["parent_code"], streets[row["parent_code"]])
        for row in area_rows()
        if row["level"] == "community" and row["parent_code"].startswith(DISTRICT) and "类似" not in row["name"]
    )


@cache
def staff() -> tuple[Staff, ...]:
    """Every post, in the order of the file."""
    return tuple(
        Staff(
            account["login"],
            account["name"],
            post["organ"],
            post["role"],
            post["title"],
            post.get("deputy", ""),
            (post["leave"][0], post["leave"][1]) if "leave" in post else None,
        )
        for account in read("staff.yaml")["accounts"]
        for post in account["posts"]
    )


@cache
def logins(organ: str, role: str) -> tuple[str, ...]:
    """Who holds a post of that role at that organ."""
    return tuple(one.login for one in staff() if one.organ == organ and one.role == role)


def street_organ(street_code: str) -> str:
    """The code of the office of a street."""
    return f"gs-st-{street_code[-3:]}"
