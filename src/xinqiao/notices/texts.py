"""The words of every message. A sentence whose values are not known is left out; sealed matters get neutral words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

from xinqiao.kernel.words import N_

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MASK = "••••••"


@dataclass(frozen=True)
class Template:
    """Subject and sentences (gettext ids). `secrets` are values that only the recipient may read."""

    subject: str
    sentences: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    neutral: bool = False  # says nothing about the matter anyway: used for sealed ones too

    @property
    def fields(self) -> frozenset[str]:
        """Names of the values that the words can use."""
        return frozenset(
            name for text in (self.subject, *self.sentences) for _, name, _, _ in Formatter().parse(text) if name
        )


@dataclass(frozen=True)
class Words:
    """A message as the recipient reads it."""

    subject: str
    body: str


_NEXT = N_("接下来：{act}，最晚{due}。")
_LOOK = N_("随时可以用编号和查询码在网上查看进展。")
_OPEN = N_("请登录系统办理。")
_LOOK_UP = N_("详情请在网上查看。")

PETITIONER: dict[str, Template] = {
    "received": Template(
        N_("您的来件已登记"),
        (N_("您的来件已经登记，编号 {number}。"), N_("查询码另外告诉您，请收好，不要给别人看。")),
        neutral=True,
    ),
    "code": Template(
        N_("您的查询码"),
        (N_("您的查询码是 {code}。"), N_("凭它和来件编号可以查看进展、补充材料和评价，请不要告诉别人。")),
        secrets=("code",),
        neutral=True,
    ),
    "progress": Template(N_("您的来件有新的进展"), (N_("您的来件（编号 {number}）有新的进展。"), _LOOK), neutral=True),
    "passed_on": Template(N_("您的来件已转给承办单位"), (N_("您的来件（编号 {number}）已转给{organ}。"), _NEXT, _LOOK)),
    "accepted": Template(
        N_("您的来件已受理"),
        (N_("{organ}已经受理您的来件（编号 {number}）。"), _NEXT, N_("受理告知书可以在网上查看和下载。")),
    ),
    "not_accepted": Template(
        N_("关于您来件的告知"),
        (N_("您的来件（编号 {number}）有了书面告知，里面写明了原因和您可以走的途径，请尽快查看。"), _LOOK),
    ),
    "extended": Template(
        N_("您的来件延长了办理时间"),
        (N_("您的来件（编号 {number}）情况复杂，经批准延长了办理时间。"), _NEXT, N_("延期告知书里写明了理由。")),
    ),
    "decided": Template(
        N_("您的来件有了处理意见"), (N_("{organ}对您的来件（编号 {number}）作出了处理意见，正在送达给您。"), _NEXT)
    ),
    "served": Template(
        N_("处理意见已送达"),
        (
            N_("您的来件（编号 {number}）的处理意见书已经送达。"),
            N_("如果不满意，可以申请复查；最晚哪一天，网上和意见书里都写着。"),
            _LOOK,
        ),
    ),
    "answered": Template(N_("您的来件有了答复"), (N_("{organ}答复了您的来件（编号 {number}），请在网上查看全文。"),)),
    "reply": Template(N_("您的建议有了回复"), (N_("{organ}回复了您的建议（编号 {number}），请在网上查看全文。"),)),
    "hearing_asked": Template(
        N_("想听听您的意见"), (N_("{organ}要就您的来件（编号 {number}）听取您的意见，会与您联系。"), _LOOK)
    ),
    "relayed": Template(N_("有话转告您"), (N_("关于您的来件（编号 {number}），信访部门有话转告，请在网上查看。"),)),
    "ruled": Template(N_("您的来件确定了承办单位"), (N_("您的来件（编号 {number}）确定由{organ}办理。"), _NEXT, _LOOK)),
    "code_renewed": Template(
        N_("查询码换了"),
        (
            N_("您的来件（编号 {number}）在窗口换了查询码，原来的不能再用。"),
            N_("如果不是您本人办的，请马上与信访部门联系。"),
        ),
    ),
    "data_changed": Template(
        N_("联系信息改了"),
        (N_("有人到窗口更正了您来件上的联系信息。"), N_("如果不是您本人办的，请马上与信访部门联系。")),
        neutral=True,
    ),
    "withdraw_asked": Template(
        N_("收到您的撤回申请"),
        (
            N_("您申请撤回来件（编号 {number}）。"),
            N_("七天内改主意了，可以取消撤回。"),
            N_("如果不是您本人申请的，请马上取消。"),
        ),
    ),
    "withdrawn": Template(
        N_("您的来件已撤回"), (N_("按您的意愿，来件（编号 {number}）已经撤回。"), N_("以后仍可以再来反映。"))
    ),
    "rate_please": Template(
        N_("请您评价"), (N_("您的来件（编号 {number}）办完了。办得怎么样，请您评一评信访部门和承办单位。"),)
    ),
    "guided": Template(
        N_("您的来件该走的途径"),
        (N_("您的来件（编号 {number}）法律规定由其他途径处理，地址、材料和期限都写在告知书里，请尽快查看。"), _LOOK),
    ),
    "urged": Template(N_("已经替您催办"), (N_("您的来件（编号 {number}）已经催办。"), _NEXT)),
    "recalled": Template(
        N_("文书更正"), (N_("您的来件（编号 {number}）有一份文书收回更正，更正后的文书会重新送达给您。"), _LOOK)
    ),
    "executed": Template(
        N_("处理意见的落实情况"), (N_("您的来件（编号 {number}）的处理意见有了落实情况，请在网上查看。"),)
    ),
    "succeeded": Template(
        N_("您的来件换了单位接着办"),
        (
            N_("因为机关调整，您的来件（编号 {number}）现在由{organ}接着办。"),
            N_("您不用再交材料，原来的期限不变。"),
            _LOOK,
        ),
    ),
    "closed": Template(N_("您的来件已办结"), (N_("您的来件（编号 {number}）已经办结。"), _LOOK)),
}

STAFF: dict[str, Template] = {
    "progress": Template(N_("有一件事项有新的进展"), (N_("事项 {number} 有新的进展。"), _OPEN)),
    "referred": Template(N_("有事项转到你单位"), (N_("事项 {number} 已转到你单位。"), _NEXT, _OPEN)),
    "dispatched": Template(
        N_("请到现场看一看"), (N_("事项 {number} 派给你：请尽快到现场查看，并在系统里回复。"), _NEXT)
    ),
    "urged": Template(N_("催办"), (N_("事项 {number} 被催办。"), _NEXT, _OPEN)),
    "objected": Template(N_("承办单位提出异议"), (N_("{organ}认为事项 {number} 不归其管辖，理由在系统里。"), _NEXT)),
    "objection_rejected": Template(
        N_("异议没有被采纳"), (N_("你单位对事项 {number} 的异议没有被采纳，理由在系统里。"), _NEXT)
    ),
    "returned": Template(N_("事项被退回"), (N_("事项 {number} 被退回，理由在系统里。"), _NEXT)),
    "ruling_asked": Template(N_("请裁定管辖"), (N_("事项 {number} 的管辖有争议，请裁定。"), _NEXT, _OPEN)),
    "jurisdiction_ruled": Template(N_("管辖已裁定"), (N_("事项 {number} 已裁定由{organ}办理。"), _NEXT)),
    "ruled": Template(N_("管辖已裁定"), (N_("事项 {number} 已裁定由{organ}办理。"), _NEXT)),
    "assist_asked": Template(N_("请协办"), (N_("事项 {number} 由{organ}主办，请你单位协办。"), _NEXT, _OPEN)),
    "assist_done": Template(N_("协办意见已交"), (N_("事项 {number} 的协办单位交来了意见。"), _OPEN)),
    "material_added": Template(N_("信访人补充了材料"), (N_("信访人给事项 {number} 补充了材料。"), _OPEN)),
    "withdraw_asked": Template(
        N_("信访人申请撤回"), (N_("信访人申请撤回事项 {number}，七天内可以反悔，办理先不要停。"),)
    ),
    "withdraw_undone": Template(N_("信访人取消了撤回"), (N_("信访人取消撤回，事项 {number} 照常办理。"), _OPEN)),
    "withdrawn": Template(N_("信访人撤回了事项"), (N_("事项 {number} 由信访人撤回，已经结束。"),)),
    "extension_asked": Template(N_("请审批延期"), (N_("事项 {number} 申请延长办理时间，请审批。"), _NEXT, _OPEN)),
    "due_soon": Template(
        N_("期限快到了"), (N_("事项 {number} 的“{act}”最晚{due}前完成，已经用去三分之二的时间。"), _OPEN)
    ),
    "overdue": Template(N_("已经超期"), (N_("事项 {number} 的“{act}”应在{due}前完成，现在已经超期。"), _OPEN)),
    "rated": Template(N_("信访人作了评价"), (N_("信访人对事项 {number} 作了评价。"), _OPEN)),
    "succeeded": Template(
        N_("有事项因机关调整由你单位接办"), (N_("事项 {number} 因机关调整由你单位接办，原来的期限不变。"), _OPEN)
    ),
    "handed_over": Template(N_("工作交接"), (N_("事项 {number} 已交接给你。"), _OPEN)),
    "alarm": Template(
        N_("有通知没有送出"), (N_("有 {count} 条通知多次发送没有成功，已经搁置。请查明原因后重新发送。"),)
    ),
    "paper_stuck": Template(
        N_("有一份文书没有制成"),
        (
            N_("事项 {number} 有一份文书试了几次都没有制成。系统会接着试，管理员已经得到通知；制成以前请不要送达。"),
            _OPEN,
        ),
    ),
    "papers_stuck": Template(
        N_("有文书没有制成"),
        (N_("有 {count} 份文书试了几次都没有制成。请查看日志和电子印章；修好以后系统会自己补上。"),),
    ),
    "abolition_stuck": Template(
        N_("单位撤销没有办成"),
        (N_("{organ}的撤销到了日子没有办成，系统会接着试。请到系统管理里这个单位的页面看原因，改好，或者取消。"),),
    ),
    "phone_code": Template(
        N_("验证码"),
        (N_("验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要。"),),
        secrets=("code",),
        neutral=True,
    ),
}
STAFF["code"] = PETITIONER["code"]
STAFF["received"] = PETITIONER["received"]
STAFF["data_changed"] = PETITIONER["data_changed"]  # to the number that was there before
PETITIONER["registered"] = PETITIONER["received"]
PETITIONER["phone_code"] = STAFF["phone_code"]

_SEALED_STAFF = Template(N_("有一件事项需要你处理"), (N_("有一件事项（编号 {number}）需要你处理。"), _OPEN))


def find(text: str, to_kind: str, *, sealed: bool = False) -> Template:
    """The template for a text and recipient; a text without words of its own becomes "there is something new"."""
    book = PETITIONER if to_kind == "petitioner" else STAFF
    template = book.get(text, book["progress"])
    if not sealed or template.neutral:
        return template
    return PETITIONER["progress"] if to_kind == "petitioner" else _SEALED_STAFF


def known(text: str, to_kind: str) -> bool:
    """Whether a text has words of its own for this recipient."""
    return text in (PETITIONER if to_kind == "petitioner" else STAFF)


def write(
    text: str, to_kind: str, params: Mapping[str, Any], *, sealed: bool = False, own: Template | None = None
) -> Words:
    """The words of a message, in the language that is active; `own`: words of this instance (wordings.py)."""
    template = own or find(text, to_kind, sealed=sealed)
    values = {name: _shown(name, value) for name, value in params.items()}
    known_ones = [each if own else gettext(each) for each in template.sentences if _fields(each) <= values.keys()]
    apart = "" if (get_language() or "zh").startswith("zh") else " "
    body = apart.join(each.format_map(values) for each in known_ones or [gettext(_LOOK_UP)])
    subject = template.subject if own else gettext(template.subject)
    return Words(subject.format_map(values), body)


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def _shown(name: str, value: Any) -> str:
    text = str(value)
    if _DAY.fullmatch(text):
        return date_format(date.fromisoformat(text), gettext(" n 月 j 日（l）"))
    if name == "number" and text[:12].isdecimal() and len(text) >= 12:
        return f"{text[:4]} {text[4:8]} {text[8:]}"
    if name == "act":
        return gettext(text)
    return text
