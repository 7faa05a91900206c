"""Papers of the common way in: receipt, registration, referral, objection, ruling on jurisdiction (Art. 21-24)."""

from xinqiao.papers.model import Because, Block, Bullets, Cell, Form, Grid, Heading, Paper, Para, Row, Ticket
from xinqiao.papers.phrases import ACT, headed, letter, paras, quoted, sheet
from xinqiao.papers.reading import Facts
from xinqiao.papers.text import day_words, spaced_code, spaced_number


def receipt(facts: Facts) -> Paper:
    """来件回执: number, query code, QR, what happens next and by when."""
    about, channel, secret = facts.maybe("about"), facts.maybe("channel"), facts.maybe("query_code")
    code = (("查询码（只给您本人，请不要告诉别人）", spaced_code(secret)),) if secret else ()
    blocks: list[Block] = [
        Para(
            f"我们已于{day_words(facts.day('received_on'))}收到您{f'通过{channel}' if channel else ''}反映的"
            f"{f'“{about}”' if about else '事项'}。凭下面的编号和查询码，可以随时查看办到哪一步。",
            indent=False,
        ),
        Ticket(
            (
                ("编号", spaced_number(facts.text("case_number"))),
                *code,
            ),
            qr=facts.maybe("track_url"),
            caption="扫码查进度",
        ),
    ]
    items = tuple((spaced_number(item.text("number")), item.text("about")) for item in facts.each("items"))
    if items:
        blocks += [
            Para("您的来件包含几件事，分别办理，各有编号：", indent=False),
            Grid(("编号", "事项"), items, (3, 7)),
        ]
    due = facts.maybe_due("due")
    blocks.append(Heading("接下来会怎样"))
    blocks.append(Bullets(facts.names("next") or _next(facts)))
    if due:
        blocks += due.because()
    seers = facts.names("who_sees")
    if seers:
        blocks += [Heading("谁能看到您的身份"), Bullets(seers)]
    blocks.append(
        Para(
            "查询码丢了、手机号换了，请带身份证件到信访接待窗口，由工作人员核实后重新办理。撤回、评价都由您本人决定，"
            "工作人员不能代办。",
            indent=False,
        )
    )
    return sheet("receipt", "来件回执", facts, blocks)


def _next(facts: Facts) -> tuple[str, ...]:
    due = facts.maybe_due("due")
    by = f"最迟在{due.words}前" if due else "在15日内"
    if facts.flag("sealed"):
        return (
            "来件已经加密，只有指定的人员能看到；被反映的人员和单位看不到、查不到，也不会被告知。",
            f"{by}转送有权处理的机关（{ACT}第二十二条）。",
            "由收到的机关依规依纪依法办理和反馈；进展只显示对您无害的内容。",
        )
    return (
        f"我们登记并分清由谁办理，{by}转给有权处理的单位（{ACT}第二十二条）。",
        f"接手的单位自收到之日起15日内，书面告诉您接收情况以及处理途径和程序（{ACT}第二十三条）。",
        f"适用信访程序的，自受理之日起60日内给您书面的处理意见（{ACT}第三十四条）；适用其他程序的，会告诉您怎么走。",
    )


def registration(facts: Facts) -> Paper:
    """信访事项登记表 (Art. 19, 21, 22)."""
    persons = "\n".join(
        word for word in (facts.maybe("petitioner", "未留姓名"), *facts.names("representatives")) if word
    )
    rows = (
        Row(
            (
                Cell("编号", spaced_number(facts.text("case_number"))),
                Cell("收到日期", day_words(facts.day("received_on"))),
            )
        ),
        Row((Cell("提出方式", facts.maybe("channel")), Cell("初次或重复", facts.maybe("repeat")))),
        Row((Cell("信访人", persons),)),
        Row((Cell("事项标题", facts.maybe("about")),)),
        Row((Cell("问题发生地", facts.maybe("place")),)),
        Row((Cell("内容分类", facts.maybe("content")), Cell("办理途径", facts.maybe("route")))),
        Row((Cell("来件内容", "\n".join(facts.paragraphs("words"))),)),
        Row((Cell("所附材料", "\n".join(facts.names("materials")) or "无"),)),
        Row((Cell("登记单位", facts.text("organ")), Cell("登记人", facts.maybe("registered_by")))),
    )
    return sheet("registration", "信访事项登记表", facts, [Form(rows)], signed=False)


WAYS = {
    "own": ("转送", "第二十二条第一款第一项"),
    "lower": ("转送", "第二十二条第一款第二项"),
    "assign": ("交办", "第二十二条第一款第三项"),
}


def referral_slip(facts: Facts) -> Paper:
    """信访事项转送单, or 交办单 for an assignment with a report to be made (Art. 22, 23)."""
    way = facts.maybe("way", "own")
    if way not in WAYS:
        raise facts.wrong("way", "不认识这种")
    verb, article = WAYS[way]
    title = f"信访事项{verb}单"
    role = "协办" if facts.maybe("role") == "assist" else "主办"
    organ = facts.text("to_organ")
    person = "信访人要求保密，由我单位转达" if facts.flag("confidential") else facts.maybe("petitioner", "未留姓名")
    blocks: list[Block] = [
        Para(
            f"我单位收到的{quoted(facts)}，依照{ACT}{article}的规定，现{verb}你单位，由你单位{role}。"
            "请依法按期办理，并将办理情况录入信访信息系统。"
        ),
        Form(
            (
                Row((Cell("信访人", person), Cell("收到日期", day_words(facts.day("received_on"))))),
                Row(
                    (
                        Cell("主办单位", facts.maybe("lead", organ if role == "主办" else "")),
                        Cell("协办单位", _joined(facts, "assists")),
                    )
                ),
                Row((Cell("问题发生地", facts.maybe("place")), Cell("内容分类", facts.maybe("content")))),
                Row((Cell("事项摘要", "\n".join(facts.maybe_paragraphs("summary"))),)),
                Row(
                    (Cell("转送意见" if verb == "转送" else "交办意见", "\n".join(facts.maybe_paragraphs("remarks"))),)
                ),
            )
        ),
        *_terms(facts),
        Para(
            "信访人的姓名、联系方式和材料只供办理本事项使用。属于检举控告的，不得透露或者转给被检举、"
            f"揭发的人员或者单位（{ACT}第三十条）。"
        ),
        Form(
            (
                Row((Cell("签收单位", organ), Cell("签收人")), space=6),
                Row((Cell("签收日期", "　　　年　　月　　日"), Cell("转送单位\n经办人")), space=6),
            )
        ),
    ]
    return letter("referral_slip", title, facts, blocks, addressee=organ)


def _joined(facts: Facts, name: str) -> str:
    return "、".join(facts.names(name)) or "无"


def _terms(facts: Facts) -> tuple[Block, ...]:
    duties = (
        ("notice_due", "书面告知信访人接收情况以及处理途径和程序", f"{ACT}第二十三条第三款（自收到之日起15日）"),
        (
            "objection_due",
            "不属于你单位职权范围的，提出异议并详细说明理由",
            f"{ACT}第二十三条第三款（自收到之日起5个工作日）",
        ),
        ("report_due", "反馈办理结果，提交办结报告", f"{ACT}第二十二条第一款第三项（指定期限）"),
    )
    rows, reasons = [], []
    for name, duty, article in duties:
        due = facts.maybe_due(name)
        if due:
            rows.append((duty, due.words, article))
            reasons += [f"{due.words}：{line}" for line in due.why]
            reasons += ["上述日期所在年份的放假安排尚未公布，公布后可能调整。"] if due.provisional else []
    if not rows:
        return (
            Para(
                "请自收到之日起15日内书面告知信访人接收情况以及处理途径和程序；不属于你单位职权范围的，请自收到之日起5个"
                f"工作日内提出异议，并详细说明理由（{ACT}第二十三条第三款）。"
            ),
        )
    table = Grid(("应办事项", "最迟日期", "依据"), tuple(rows), (5, 4, 5))
    return (table, Because("为什么是这一天？", tuple(dict.fromkeys(reasons)))) if reasons else (table,)


def objection(facts: Facts) -> Paper:
    """信访事项转送异议书 (Art. 23 para 3): reasons in detail, within five working days."""
    due, suggested = facts.maybe_due("due"), facts.maybe("suggested_organ")
    blocks: list[Block] = [
        Para(
            f"你单位转送的{quoted(facts)}，我单位于{day_words(facts.day('received_on'))}收到。经核实，该事项不属于我单位"
            f"职权范围，现依照{ACT}第二十三条第三款提出异议，请核实。"
        ),
        headed(1, "理由"),
        *paras(facts.paragraphs("reasons")),
    ]
    part = 1
    if facts.has("basis"):
        part += 1
        blocks += [headed(part, "依据"), *paras(facts.names("basis"))]
    if suggested:
        part += 1
        blocks += [headed(part, "建议"), Para(f"建议由{suggested}办理。")]
    if due:
        blocks += [Para(f"提出异议的期限至{due.words}{due.cited or f'（{ACT}第二十三条第三款）'}。"), *due.because()]
    returns = int(facts.maybe("returns", "1"))
    if returns > 1:
        blocks.append(Para(f"本事项已是第{returns}次退回，请依照{ACT}第二十四条报请决定受理机关，不再往返转送。"))
    blocks.append(Para("相关材料在你单位核实同意后交还；在此之前，我单位妥善保管，不停止对紧急情况的处置。"))
    return letter("objection", "信访事项转送异议书", facts, blocks, addressee=facts.text("to_organ"))


RULERS = {
    "superior": "你们受理有争议，我单位作为共同的上一级机关",
    "conference": "你们受理有争议且没有共同的上一级机关、单位，经共同的信访工作联席会议协调",
    "government": "职责不清，受本级党委和政府指定",
}


def jurisdiction_ruling(facts: Facts) -> Paper:
    """指定办理通知 (Art. 24)."""
    by = facts.maybe("by", "superior")
    if by not in RULERS:
        raise facts.wrong("by", "不认识这种")
    organs = facts.names("to_organs")
    if not organs:
        raise facts.wrong("to_organs")
    lead, assists, due = facts.text("lead"), facts.names("assists"), facts.maybe_due("due")
    article = "第二十四条第二款" if by == "government" else "第二十四条第一款"
    disputed, joint = "、".join(facts.names("disputed_by")), "、".join(assists)
    blocks: list[Block] = [
        Para(
            f"关于{quoted(facts)}，{f'{disputed}提出异议，' if disputed else ''}{RULERS[by]}，"
            f"依照{ACT}{article}，决定如下："
        ),
        headed(1, "办理单位"),
        Para(f"由{lead}受理并主办{f'，{joint}协办' if joint else ''}。"),
        headed(2, "理由"),
        *paras(facts.paragraphs("reasons")),
    ]
    part = 2
    if facts.has("basis"):
        part += 1
        blocks += [headed(part, "依据"), *paras(facts.names("basis"))]
    if due:
        blocks += [
            headed(part + 1, "期限"),
            Para(f"{lead}最迟在{due.words}前书面告知信访人接收情况以及处理途径和程序（{ACT}第二十三条第三款）。"),
            *due.because(),
        ]
    blocks.append(Para("本决定作出后，各有关单位不得再行推诿、退回；办理中需要配合的，应当及时配合。"))
    return letter("jurisdiction_ruling", "关于指定信访事项办理单位的通知", facts, blocks, addressee="、".join(organs))
