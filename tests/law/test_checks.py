"""The law holds together, and the checks would notice if it did not."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from xinqiao.law.acts import Act, acts
from xinqiao.law.checks import problems
from xinqiao.law.coverage import coverage, questions
from xinqiao.law.engine import Edge, Opens, Procedure, State
from xinqiao.law.parameters import Parameter, Value, parameters
from xinqiao.law.procedures import PROCEDURES
from xinqiao.law.types import Station

ROOT = Path(__file__).parents[2]
HOUSE = dict(PROCEDURES)


def with_edge(edge: Edge) -> dict[str, Procedure]:
    intake = HOUSE["intake"]
    return {**HOUSE, "intake": replace(intake, edges=(*intake.edges, edge))}


def test_the_law_holds_together() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        (Edge("x", ("nowhere",), "received", ("officer",), "x", ("local:note",)), "starts in nowhere"),
        (Edge("x", ("received",), "nowhere", ("officer",), "x", ("local:note",)), "leads to intake.nowhere"),
        (Edge("x", ("received",), "", ("officer",), "x", ("local:note",), also=("moon:base",)), "leads to moon.base"),
        (Edge("x", ("received",), "", ("officer",), "x", ()), "cites nothing"),
        (Edge("x", ("received",), "", ("officer",), "x", ("xinfang-2022:99",)), "not in acts"),
        (
            Edge("x", ("received",), "", ("officer",), "x", ("local:note",), may_open=("fly",)),
            "fly is opened and never",
        ),
        (
            Edge("x", ("received",), "", ("officer",), "x", ("local:note",), settles=("fly",)),
            "fly is settled and never",
        ),
        (
            Edge(
                "x",
                ("received",),
                "",
                ("officer",),
                "x",
                ("local:note",),
                settles=("fly",),
                opens=(Opens("fly", "office", "flight", "received", "x", "window"),),
            ),
            "the term flight is used and not declared",
        ),
        (
            Edge(
                "x",
                ("received",),
                "",
                ("officer",),
                "x",
                ("local:note",),
                settles=("fly",),
                opens=(Opens("fly", "office", "register", "received", "x", "window"),),
            ),
            "fly is opened as a window",
        ),
    ],
)
def test_a_broken_edge_is_noticed(edge: Edge, said: str) -> None:
    assert any(said in problem for problem in problems(with_edge(edge)))


def test_a_broken_state_is_noticed() -> None:
    intake = HOUSE["intake"]
    lost = replace(
        intake,
        states=(*intake.states, State("lost", "x"), State("over", "x", "office", end=True)),
        stations=(Station("x", "x", ("nowhere",)),),
    )
    found = "\n".join(problems({**HOUSE, "intake": lost}))
    assert "intake.lost: nobody is waited for" in found
    assert "intake.over: an end waits for somebody" in found
    assert "intake.lost cannot be reached" in found
    assert "station x shows nowhere" in found


def test_a_window_that_nothing_ends_is_noticed() -> None:
    house = {name: replace(p, edges=tuple(replace(e, lapses="") for e in p.edges)) for name, p in HOUSE.items()}
    assert any("nothing records that the window evaluation ran out" in p for p in problems(house))


def test_broken_data_is_noticed() -> None:
    twice = Parameter(
        "term.twice",
        "x",
        "calendar",
        (Value(date(2022, 5, 1), None, 1, "local:note"), Value(date(2024, 1, 1), None, 2, "local:note")),
    )
    hole = Parameter(
        "term.hole",
        "x",
        "calendar",
        (Value(date(2022, 5, 1), date(2023, 1, 1), 1, "local:note"), Value(date(2023, 1, 3), None, 2, "local:note")),
    )
    fewer = {name: p for name, p in parameters().items() if name != "term.notice"}
    found = "\n".join(problems(values={**fewer, "term.twice": twice, "term.hole": hole}))
    assert "term.twice: 2 values on 2024-01-01" in found
    assert "term.hole: no value on 2023-01-02" in found
    assert "the term notice has no parameter" in found
    silent = replace(acts()["local"].articles[0], why="")
    books = {**acts(), "local": Act("local", "x", "x", (silent, *acts()["local"].articles[1:]))}
    assert any("local:register does not say" in p for p in problems(books=books))


def test_the_written_pages_are_in_step() -> None:
    assert (ROOT / "docs/law-coverage.md").read_text("utf-8").strip() == coverage().strip()
    assert questions().strip() in (ROOT / "docs/open-questions.md").read_text("utf-8")
