"""`xinqiao law`: look up terms, compute dates with their reasons, check that the law holds together, draw procedures."""

import argparse
import json
from datetime import date
from typing import Any

from xinqiao.cli import complain


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Bring the command `law` and its words."""
    parser = subparsers.add_parser("law", help="terms, dates with their reasons, checks, diagrams")
    words = parser.add_subparsers(title="words", metavar="WORD", required=True)

    terms = words.add_parser("terms", help="every term: length, from when, under which article")
    terms.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="the law of this day (default: 2022-05-01)"
    )
    _place(terms)
    terms.set_defaults(run=_terms)

    for name, run, about in (
        ("due", _due, "the last day of a term that starts on a day"),
        ("explain", _explain, "the same, line by line in Chinese"),
    ):
        word = words.add_parser(name, help=about)
        word.add_argument("term", metavar="TERM", help="a name from `xinqiao law terms`, e.g. notice")
        word.add_argument("--from", dest="start", type=_day, required=True, metavar="DATE", help="the day not counted")
        word.add_argument("--days", type=int, default=None, help="a length set in the single case, e.g. by a decision")
        word.add_argument(
            "--paused",
            type=_stretch,
            action="append",
            default=[],
            metavar="FIRST..LAST",
            help="days that do not count (hearing in a re-review); may be given more than once",
        )
        _place(word)
        word.set_defaults(run=run)

    words.add_parser("check", help="does the law hold together?").set_defaults(run=_check)
    drawing = words.add_parser("diagram", help="a procedure as Mermaid text")
    drawing.add_argument(
        "procedure", metavar="PROCEDURE", help="intake, redress, inquiry, suggestion, report or guidance"
    )
    drawing.set_defaults(run=_diagram)
    words.add_parser("coverage", help="article by article, what is in the code").set_defaults(run=_coverage)
    words.add_parser("questions", help="what a lawyer still has to answer").set_defaults(run=_questions)


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jurisdiction", default="", metavar="CODE", help="area code whose own rules go first")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a day is written like 2026-09-21, not {text!r}") from None


def _stretch(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots or _day(first) > _day(last):
        raise argparse.ArgumentTypeError(f"days are written like 2026-09-21..2026-09-23, not {text!r}")
    return _day(first), _day(last)


def _show(asked: argparse.Namespace, data: Any, text: str) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2) if asked.json else text)


def _terms(asked: argparse.Namespace) -> int:
    from xinqiao.law.parameters import ParameterError, parameters, value
    from xinqiao.law.terms import TERMS

    day = asked.on or date(2022, 5, 1)
    rows = []
    for term in TERMS.values():
        names = ("term.decision", "extension.days") if term.name == "extension" else (f"term.{term.name}",)
        try:
            found = [value(name, day, asked.jurisdiction) for name in names]
        except ParameterError:
            continue
        parameter = parameters()[names[-1]]
        rows.append(
            {
                "term": term.name,
                "title": term.title,
                "starts": term.starts,
                "length": sum(v.value for v in found),
                "unit": parameter.unit,
                "side": term.side,
                "cite": found[-1].cite,
                "question": parameter.question,
            }
        )
    unit = {"calendar": "日", "working": "个工作日"}
    lines = [
        f"{r['term']:<26}{r['length']:>4} {unit[r['unit']]}\t{r['title']}（从{r['starts']}起）\t{r['cite']}"
        + ("\t待核实" if r["question"] else "")
        for r in rows
    ]
    _show(asked, rows, "\n".join(lines))
    return 0


def _computed(asked: argparse.Namespace) -> Any:
    from xinqiao.law import term

    return term(asked.term, asked.start, jurisdiction=asked.jurisdiction, days=asked.days, paused=asked.paused)


def _guarded(asked: argparse.Namespace) -> Any:
    from xinqiao.law.terms import TERMS, UnknownTerm

    try:
        return _computed(asked)
    except UnknownTerm:
        return complain(
            f"没有叫 {asked.term} 的期限。", remedy="可用的名字：" + "、".join(sorted(TERMS)), as_json=asked.json
        )
    except LookupError as error:
        return complain(f"这一天算不出来：{error}", remedy="请换一个条例施行以后的日期。", as_json=asked.json)
    except ValueError as error:
        return complain(f"天数不对：{error}", remedy="--days 至少是 1。", as_json=asked.json)


def _due(asked: argparse.Namespace) -> int:
    from xinqiao.law import explain

    due = _guarded(asked)
    if isinstance(due, int):
        return due
    data = {
        "term": due.term,
        "from": due.start.isoformat(),
        "due": due.due.isoformat(),
        "due_unrolled": due.due_unrolled.isoformat(),
        "near": due.near.isoformat(),
        "provisional": due.provisional,
        "trace": [
            {
                "text": line.text.format(**line.values),
                "day": line.day.isoformat() if line.day else None,
                "cite": line.cite,
            }
            for line in due.trace
        ],
        "cites": list(due.cites),
    }
    _show(asked, data, "\n".join((due.due.isoformat(), *(f"  {line}" for line in explain(due)))))
    return 0


def _explain(asked: argparse.Namespace) -> int:
    from xinqiao.law import article, explain

    due = _guarded(asked)
    if isinstance(due, int):
        return due
    found = [article(cite) for cite in due.cites]
    cites = [f"{a.act_title}{a.title}" if a.title.startswith("第") else f"{a.act_title}：{a.title}" for a in found]
    data = {"due": due.due.isoformat(), "lines": explain(due), "cites": cites}
    _show(asked, data, "\n".join((*explain(due), "依据：" + "；".join(cites))))
    return 0


def _check(asked: argparse.Namespace) -> int:
    from xinqiao.law.checks import problems

    found = problems()
    _show(asked, {"problems": found}, "\n".join(found) or "The law holds together.")
    return 1 if found else 0


def _diagram(asked: argparse.Namespace) -> int:
    from xinqiao.law import diagram
    from xinqiao.law.procedures import PROCEDURES

    if asked.procedure not in PROCEDURES:
        known = "、".join(PROCEDURES)
        return complain(f"没有叫 {asked.procedure} 的程序。", remedy=f"可用的名字：{known}", as_json=asked.json)
    drawn = diagram(asked.procedure)
    _show(asked, {"procedure": asked.procedure, "mermaid": drawn}, drawn.rstrip())
    return 0


def _coverage(asked: argparse.Namespace) -> int:
    from xinqiao.law.acts import acts
    from xinqiao.law.coverage import coverage

    rows = [
        {"cite": a.cite, "title": a.title, "status": a.status, "why": a.why}
        for act in acts().values()
        for a in act.articles
    ]
    _show(asked, rows, coverage().rstrip())
    return 0


def _questions(asked: argparse.Namespace) -> int:
    from xinqiao.law.coverage import questions
    from xinqiao.law.parameters import parameters

    rows = [{"id": p.id, "title": p.title, "question": p.question} for p in parameters().values() if p.question]
    _show(asked, rows, questions().rstrip())
    return 0
