"""Acts and their articles: text or pointer, dates in force, and what became of each in code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Article:
    """One article or paragraph. `status` is encoded | not_modelled | question; `why` says by what, or why not."""

    act: str
    act_title: str
    ref: str
    title: str
    text: str
    start: date
    end: date | None
    status: str
    why: str

    @property
    def cite(self) -> str:
        return f"{self.act}:{self.ref}"


@dataclass(frozen=True)
class Act:
    id: str
    title: str
    issuer: str
    articles: tuple[Article, ...]


def _read(page: Mapping[str, Any]) -> Act:
    rows = tuple(
        Article(
            page["id"],
            page["title"],
            str(row["ref"]),
            row.get("title", ""),
            row.get("text", ""),
            row.get("from", page["from"]),
            row.get("to", page.get("to")),
            row["status"],
            row.get("why", ""),
        )
        for row in page["articles"]
    )
    return Act(page["id"], page["title"], page["issuer"], rows)


@cache
def acts() -> Mapping[str, Act]:
    """All acts by id."""
    pages = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.yaml")))
    return {page["id"]: _read(page) for page in pages}


@cache
def _index() -> Mapping[str, Article]:
    return {a.cite: a for act in acts().values() for a in act.articles}


def article(act: str, ref: str = "") -> Article:
    """The article `ref` of `act`; `act` may also be a whole cite like "xinfang-2022:34". Raises KeyError."""
    return _index()[f"{act}:{ref}" if ref else act]
