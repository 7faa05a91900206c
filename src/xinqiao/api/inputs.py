"""The inputs of a step from JSON: checked against what the law declares, as the desk's forms do with their lists."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from xinqiao import law
from xinqiao.cases.models import Case
from xinqiao.cases.services import Upload
from xinqiao.files import staging
from xinqiao.files.services import MOST_FILES
from xinqiao.kernel.errors import BadInput
from xinqiao.kernel.words import N_
from xinqiao.law.types import Input
from xinqiao.people import selectors as people
from xinqiao.people.models import Organ
from xinqiao.triage import selectors as triage

LEADING = ("department", "street", "petition_office", "government")
ARBITERS = ("conference", "government")
LARGEST_ID = 2**63 - 1
_GONE = N_("有附件不在了（最多等六个小时），请重新上传。")
_DECLARED: dict[tuple[str, str, str], dict[str, Input]] = {}
for _procedure in law.procedures():
    for _edge in _procedure.edges:
        for _state in _edge.frm:
            _known = _DECLARED.setdefault((_procedure.name, _state, _edge.step), {})
            _known.update({item.name: item for item in _edge.needs})
_FILE_INPUTS = frozenset(
    (step, item.name)
    for (_procedure_name, _state_name, step), items in _DECLARED.items()
    for item in items.values()
    if item.kind == "files"
)


def read(
    case: Case, step: str, given: Mapping[str, Any], *, shelf: staging.Shelf, on: date
) -> tuple[dict[str, Any], dict[str, list[Upload]]]:
    """What `take_step` takes: inputs and uploads. Raises BadInput by field.

    When the step is not declared in the case's state, nothing is checked: take_step refuses it, or knows it as done.
    """
    uploads = {name: _uploads(name, given[name], shelf) for name in given if (step, name) in _FILE_INPUTS}
    inputs = {name: value for name, value in given.items() if name not in uploads}
    declared = _DECLARED.get((case.procedure, case.state, step))
    if declared is None:
        return inputs, uploads
    wrong: dict[str, str] = {name: N_("这一步没有这一项，请核对名字。") for name in given if name not in declared}
    for name, value in inputs.items():
        if name in declared and value not in (None, "", []):
            problem = _wrong(declared[name], value, case=case, inputs=inputs, on=on)
            if problem:
                wrong[name] = problem
    if wrong:
        raise BadInput(wrong)
    return inputs, uploads


def staged(token: Any, shelf: staging.Shelf) -> tuple[staging.Staged, bytes] | None:
    """An upload that waits, or None."""
    return staging.get(shelf, token) if isinstance(token, str) and token.isascii() else None


def _uploads(name: str, tokens: Any, shelf: staging.Shelf) -> list[Upload]:
    if tokens in (None, "", []):
        return []
    if not isinstance(tokens, list) or len(tokens) > MOST_FILES:
        raise BadInput({name: N_("请填附件编号的列表，最多 20 个。")})
    found = [staged(token, shelf) for token in tokens]
    if None in found:
        raise BadInput({name: _GONE})
    return [Upload(one[0].name, one[1], one[0].kind) for one in found if one is not None]


def _wrong(item: Input, value: Any, *, case: Case, inputs: Mapping[str, Any], on: date) -> str:
    """What is wrong with a value, '' when it will do; texts, choices, dates and demands the law checks itself."""
    match item.kind:
        case "organ":
            return "" if _organs([value], item.name, case, on) else N_("没有这个单位，或者这件事不能交给它。")
        case "organs":
            fine = isinstance(value, list) and _organs(value, item.name, case, on)
            return "" if fine else N_("其中有的单位不存在，或者这件事不能交给它。")
        case "post":
            organ_id = inputs.get("lead") or case.lead_id or case.office_id
            posts = people.posts_at(organ_id, on) if _is_id(organ_id) else []
            return "" if value in {post.pk for post in posts if post.role != "admin"} else N_("这个单位没有这个岗位。")
        case "area":
            fine = isinstance(value, str) and len(value) <= 15 and people.area_at(value, on) is not None
            return "" if fine else N_("没有这个地方的代码。")
        case "content":
            fine = isinstance(value, str) and bool(triage.content_name(value))
            return "" if fine else N_("没有这个内容分类。")
        case "bool":
            return "" if isinstance(value, bool) else N_("请填 true 或 false。")
        case "many":
            choices = {choice.value for choice in item.choices}
            fine = isinstance(value, list) and all(isinstance(one, str) and one in choices for one in value)
            return "" if fine else N_("请从列出的选项里选。")
        case "choice":
            return "" if isinstance(value, str) else N_("请从列出的选项里选一个。")
        case "date":
            return "" if isinstance(value, str) and len(value) == 10 else N_("请按 2026-01-31 的样子填写日期。")
        case "demands":
            return "" if _plain_rows(value) else N_("每一项诉求都要写明内容、事实、理由、依据和处理意见。")
        case _:
            return "" if isinstance(value, str) else N_("请用文字填写。")


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID


def _organs(ids: Sequence[Any], name: str, case: Case, on: date) -> bool:
    """Whether all are ids of organs to which this input of this case may point."""
    if not all(_is_id(one) for one in ids):
        return False
    kinds: Sequence[str] = LEADING
    area = case.jurisdiction
    if name == "arbiter":
        kinds, area = ARBITERS, f"{case.jurisdiction[:4]}00"
    elif name == "lead" and case.procedure == "report":
        kinds, area = (Organ.Kind.DISCIPLINE,), f"{case.jurisdiction[:4]}00"
    return set(ids) <= people.organs_known(ids, on=on, kinds=kinds, area_code=area)


def _plain_rows(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 50 and all(
        isinstance(row, dict) and all(isinstance(part, str) and len(part) <= 20_000 for part in row.values())
        for row in value
    )  # fmt: skip
