"""A worklist as rows of a table: the columns that the reader sees, read page by page, each page in a transaction of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from xinqiao import law
from xinqiao.cases import access as case_access
from xinqiao.cases import selectors
from xinqiao.cases.models import Case
from xinqiao.cases.selectors import Filters
from xinqiao.desk import casebook, sheets
from xinqiao.desk.sheets import Cell
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.kernel.words import N_
from xinqiao.people import access
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.actors import Actor
from xinqiao.ui.templatetags.xq import number_grouped

SHOWN = (  # the worklist's headings, and the columns that the words under each become in a table
    (N_("期限"), (N_("期限"), N_("期限事项"))),
    (N_("编号、标题"), (N_("编号"), N_("标题"), N_("标记"), N_("收到日期"))),
    (N_("走到哪一步"), (N_("走到哪一步"), N_("类别"))),
    (N_("承办"), (N_("承办单位"), N_("承办人"))),
)
COLUMNS = tuple(column for _, columns in SHOWN for column in columns)
PERSONAL = (N_("来信人"), N_("电话"))
A_PAGE = 500
MOST_REVEALED = 500


@dataclass(frozen=True)
class Wish:
    """What is to be exported: the worklist's filters, the form, whether persons are shown whole, and why."""

    filters: Filters
    form: str
    personal: bool
    reveal: bool
    reason: str


def head(wish: Wish) -> list[str]:
    """The titles of the columns, in the reader's language."""
    return [gettext(title) for title in (*COLUMNS, *(PERSONAL if wish.personal else ()))]


def begin(wish: Wish, *, actor: Actor, at: datetime) -> None:
    """Leave the trace of an export before its first byte: by whom, of what, why. Raises BadInput without a reason."""
    asked = {name: str(value) for name, value in asdict(wish.filters).items() if value and name != "after"}
    detail = {"list": "worklist", "asked": asked, "form": wish.form, "personal": wish.personal, "reveal": wish.reveal}
    vault.access_record(kind="export", reason=wish.reason, actor=actor, at=at, detail=detail)


def most(wish: Wish) -> int | None:
    """How many cases one file holds; None when there is no limit. A table of xlsx keeps a line for its head and one for a last word."""
    limits = [MOST_REVEALED] if wish.reveal else []
    if wish.form == "xlsx":
        limits.append(sheets.MOST_XLSX_ROWS - 2)
    return min(limits, default=None)


def rows(wish: Wish, *, actor: Actor, at: datetime, language: str) -> Iterator[Sequence[Cell]]:
    """The rows one by one; where more would not fit, a last line says so. At the end the access log learns how many there were."""
    after, count, more, limit = "", 0, True, most(wish)
    while more:
        with access.acting(actor), translation.override(language):
            page = selectors.worklist(actor=actor, filters=replace(wish.filters, after=after), size=A_PAGE)
            shown = page.rows if limit is None else page.rows[: limit - count]
            found = list(_cells(shown, wish, actor=actor, at=at))
            count += len(found)
            after = page.after
            more = bool(after) and (limit is None or count < limit)
            if not more:
                cut = bool(after) or len(shown) < len(page.rows)
                told = {"list": "worklist", "rows": count} | ({"cut": True} if cut else {})
                vault.access_record(kind="export", reason=wish.reason, actor=actor, at=at, detail=told)
                if cut:
                    found.append([_cut(count)])
        yield from found


def _cut(count: int) -> str:
    return gettext("到此为止：一个文件最多 {n} 件，后面的没有导出。请把筛选条件收窄，分几次导出。").format(n=count)


def _cells(page: Sequence[selectors.Row], wish: Wish, *, actor: Actor, at: datetime) -> Iterator[Sequence[Cell]]:
    persons = _persons([row.case for row in page], wish, actor=actor, at=at) if wish.personal else {}
    for row in page:
        case, duty = row.case, row.obligation
        if case.sealed:
            vault.access_record(
                kind="export", reason=wish.reason, actor=actor, at=at, case_id=case.id, sealed=True,
                detail={"list": "worklist"},
            )  # fmt: skip
        cells: list[Cell] = [
            duty.due if duty else None,
            gettext(duty.title) if duty else gettext("已办结") if case.closed_at else gettext("等别人"),
            number_grouped(case.number),
            case.title,
            gettext("；").join(words for _, words, _ in casebook.marks(case)),
            case.received_at.astimezone(SHANGHAI).date(),
            gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
            gettext(casebook.procedure_label(case.procedure)),
            (case.lead or case.office).short_name,
            case.handler.account.name if case.handler else "",
        ]
        yield [*cells, *persons.get(case.id, ("", ""))] if wish.personal else cells


def _persons(cases: Sequence[Case], wish: Wish, *, actor: Actor, at: datetime) -> dict[Any, tuple[str, str]]:
    """Name and telephone by case, of those whom the reader may see: masked, or whole with an entry for each person."""
    seen = case_access.identities_seen(cases, actor)
    allowed = {case.id: case.person_id for case in cases if case.person_id and case.id in seen}
    if wish.reveal:
        whole = {}
        for case_id, person_id in allowed.items():
            shown = vault.person_reveal(
                person=person_id, fields=["name", "phone"], reason=wish.reason, actor=actor, at=at, case_id=case_id
            )
            whole[case_id] = (shown["name"], shown["phone"])
        return whole
    masked = people.masked_many(allowed.values())
    return {
        case_id: (masked[person_id].name, masked[person_id].phone)
        for case_id, person_id in allowed.items()
        if person_id in masked
    }
