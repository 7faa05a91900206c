"""From facts to a worded paper: one function a kind, all found here by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from xinqiao.kernel.words import N_
from xinqiao.papers import facts as keys
from xinqiao.papers import intake, redress, replies
from xinqiao.papers.model import Paper, Seal
from xinqiao.papers.reading import Facts


@dataclass(frozen=True)
class Kind:
    """A kind of paper: its name, the word in its number, the keys that it takes and who words it."""

    label: str
    word: str
    facts: type
    write: Callable[[Facts], Paper]


KINDS: Mapping[str, Kind] = {
    "receipt": Kind(N_("来件回执"), "收", keys.Receipt, intake.receipt),
    "registration": Kind(N_("信访事项登记表"), "登", keys.Registration, intake.registration),
    "referral_slip": Kind(N_("信访事项转送单"), "转", keys.Referral, intake.referral_slip),
    "objection": Kind(N_("信访事项转送异议书"), "异", keys.Objection, intake.objection),
    "jurisdiction_ruling": Kind(N_("指定办理通知"), "定", keys.Ruling, intake.jurisdiction_ruling),
    "acceptance_notice": Kind(N_("信访事项受理告知书"), "受", keys.Acceptance, redress.acceptance_notice),
    "extension_notice": Kind(N_("信访事项延长办理期限告知书"), "延", keys.Extension, redress.extension_notice),
    "decision": Kind(N_("信访事项处理意见书"), "理", keys.DecisionFacts, redress.decision),
    "service_proof": Kind(N_("送达回证"), "达", keys.Service, redress.service_proof),
    "suggestion_reply": Kind(N_("建议回复函"), "复", keys.SuggestionReply, replies.suggestion_reply),
    "transfer_letter": Kind(N_("检举控告类信访事项移送函"), "移", keys.Transfer, replies.transfer_letter),
    "withdrawal_note": Kind(N_("撤回信访事项确认书"), "撤", keys.Withdrawal, replies.withdrawal_note),
    "on_the_spot_reply": Kind(N_("当场答复单"), "答", keys.OnTheSpot, replies.on_the_spot_reply),
    "path_notice": Kind(N_("办理途径告知书"), "导", keys.PathNotice, replies.path_notice),
}


def paper_label(kind: str) -> str:
    """The Chinese name of a kind of paper. Raises KeyError for an unknown one."""
    return KINDS[kind].label


def document_number(kind: str, *, organ_word: str, day: date, serial: str) -> str:
    """A document number: organ's word, kind's word, year in hexagonal brackets, random serial."""
    return f"{organ_word}{KINDS[kind].word}〔{day.year}〕{serial}号"


def compose(kind: str, facts: Mapping[str, Any]) -> Paper:
    """Word the paper `kind` from `facts`. The keys stand in `xinqiao.papers.facts`.

    Raises MissingFact (a BadInput that names the field) when a required fact is missing or has the wrong form, KeyError
    for an unknown kind.
    """
    entry = KINDS[kind]
    reader = Facts(facts, paper=entry.label)
    paper = entry.write(reader)
    serial = reader.maybe("serial")
    number = reader.maybe("number")
    if not number and serial:
        number = document_number(kind, organ_word=reader.maybe("organ_word"), day=paper.issued_on, serial=serial)
    return replace(
        paper,
        number=number,
        seal=_seal(reader) if paper.signed else "none",
        attachments=paper.attachments or reader.names("attachments"),
        notes=(*paper.notes, *_contact(reader), *reader.names("notes"), *_demonstration(reader)),
        copy_to=reader.names("copy_to"),
        watermark="草稿" if reader.flag("draft") else "演示" if reader.flag("demonstration") else "",
        meta={"subject": paper.title, "keywords": reader.maybe("case_number").replace(" ", "")},
    )


def _seal(facts: Facts) -> Seal:
    wish = facts.maybe("seal", "stamp")
    for seal in get_args(Seal):
        if wish == seal:
            return seal  # type: ignore[no-any-return]
    raise facts.wrong("seal", "不认识这种用印方式")


def _contact(facts: Facts) -> tuple[str, ...]:
    contact = facts.part("contact")
    parts = [
        f"{label}：{contact.maybe(name)}"
        for name, label in (("name", "联系人"), ("phone", "电话"), ("address", "地址"), ("hours", "接待时间"))
        if contact.has(name)
    ]
    return ("；".join(parts),) if parts else ()


def _demonstration(facts: Facts) -> tuple[str, ...]:
    return ("演示数据：人员、单位和事项均为虚构，不具有法律效力",) if facts.flag("demonstration") else ()
