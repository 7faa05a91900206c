"""What others ask of the demonstration: who may be signed in as, cases to try, and whether it was loaded to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from xinqiao.cases.models import Case
from xinqiao.demo.generator import generate
from xinqiao.demo.scripts import CaseScript
from xinqiao.demo.sign_ins import SignIn, password, sign_ins
from xinqiao.intake.models import Submission
from xinqiao.intake.services import code_of
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.words import N_
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Instance
from xinqiao.people.selectors import demonstration
from xinqiao.triage.models import KnowledgeEntry

__all__ = ["Example", "SignIn", "complete", "examples", "password", "sign_ins", "work_to_try"]

TO_TRY = (
    ("tree-leaves", N_("打电话问树叶为什么黄，一小时内办结")),
    ("served", N_("已经答复，等您评价")),
    ("urged", N_("正在办理，刚催过")),
    ("extended", N_("延期一次，理由已告知")),
    ("withdrawing", N_("申请了撤回，还能反悔")),
    ("closed-rated", N_("已经办结，评价过")),
)


@dataclass(frozen=True)
class Example:
    """A case of the demonstration that a visitor may follow with its number and query code."""

    number: str
    code: str
    title: str
    shows: str  # gettext id
    situation: str


def complete() -> bool:
    """Whether this database is a demonstration that was loaded to its end: knowledge is stored last."""
    return demonstration() and KnowledgeEntry.objects.exists()


def examples() -> list[Example]:
    """One case for each situation worth following as a citizen, with its query code. Empty outside a demonstration."""
    row = Instance.objects.filter(pk=1, demonstration=True).first()
    if row is None:
        return []
    told = _first_of_each(day_of(row.created_at))
    found = []
    with access.acting(SYSTEM("demonstration")):
        for situation, shows in TO_TRY:
            script = told.get(situation)
            said = script and Submission.objects.filter(received_at=script.received_at, channel=script.channel).first()
            if script and said:
                given = next((step.inputs["title"] for step in script.steps if "title" in step.inputs), said.title)
                found.append(Example(said.number, code_of(script.key), given, shows, situation))
    return found


def work_to_try(login: str) -> str:
    """The number of an open case on which the tour of that sign-in can be followed; '' when there is none (yet)."""
    with access.acting(SYSTEM("demonstration")):
        cases = Case.objects.filter(closed_at__isnull=True, sealed=False)
        if login == "chengguan":
            cases = cases.filter(lead__code="gs-chengguan", procedure="redress").exclude(state="referred")
        else:
            cases = cases.filter(office__code="gs-xinfang", state="registered")
        return cases.order_by("received_at").values_list("number", flat=True).first() or ""


@lru_cache(maxsize=1)
def _first_of_each(today: date) -> Mapping[str, CaseScript]:
    found: dict[str, CaseScript] = {}
    for script in generate(today):
        if script.kind in ("redress", "inquiry"):
            found.setdefault(script.situation, script)
    return found
