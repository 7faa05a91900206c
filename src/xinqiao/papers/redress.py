"""Papers of the petition procedure proper: acceptance, extension, decision, proof of service (Art. 23, 31-35)."""

from datetime import date

from xinqiao.papers.model import Because, Block, Bullets, Cell, Form, Paper, Para, Row
from xinqiao.papers.phrases import ACT, headed, letter, listed, numeral, paras, quoted, sheet
from xinqiao.papers.reading import Facts
from xinqiao.papers.text import day_words, spaced_number


def acceptance_notice(facts: Facts) -> Paper:
    """信访事项受理告知书 (Art. 23 para 3, 31 (6), 34); for a suggestion, 建议接收告知书 (Art. 29)."""
    lane = facts.maybe("lane", "redress")
    if lane not in LANES:
        raise facts.wrong("lane", "不认识这种")
    return LANES[lane](facts)


def _arrived(facts: Facts) -> str:
    """How the matter came to this unit."""
    submitted, received = facts.maybe_day("submitted_on"), facts.maybe_day("received_on")
    opening = f"您{f'于{day_words(submitted)}' if submitted else ''}提出的{quoted(facts)}"
    if received:
        sender = facts.maybe("sender")
        opening += f"，{f'由{sender}转来，' if sender else ''}我单位于{day_words(received)}收到"
    return opening


def _redress_accepted(facts: Facts) -> Paper:
    due = facts.due("due")
    opening = (
        f"{_arrived(facts)}。经核实，该事项属于我单位职权范围，我单位自{day_words(facts.day('accepted_on'))}起受理，"
        f"依照{ACT}第三十一条第六项规定的信访程序办理。现将有关事项告知如下："
    )
    blocks: list[Block] = [Para(opening)]
    part = 0
    demands = facts.names("demands")
    if demands:
        part += 1
        blocks += [headed(part, "您的请求"), *listed(demands)]
    blocks.append(headed(part + 1, "办理期限"))
    if facts.flag("simplified"):
        blocks.append(
            Para(
                f"本事项适用简易办理，我单位最迟在{due.words}前给您答复{due.cited}。您要求出具书面处理意见的，请告诉我们。"
            )
        )
    else:
        blocks.append(
            Para(
                f"我单位最迟在{due.words}前办结，并给您书面的处理意见：自受理之日起60日内办结；情况复杂的，"
                f"经本单位负责人批准可以延长，延长不超过30日，并告知您理由（{ACT}第三十四条）。"
            )
        )
    blocks += due.because()
    blocks += [
        headed(part + 2, "办理方式"),
        Para(
            "作出处理意见前，我单位会听取您陈述事实和理由，并调查核实；事项重大、复杂、疑难的，可以举行听证"
            f"（{ACT}第三十一条第六项）。您可以随时补充材料。"
        ),
        headed(part + 3, "您的权利"),
        Para(
            f"您可以凭编号和查询码查看办理进展，办结后可以对信访部门和我单位分别作出评价（{ACT}第二十一条）。"
            f"工作人员与本事项或者与您有直接利害关系的，应当回避（{ACT}第二十八条），您知道这种情形的，请告诉我们。"
            "任何组织和个人不得打击报复信访人。"
        ),
        Para(f"在办理期限内，向上级机关、单位重复提出同一事项的，上级机关、单位不予受理（{ACT}第十九条第三款）。"),
        Para("特此告知。"),
    ]
    return letter("acceptance_notice", "信访事项受理告知书", facts, blocks)


def _suggestion_taken(facts: Facts) -> Paper:
    due = facts.due("due")
    blocks: list[Block] = [
        Para(
            f"{_arrived(facts)}。经核实，该建议属于我单位职权范围，我单位自{day_words(facts.day('accepted_on'))}起研究论证"
            f"（{ACT}第二十三条第三款、第二十九条第一款）。感谢您的建议。"
        ),
        Para(f"我单位最迟在{due.words}前书面回复您：是否采纳，为什么，怎样落实。"),
        *due.because(),
        Para(f"您可以随时补充说明，也可以凭编号和查询码查看进展，回复后作出评价（{ACT}第二十一条）。"),
        Para("特此告知。"),
    ]
    return letter("acceptance_notice", "建议接收告知书", facts, blocks)


LANES = {"redress": _redress_accepted, "suggestion": _suggestion_taken}


def extension_notice(facts: Facts) -> Paper:
    """信访事项延长办理期限告知书 (Art. 34): the reason is told."""
    due = facts.due("new_due")
    approver, approved = facts.maybe("approved_by"), facts.maybe_day("approved_on")
    approval = f"经本单位负责人{approver}{f'于{day_words(approved)}' if approved else ''}批准"
    blocks: list[Block] = [
        Para(
            f"您提出的{quoted(facts)}，我单位于{day_words(facts.day('accepted_on'))}受理，"
            f"原应在{day_words(facts.day('old_due'))}前办结。"
        ),
        Para(
            f"因情况复杂，{approval}，办理期限延长至{due.words}。我单位最迟在这一天前给您书面的处理意见"
            f"（{ACT}第三十四条：延长期限不得超过30日）。"
        ),
        *due.because(),
        Para("延长的理由如下："),
        *paras(facts.paragraphs("reason")),
        Para("延长期间，您仍可以查询进展、补充材料、陈述事实和理由。办理期限只延长这一次。"),
        Para("特此告知。"),
    ]
    return letter("extension_notice", "信访事项延长办理期限告知书", facts, blocks)


OUTCOMES = {
    "support": ("予以支持", "您的请求事实清楚，符合有关规定，予以支持", "第三十二条第一项"),
    "partly": ("部分予以支持", "您的请求中事实清楚、符合有关规定的部分予以支持，其余部分说明如下", "第三十二条"),
    "explain": ("作出解释说明", "您的请求事由合理，但缺乏法律依据，现作出解释说明", "第三十二条第二项"),
    "reject": ("不予支持", "您的请求缺乏事实根据或者不符合有关规定，不予支持", "第三十二条第三项"),
}


def decision(facts: Facts) -> Paper:
    """信访事项处理意见书 (Art. 31 (6), 32): for each demand the facts, the reasons, the basis and the outcome."""
    demands = list(facts.each("demands"))
    if not demands:
        raise facts.wrong("demands")
    blocks: list[Block] = [
        Para(
            f"您提出的{quoted(facts)}，我单位于{day_words(facts.day('accepted_on'))}受理。{_heard(facts)}"
            "现提出处理意见如下："
        )
    ]
    part = 0
    for index, demand in enumerate(demands, 1):
        part += 1
        title = f"关于您的第{numeral(index)}项请求" if len(demands) > 1 else "关于您的请求"
        blocks += [headed(part, title), *_demand(demand)]
    if facts.has("opinion"):
        part += 1
        blocks += [headed(part, "总的意见"), *paras(facts.maybe_paragraphs("opinion"))]
    tasks = [
        (index, demand) for index, demand in enumerate(demands, 1) if demand.has("measures") or demand.has("execute_by")
    ]
    if tasks:
        part += 1
        blocks += [
            headed(part, "处理意见的执行"),
            *(_task(facts, index, demand, len(demands)) for index, demand in tasks),
        ]
    if facts.has("mediation"):
        part += 1
        blocks += [headed(part, "调解、和解情况"), *paras(facts.maybe_paragraphs("mediation"))]
    blocks += [headed(part + 1, "您不同意本处理意见时可以怎样做"), *_remedy(facts)]
    return letter("decision", "信访事项处理意见书", facts, blocks)


def _heard(facts: Facts) -> str:
    heard = facts.part("heard")
    on, how = heard.maybe_day("on"), heard.maybe("how")
    if heard.has("attempts"):
        words = f"我单位为听取您的陈述作了以下联系，未能联系到您：{heard.text('attempts').rstrip('。')}"
    elif on:
        words = f"我单位于{day_words(on)}{f'以{how}方式' if how else ''}听取了您陈述的事实和理由"
    else:
        raise facts.wrong("heard")
    investigation = facts.maybe("investigation").rstrip("。")
    return f"{words}，并进行了调查核实{f'：{investigation}' if investigation else ''}。"


def _demand(demand: Facts) -> tuple[Block, ...]:
    outcome = demand.text("outcome")
    if outcome not in OUTCOMES:
        raise demand.wrong("outcome", "不认识这种")
    _, sentence, article = OUTCOMES[outcome]
    basis = demand.names("basis")
    if not basis:
        raise demand.wrong("basis")
    opinion = demand.maybe_paragraphs("opinion")
    return (
        *_led("请求：", demand.paragraphs("demand")),
        *_led("查明的事实：", demand.paragraphs("facts")),
        *_led("理由：", demand.paragraphs("reasons")),
        *_led("依据：", ["；".join(item.rstrip("。；") for item in basis) + "。"]),
        *_led(
            "处理意见：", [f"{sentence}（{ACT}{article}）{'：' if opinion else '。'}{opinion[0] if opinion else ''}"]
        ),
        *paras(opinion[1:]),
    )


def _led(lead: str, lines: list[str]) -> tuple[Para, ...]:
    return (Para(lines[0], lead=lead), *paras(lines[1:]))


def _task(facts: Facts, index: int, demand: Facts, total: int) -> Para:
    who = demand.maybe("executor") or facts.text("organ")
    by = demand.maybe_day("execute_by")
    what = demand.maybe("measures").rstrip("。") or "执行上述意见"
    which = f"第{numeral(index)}项：" if total > 1 else ""
    return Para(f"{which}由{who}负责，{f'最迟在{day_words(by, weekday=True)}前' if by else ''}{what}。")


def _remedy(facts: Facts) -> tuple[Block, ...]:
    review = facts.part("review")
    days = review.maybe("days", "30")
    organs = review.names("organs")
    if len(organs) > 1:
        where = f"向{'、'.join(organs[:-1])}或者{organs[-1]}（由您选择其中一个）"
    elif organs:
        where = f"向{organs[0]}"
    else:
        where = "向我单位的上一级机关、单位（不清楚是哪一个的，请按本意见书所附联系方式询问，我们会告诉您）"
    how = review.maybe("how").rstrip("。")
    return (
        Para(f"您可以自收到本意见书之日起{days}日内，{where}请求复查（{ACT}第三十五条）。{f'{how}。' if how else ''}"),
        Because(
            "这段时间怎么算？",
            (
                f"收到本意见书的当天不算，从第二天起数{days}天；最后一天是法定休假日的，顺延到休假结束的次日，"
                "到当天24时为止（参照《中华人民共和国民法典》第二百零一条、第二百零三条）。",
                "邮寄的，期满前寄出就不算迟（参照《中华人民共和国民事诉讼法》关于期间的规定）。",
            ),
        ),
        Para("您请求复查不影响已经支持您的部分继续执行。"),
    )


def service_proof(facts: Facts) -> Paper:
    """送达回证: ruled form; what is not yet known is left blank for the pen."""
    served = facts.maybe_day("served_on")
    relation = facts.maybe("relation")
    signed = facts.maybe("signed_by")
    rows = (
        Row((Cell("送达文书", facts.text("document")), Cell("文书编号", facts.maybe("document_number")))),
        Row((Cell("信访事项", spaced_number(facts.text("case_number"))), Cell("受送达人", facts.text("recipient")))),
        Row((Cell("送达方式", facts.maybe("method")), Cell("送达地点", facts.maybe("place")))),
        Row(
            (Cell("受送达人\n签名或盖章", signed if not relation else ""), Cell("签收时间", _moment(served))), space=14
        ),
        Row((Cell("代收人签名", signed if relation else ""), Cell("与受送达人\n的关系", relation)), space=10),
        Row((Cell("拒收事由\n和见证人", facts.maybe("refused")),), space=14),
        Row((Cell("送达人\n（两人）", "、".join(facts.names("servers"))),), space=10),
        Row((Cell("备注", facts.maybe("remarks")),), space=10),
    )
    blocks: list[Block] = [
        Form(rows),
        Bullets(
            (
                "签收只表示收到，不表示同意文书的内容。",
                "受送达人不在时，可以由同住的成年家属代收，并写明与受送达人的关系。",
                "复查等期限从受送达人收到文书的次日起算。",
            )
        ),
    ]
    return sheet("service_proof", "送达回证", facts, blocks, signed=False)


def _moment(day: date | None) -> str:
    return day_words(day) if day else "　　年　月　日"
