"""Obligations follow the law's decision: opened with their trace, settled, and one of them leads on each worklist."""

from datetime import date, datetime, timedelta

from xinqiao.kernel.clock import day_of, start_of
from xinqiao.law import types as law_types
from xinqiao.law.terms import chinese_day
from xinqiao.ledger.batch import Batch

from .holding import Held
from .models import Case, Obligation


def apply(held: Held, decision: law_types.Decision, *, seq: int, at: datetime, batch: Batch) -> list[Obligation]:
    """Settle and open what `decision` says, by `batch`; return the opened ones."""
    if not decision.opens and not decision.settles and not decision.closes and not decision.succeeds:
        return []
    case, unsettled = held.case, held.obligations
    settled = settle(unsettled, decision, at=at)
    moved = hand_on(unsettled, decision)
    opened = [open_(case, spec, seq=seq, at=at) for spec in decision.opens]
    living = [o for o in unsettled if o.settled_at is None] + opened
    changed = {o.id: o for o in [*settled, *moved, *lead(living)] if o not in opened}
    for row in changed.values():
        batch.update(row, ("settled_at", "settled_on", "state", "leading", "organ"))
    for row in opened:
        batch.insert(row)
    held.obligations = living
    return opened


def settle(unsettled: list[Obligation], decision: law_types.Decision, *, at: datetime) -> list[Obligation]:
    """Mark those of `unsettled` that `decision` settles, met, missed or lifted; return them. Does not save."""
    today = day_of(at)
    settled: list[Obligation] = []
    for each in decision.settles:
        for obligation in unsettled:
            if obligation.act == each.act and obligation.settled_at is None and _owned(obligation, each.owner):
                done_on = each.on or today
                obligation.settled_at, obligation.settled_on = at, done_on
                if each.how == "lifted":
                    obligation.state = Obligation.State.LIFTED
                elif done_on <= obligation.due:
                    obligation.state = Obligation.State.MET
                else:
                    obligation.state = Obligation.State.MISSED
                obligation.leading = False
                settled.append(obligation)
    return settled


def hand_on(unsettled: list[Obligation], decision: law_types.Decision) -> list[Obligation]:
    """What an organ that is no more owes in this case is its heir's now, its dates as they were. Does not save."""
    if decision.succeeds is None:
        return []
    gone, heir = decision.succeeds
    mine = [o for o in unsettled if o.organ_id == gone and o.settled_at is None]
    for obligation in mine:
        obligation.organ_id = heir
    return mine


def over_at(due: date) -> datetime:
    """The moment when the term's last day is over: 24:00 in Shanghai (民法典 203)."""
    return start_of(due + timedelta(days=1))


def _owned(obligation: Obligation, owner: str) -> bool:
    if not owner:
        return True
    if owner.startswith("assist:"):
        return obligation.owner == "assist" and obligation.organ_id == int(owner.partition(":")[2])
    return obligation.owner == owner


def _organ_of(case: Case, owner: str) -> int | None:
    if owner.startswith("assist:"):
        return int(owner.partition(":")[2])
    return {"lead": case.lead_id, "office": case.office_id, "arbiter": case.ruling_id, "discipline": case.lead_id}.get(
        owner
    )


def open_(case: Case, spec: law_types.Open, *, seq: int, at: datetime) -> Obligation:
    """The obligation that `spec` opens, with its trace and the moment when the watcher looks at it. Does not save."""
    due = spec.due
    obligation = Obligation(
        case=case,
        act=spec.act,
        title=spec.title,
        kind=spec.kind,
        owner=spec.owner.partition(":")[0],
        organ_id=_organ_of(case, spec.owner),
        term=due.term,
        start_on=due.start,
        due=due.due,
        due_unrolled=due.due_unrolled,
        provisional=due.provisional,
        trace=[_line(line) for line in due.trace],
        cites=list(due.cites),
        opened_at=at,
        opened_seq=seq,
    )
    near = start_of(due.near)
    obligation.wake_at = near if spec.kind == "duty" and near > at else over_at(due.due)
    return obligation


def _line(line: law_types.TraceLine) -> dict[str, object]:
    return {
        "text": line.text,
        "day": line.day.isoformat() if line.day else None,
        "values": dict(line.values),
        "cite": line.cite,
    }


def lead(living: list[Obligation]) -> list[Obligation]:
    """Mark the earliest duty of each organ; return the obligations whose mark changed."""
    first: dict[int, Obligation] = {}
    for obligation in sorted(living, key=lambda o: (o.due, o.id)):
        if obligation.kind == "duty" and obligation.organ_id is not None:
            first.setdefault(obligation.organ_id, obligation)
    changed = []
    for obligation in living:
        leading = first.get(obligation.organ_id or 0) is obligation
        if obligation.leading != leading:
            obligation.leading = leading
            changed.append(obligation)
    return changed


def lines_of(obligation: Obligation) -> list[law_types.TraceLine]:
    """The stored trace as the law's lines, for "why this date?"."""
    return [
        law_types.TraceLine(
            text=line["text"],
            day=date.fromisoformat(line["day"]) if line["day"] else None,
            values=line["values"],
            cite=line["cite"],
        )
        for line in obligation.trace
    ]


def reasons_of(obligation: Obligation) -> list[str]:
    """The stored trace as Chinese sentences, for papers."""
    lines = []
    for line in lines_of(obligation):
        text = line.text.format(**line.values)
        lines.append(f"{chinese_day(line.day)}：{text}" if line.day else text)
    return lines
