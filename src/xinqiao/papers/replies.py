"""Papers outside the redress procedure: suggestions, sealed reports, withdrawal, answers on the spot (Art. 22, 29, 30)."""

from dataclasses import replace

from xinqiao.papers.model import Block, Cell, Form, Heading, Paper, Para, Row, Ticket
from xinqiao.papers.phrases import ACT, headed, letter, listed, paras, quoted, sheet
from xinqiao.papers.reading import Facts
from xinqiao.papers.text import day_words, spaced_number

ADOPTION = {
    "adopted": "您的建议科学合理、现实可行，我单位予以采纳",
    "partly": "您的建议中可行的部分，我单位予以采纳",
    "not": "经研究，您的建议目前尚不具备采纳条件",
}


def suggestion_reply(facts: Facts) -> Paper:
    """建议回复函 (Art. 29): adopted, adopted in part or not, each with reasons."""
    outcome = facts.text("outcome")
    if outcome not in ADOPTION:
        raise facts.wrong("outcome", "不认识这种")
    blocks: list[Block] = [
        Para(
            f"您提出的建议{quoted(facts)}，我单位于{day_words(facts.day('received_on'))}收到，并进行了研究论证。感谢您的关心。"
        ),
        Para(f"{ADOPTION[outcome]}（{ACT}第二十九条）。现将有关情况回复如下："),
        headed(1, "研究的情况和理由"),
        *paras(facts.paragraphs("reasons")),
    ]
    if facts.has("measures"):
        blocks += [
            headed(2, "采纳后怎样落实" if outcome != "not" else "今后怎样考虑"),
            *paras(facts.paragraphs("measures")),
        ]
    blocks += [
        Para("您有新的情况或者想法，可以随时再提。对这次回复，您可以凭编号和查询码作出评价。"),
    ]
    return letter("suggestion_reply", "对您所提建议的回复", facts, blocks)


def transfer_letter(facts: Facts) -> Paper:
    """检举控告类信访事项移送函 (Art. 22 para 2, 30, 46 (5)): sealed, names nobody but the receiver."""
    named = ("署名" if facts.flag("named") else "未署名") if facts.has("named") else ""
    materials = facts.names("materials")
    organ = facts.text("to_organ")
    blocks: list[Block] = [
        Para(
            f"现将我单位收到的检举控告类信访事项（编号：{spaced_number(facts.text('case_number'))}）按照管理权限移送你单位，"
            f"请依规依纪依法接收、受理、办理和反馈（{ACT}第二十二条第二款、第三十条第一款）。"
        ),
        Form(
            (
                Row((Cell("收到日期", day_words(facts.day("received_on"))), Cell("提出方式", facts.maybe("channel")))),
                Row((Cell("是否署名", named), Cell("材料份数", f"{len(materials)}份" if materials else ""))),
                Row((Cell("材料目录", "\n".join(materials) or "随函密封移送"),)),
                *((Row((Cell("概况", "\n".join(facts.paragraphs("summary"))),)),) if facts.has("summary") else ()),
            )
        ),
        Para(
            f"请严格保密：不得将检举、揭发材料以及有关情况透露或者转给被检举、揭发的人员或者单位（{ACT}第三十条第三款）；"
            f"透露、转给的，依照{ACT}第四十六条第五项追究责任。涉及你单位主要负责人的，请不要开拆，退回我单位另行移送。"
        ),
        Para("对信访人的告知和反馈，按照你单位的有关规定办理。"),
        Form(
            (
                Row((Cell("指定接收人\n签名"), Cell("接收日期", "　　　年　　月　　日")), space=8),
                Row((Cell("封口是否\n完好"), Cell("移送人签名")), space=8),
            )
        ),
    ]
    paper = letter("transfer_letter", "检举控告类信访事项移送函", facts, blocks, addressee=organ)
    return replace(paper, marking="内部材料　注意保密")


def withdrawal_note(facts: Facts) -> Paper:
    """撤回信访事项确认书: by the citizen alone, seven days to undo, never counted as resolved."""
    undo = facts.due("undo_until")
    blocks: list[Block] = [
        Para(f"您于{day_words(facts.day('withdrawn_on'))}自行撤回了{quoted(facts)}。我们停止办理，材料依规存档。"),
        Para(
            f"您改变主意的，在{undo.words}（含当天）前凭编号和查询码可以恢复办理，不需要说明理由，原来的收到日期不变。"
        ),
        *undo.because(),
        Para(
            "撤回只能由您本人决定，任何工作人员都不能代您撤回，也不能要求您撤回。撤回不算问题已经解决，不计入办结或者满意。"
        ),
        Para("撤回后，同一件事您以后仍然可以再次提出。如果不是您本人操作，请马上恢复办理并告诉我们。"),
    ]
    return sheet("withdrawal_note", "撤回信访事项确认书", facts, blocks, addressee=facts.text("addressee"))


def on_the_spot_reply(facts: Facts) -> Paper:
    """当场答复单: an inquiry answered at the window or on the telephone, in writing when asked for (Art. 23 para 2)."""
    by, knowledge = facts.maybe("answered_by"), facts.names("knowledge")
    blocks: list[Block] = [
        Ticket((("编号", spaced_number(facts.text("case_number"))),)),
        Heading("您咨询的问题"),
        *paras(facts.paragraphs("question")),
        Heading("我们的答复"),
        *paras(facts.paragraphs("answer")),
    ]
    basis = (*facts.names("basis"), *(f"知识库：{title}" for title in knowledge))
    if basis:
        blocks += [Heading("依据"), *listed(basis)]
    blocks.append(
        Para(
            "这份答复没有解决您的问题，或者您要提出请求、反映情况、提出建议的，请告诉我们，我们马上登记办理。"
            f"{f'答复人：{by}。' if by else ''}"
        )
    )
    return sheet("on_the_spot_reply", "当场答复单", facts, blocks, addressee=facts.maybe("addressee"))


PATHS = {
    "litigation": ("诉讼、检察监督或者公安机关法律程序", "第三十一条第一项"),
    "arbitration": ("仲裁", "第三十一条第二项"),
    "party": ("党员申诉、申请复审", "第三十一条第三项"),
    "administrative": ("行政复议、行政裁决、行政确认、行政许可、行政处罚等行政程序", "第三十一条第四项"),
    "duty": ("申请有关机关查处违法行为、履行保护职责", "第三十一条第五项"),
}


def path_notice(facts: Facts) -> Paper:
    """办理途径告知书 (Art. 31 (1)-(5)): where, how, until when; being told is not having applied."""
    path = facts.maybe("path")
    if path and path not in PATHS:
        raise facts.wrong("path", "不认识这种")
    road, article = PATHS.get(path, ("法律规定的其他程序", "第三十一条"))
    known = facts.maybe_day("known_on")
    until = facts.maybe_paragraphs("until")
    blocks: list[Block] = [
        Para(
            f"您提出的{quoted(facts)}，法律规定了专门的办理途径：{road}（{ACT}{article}）。我们已经登记，现将怎样办理告知如下："
        ),
        headed(1, "向哪里提出"),
        *paras(facts.paragraphs("body")),
        headed(2, "怎样办理"),
        *paras(facts.paragraphs("how")),
        headed(3, "最迟什么时候提出"),
    ]
    if until:
        start = f"这个期限按您所说{day_words(known)}知道此事推算，" if known else "这个期限按您提供的情况推算，"
        blocks += [*paras(until), Para(f"{start}实际可能更早，请尽快提出。")]
    else:
        blocks.append(
            Para(
                "期限从哪一天起算还不清楚，我们不写日期。法律规定的期限过了可能就不能再提，请尽快向上述机关询问并提出。"
            )
        )
    if facts.has("basis"):
        blocks += [headed(4, "依据"), *paras(facts.names("basis"))]
    blocks += [
        Para("请注意：告知不等于您已经申请，也不停止、不延长任何期限，需要您本人或者您委托的人提出。"),
        Para("上述机关不受理的，请保留书面答复并告诉我们，我们重新研究由谁办理。"),
    ]
    return letter("path_notice", "办理途径告知书", facts, blocks)
