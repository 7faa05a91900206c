"""Does the law hold together? Every state reachable and owned, every act settled, every cite found, one value for each day."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from xinqiao.law import calendars
from xinqiao.law.acts import Act, acts
from xinqiao.law.diagrams import targets
from xinqiao.law.engine import WINDOWS, Procedure
from xinqiao.law.parameters import Parameter, ParameterError, parameters, pick
from xinqiao.law.procedures import PROCEDURES
from xinqiao.law.terms import TERMS, term

STATUSES = ("encoded", "not_modelled", "question")
UNTIL = date(2032, 12, 31)
House = Mapping[str, Procedure]


def problems(
    house: House = PROCEDURES,
    values: Mapping[str, Parameter] | None = None,
    books: Mapping[str, Act] | None = None,
) -> list[str]:
    """Everything that is wrong, in plain words; an empty list when the law holds together."""
    values = parameters() if values is None else values
    books = acts() if books is None else books
    return [
        *_targets(house),
        *_owners(house),
        *_reachable(house),
        *_settled(house),
        *_windows(house),
        *_terms(house, values),
        *_cites(house, values, books),
        *_articles(books),
        *_one_value(values),
    ]


def _targets(house: House) -> Iterator[str]:
    """Every edge starts and ends in a declared state."""
    for procedure in house.values():
        known = {s.key for s in procedure.states} | {""}
        for edge in procedure.edges:
            for state in edge.frm:
                if state not in known:
                    yield f"{procedure.name}.{edge.step} starts in {state}, which nobody declared"
                for where, key in targets(procedure, edge, state):
                    if where not in house or key not in {s.key for s in house[where].states}:
                        yield f"{procedure.name}.{edge.step} leads to {where}.{key}, which nobody declared"
        for station in procedure.stations:
            for state in set(station.states) - known:
                yield f"{procedure.name}: station {station.key} shows {state}, which nobody declared"


def _owners(house: House) -> Iterator[str]:
    """An open state names who is waited for when no duty is open; an end names nobody."""
    for procedure in house.values():
        for state in procedure.states:
            if state.end == bool(state.waits):
                yield f"{procedure.name}.{state.key}: {'an end waits for somebody' if state.end else 'nobody is waited for'}"


def _reachable(house: House) -> Iterator[str]:
    """Every declared state can be reached from the beginning."""
    seen: set[tuple[str, str]] = set()
    todo = [("intake", "")]
    while todo:
        name, state = todo.pop()
        procedure = house[name]
        for edge in procedure.edges:
            if state in edge.frm:
                new = [t for t in targets(procedure, edge, state) if t[0] in house and t not in seen]
                seen.update(new)
                todo += new
    for procedure in house.values():
        for declared in procedure.states:
            if (procedure.name, declared.key) not in seen:
                yield f"{procedure.name}.{declared.key} cannot be reached"


def _settled(house: House) -> Iterator[str]:
    """Every act that a step opens, another one settles."""
    edges = [edge for procedure in house.values() for edge in procedure.edges]
    settled = {act for edge in edges for act in (*edge.settles, *edge.lifts, *edge.may_settle)}
    opened = {act for edge in edges for act in (*edge.may_open, *(o.act for o in edge.opens))}
    for act in sorted(opened - settled):
        yield f"{act} is opened and never settled"
    for act in sorted(settled - opened):
        yield f"{act} is settled and never opened"


def _windows(house: House) -> Iterator[str]:
    """A window is known as one, and something records its end."""
    edges = [edge for procedure in house.values() for edge in procedure.edges]
    declared = {o.act for edge in edges for o in edge.opens if o.kind == "window"}
    for act in sorted(declared - WINDOWS):
        yield f"{act} is opened as a window but is not among the windows"
    for act in sorted(WINDOWS - {edge.lapses for edge in edges}):
        yield f"nothing records that the window {act} ran out"


def _terms(house: House, values: Mapping[str, Parameter]) -> Iterator[str]:
    """Every term that a step opens is known and has a parameter."""
    used = {o.term for procedure in house.values() for edge in procedure.edges for o in edge.opens}
    for name in sorted(used - set(TERMS)):
        yield f"the term {name} is used and not declared"
    for name in TERMS:
        if name != "extension" and f"term.{name}" not in values:
            yield f"the term {name} has no parameter"


def _cites(house: House, values: Mapping[str, Parameter], books: Mapping[str, Act]) -> Iterator[str]:
    """Every article cited by a step, a parameter or a term exists."""
    known = {article.cite for act in books.values() for article in act.articles}
    used: dict[str, str] = {}
    for procedure in house.values():
        for edge in procedure.edges:
            if not edge.cites:
                yield f"{procedure.name}.{edge.step} cites nothing"
            used |= dict.fromkeys(edge.cites, f"{procedure.name}.{edge.step}")
    for parameter in values.values():
        used |= {value.cite: parameter.id for value in parameter.values}
    for name in TERMS:
        due = term(name, date(2026, 9, 25), paused=((date(2026, 9, 28), date(2026, 9, 29)),))
        used |= {cite: name for line in due.trace if (cite := line.cite)}
    for cite, where in sorted(used.items()):
        if cite not in known:
            yield f"{where} cites {cite}, which is not in acts/"


def _articles(books: Mapping[str, Act]) -> Iterator[str]:
    """Every article says what became of it, and why."""
    for act in books.values():
        for article in act.articles:
            if article.status not in STATUSES or not article.why or not article.text:
                yield f"{article.cite} does not say what became of it"


def _one_value(values: Mapping[str, Parameter]) -> Iterator[str]:
    """From its first day on, a parameter has exactly one value for every day and area."""
    for parameter in values.values():
        for area in sorted({"", *(v.jurisdiction for v in parameter.values)}):
            yield from _sweep(parameter, area)


def _sweep(parameter: Parameter, area: str) -> Iterator[str]:
    day = max(min(v.start for v in parameter.values), calendars.first_day())
    edges = {v.start for v in parameter.values} | {v.end + timedelta(days=1) for v in parameter.values if v.end}
    while day <= UNTIL:
        try:
            pick(parameter, day, area)
        except ParameterError as error:
            yield str(error)
            return
        day = min({day + timedelta(days=31), *(e for e in edges if e > day)})
