"""Every kind of paper, from facts to PDF and DOCX."""

import io
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from pypdf import PdfReader

from xinqiao.papers import (
    KINDS,
    Because,
    MissingFact,
    Paper,
    compose,
    document_number,
    paper_label,
    render_docx,
    render_pdf,
)
from xinqiao.papers.tests.samples import FACTS

KIND_NAMES = sorted(KINDS)


def facts_of(kind: str, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(FACTS[kind]), **changes}


def words(data: bytes) -> str:
    """The text of a PDF without spaces and line ends."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(text.split()).replace("\u200b", "")


def docx_words(data: bytes) -> str:
    document = Document(io.BytesIO(data))
    return "".join("".join(node.text or "" for node in document.element.body.iter(f"{{{W}}}t")).split())


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_each_kind_comes_out_as_pdf_and_docx_with_the_same_words(kind: str) -> None:
    paper = compose(kind, FACTS[kind])
    pdf, docx = render_pdf(paper), render_docx(paper)
    for text in (words(pdf), docx_words(docx)):
        assert paper.title in text
        assert "".join(paper.issuer.split()) in text
        assert paper.number in text
        assert "2026年11月22日" in text
    assert paper.number.startswith(("拱信", "拱建信"))
    assert "〔2026〕" in paper.number
    first = PdfReader(io.BytesIO(pdf)).pages[0]
    assert (round(float(first.mediabox.width)), round(float(first.mediabox.height))) == (595, 842)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_same_content_gives_the_same_bytes(kind: str) -> None:
    assert render_pdf(compose(kind, FACTS[kind])) == render_pdf(compose(kind, facts_of(kind)))
    assert render_docx(compose(kind, FACTS[kind])) == render_docx(compose(kind, facts_of(kind)))


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_missing_required_fact_is_named(kind: str) -> None:
    required = KINDS[kind].facts.__required_keys__  # type: ignore[attr-defined]
    for name in required:
        facts = facts_of(kind)
        del facts[name]
        with pytest.raises(MissingFact) as caught:
            compose(kind, facts)
        assert any(field.startswith(name) for field in caught.value.fields), name
        assert KINDS[kind].label in caught.value.message
        assert caught.value.remedy


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_without_any_optional_fact_a_paper_still_comes_out(kind: str) -> None:
    required = KINDS[kind].facts.__required_keys__  # type: ignore[attr-defined]
    optional = KINDS[kind].facts.__optional_keys__  # type: ignore[attr-defined]
    assert set(FACTS[kind]) <= required | optional
    paper = compose(kind, {name: FACTS[kind][name] for name in required})
    text = words(render_pdf(paper))
    assert paper.title in text
    assert "None" not in text
    assert "〔" not in paper.number
    assert render_docx(paper)


def test_a_decision_states_demand_facts_reasons_basis_outcome_and_remedy() -> None:
    text = words(render_pdf(compose("decision", FACTS["decision"])))
    for part in (
        "请求：修复东门路面。",
        "查明的事实：经现场勘查",
        "理由：塌陷处属于市政道路范围",
        "依据：《城市道路管理条例》第二十条。",
        "予以支持（《信访工作条例》第三十二条第一项）：由我单位修复",
        "缺乏法律依据，现作出解释说明（《信访工作条例》第三十二条第二项）",
        "第一项：由我单位市政养护所负责，最迟在2026年12月20日（星期日）前完成",
        "自收到本意见书之日起30日内，向杭州市拱墅区人民政府或者杭州市住房保障和房产管理局（由您选择其中一个）请求复查",
        "（《信访工作条例》第三十五条）",
        "2026年11月25日以当面方式听取了您陈述的事实和理由",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("organs", "expected"),
    [(["某区人民政府"], "向某区人民政府请求复查"), ([], "向我单位的上一级机关、单位（不清楚是哪一个的")],
)
def test_the_remedy_fits_the_number_of_reviewing_bodies(organs: list[str], expected: str) -> None:
    paper = compose("decision", facts_of("decision", review={"organs": organs}))
    assert expected in words(render_pdf(paper))


def test_a_decision_with_one_demand_counts_nothing() -> None:
    demand = {
        **FACTS["decision"]["demands"][0],
        "outcome": "partly",
        "execute_by": None,
        "executor": "",
        "opinion": "甲\n乙",
    }
    text = words(render_pdf(compose("decision", facts_of("decision", demands=[demand]))))
    assert "一、关于您的请求" in text
    assert "第一项：" not in text
    assert "由杭州市拱墅区住房和城乡建设局负责，完成路面修复" in text


def test_a_decision_needs_the_hearing_or_its_attempts() -> None:
    attempts = facts_of("decision", heard={"attempts": "三次电话、一次上门"})
    assert "未能联系到您：三次电话、一次上门" in words(render_pdf(compose("decision", attempts)))
    with pytest.raises(MissingFact) as caught:
        compose("decision", facts_of("decision", heard={"how": "电话"}))
    assert list(caught.value.fields) == ["heard"]


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("decision", {"demands": []}, "demands"),
        ("decision", {"demands": ["x"]}, "demands"),
        ("decision", {"demands": [{"demand": "甲", "outcome": "maybe"}]}, "demands[0].outcome"),
        ("decision", {"demands": [{"demand": "甲", "outcome": "reject"}]}, "demands[0].basis"),
        ("decision", {"heard": "电话"}, "heard"),
        ("decision", {"accepted_on": "昨天"}, "accepted_on"),
        ("decision", {"addressee": ["张某"]}, "addressee"),
        ("decision", {"addressee": " \u200b "}, "addressee"),
        ("acceptance_notice", {"due": {"why": ["无"]}}, "due.day"),
        ("acceptance_notice", {"seal": "forged"}, "seal"),
        ("acceptance_notice", {"contact": "电话"}, "contact"),
        ("referral_slip", {"way": "anyhow"}, "way"),
        ("suggestion_reply", {"outcome": "perhaps"}, "outcome"),
        ("acceptance_notice", {"lane": "fast"}, "lane"),
        ("path_notice", {"path": "prayer"}, "path"),
        ("jurisdiction_ruling", {"by": "nobody"}, "by"),
        ("jurisdiction_ruling", {"to_organs": []}, "to_organs"),
        ("registration", {"words": "\n \n"}, "words"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(kind: str, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MissingFact) as caught:
        compose(kind, facts_of(kind, **changes))
    assert list(caught.value.fields) == [field]


def test_a_day_says_why_it_is_this_one() -> None:
    paper = compose("acceptance_notice", FACTS["acceptance_notice"])
    because = [block for block in paper.blocks if isinstance(block, Because)]
    assert because[0].lines[0] == "2026年11月20日受理，当天不算。"
    assert because[0].lines[-2] == "依据：《信访工作条例》第三十四条。"
    assert "放假安排尚未公布" in because[0].lines[-1]
    text = words(render_pdf(paper))
    assert "最迟在2027年1月19日（星期二）前办结" in text
    assert "为什么是这一天？" in text


def test_days_may_be_dates_moments_or_text() -> None:
    for day in (
        date(2026, 11, 22),
        datetime(2026, 11, 21, 16, 30, tzinfo=UTC),
        "2026-11-22",
        "2026-11-22T00:30:00+08:00",
    ):
        assert compose("receipt", facts_of("receipt", issued_on=day)).issued_on == date(2026, 11, 22)


def test_simplified_handling_has_its_own_term() -> None:
    text = words(
        render_pdf(compose("acceptance_notice", facts_of("acceptance_notice", simplified=True, demands=["修路"])))
    )
    assert "适用简易办理，我单位最迟在2027年1月19日" in text
    assert "60日" not in text.split("为什么是这一天")[0]


def test_a_suggestion_is_taken_in_with_words_of_its_own() -> None:
    text = words(render_pdf(compose("acceptance_notice", facts_of("acceptance_notice", lane="suggestion"))))
    assert "建议接收告知书" in text
    assert "最迟在2027年1月19日（星期二）前书面回复您：是否采纳" in text
    assert "第三十一条" not in text


def test_being_told_of_another_road_is_not_having_applied() -> None:
    text = words(render_pdf(compose("path_notice", FACTS["path_notice"])))
    assert "仲裁（《信访工作条例》第三十一条第二项）" in text
    assert "按您所说2026年3月1日知道此事推算，实际可能更早" in text
    assert "告知不等于您已经申请" in text
    assert "按您提供的情况推算" in words(render_pdf(compose("path_notice", facts_of("path_notice", known_on=None))))
    unknown = words(render_pdf(compose("path_notice", facts_of("path_notice", until=""))))
    assert "我们不写日期" in unknown
    assert "2027" not in unknown


def test_attempts_to_hear_are_not_called_a_hearing() -> None:
    heard = {"on": "2026-11-25", "how": "", "attempts": "三次电话无人接听"}
    text = words(render_pdf(compose("decision", facts_of("decision", heard=heard, opinion="总的来看，部分支持。"))))
    assert "听取了您陈述" not in text
    assert "三次电话无人接听" in text
    assert "三、总的意见总的来看，部分支持。" in text


def test_a_receipt_carries_number_code_and_qr() -> None:
    paper = compose("receipt", FACTS["receipt"])
    pdf = render_pdf(paper)
    assert "123456789012" in words(pdf)
    assert "1234567890" in words(pdf)
    assert "扫码查进度" in words(pdf)
    assert "example.org" not in words(pdf)
    drawn = Document(io.BytesIO(render_docx(paper))).inline_shapes
    assert len(drawn) == 1
    assert "查询码（只给您本人" not in words(render_pdf(compose("receipt", facts_of("receipt", query_code=""))))
    without = compose("receipt", facts_of("receipt", track_url="", items=[], next=["我们会打电话给您。"]))
    assert "扫码查进度" not in words(render_pdf(without))
    assert "我们会打电话给您。" in words(render_pdf(without))
    assert len(Document(io.BytesIO(render_docx(without))).inline_shapes) == 0


def test_a_sealed_receipt_says_who_cannot_see_it() -> None:
    text = words(render_pdf(compose("receipt", facts_of("receipt", sealed=True, due=None))))
    assert "被反映的人员和单位看不到、查不到" in text
    assert "在15日内转送有权处理的机关" in text


def test_a_transfer_letter_is_marked_and_warns() -> None:
    for named, word in ((True, "署名"), (False, "未署名"), (None, "是否署名")):
        paper = compose("transfer_letter", facts_of("transfer_letter", named=named, summary="概况一行"))
        text = words(render_pdf(paper))
        assert "注意保密" in text
        assert word in text
        assert "概况一行" in text
        assert "不得将检举、揭发材料以及有关情况透露或者转给被检举、揭发的人员或者单位" in text
        assert "注意保密" in docx_words(render_docx(paper))


def test_an_assignment_is_called_so_and_dates_its_report() -> None:
    facts = facts_of(
        "referral_slip",
        way="assign",
        role="assist",
        confidential=True,
        report_due={"day": "2026-12-31", "provisional": True},
    )
    text = words(render_pdf(compose("referral_slip", facts)))
    assert "信访事项交办单" in text
    assert "第二十二条第一款第三项" in text
    assert "由你单位协办" in text
    assert "信访人要求保密，由我单位转达" in text
    assert "2026年12月31日（星期四）" in text
    assert "张某" not in text


@pytest.mark.parametrize(
    ("by", "phrase"),
    [("superior", "共同的上一级机关"), ("conference", "联席会议协调"), ("government", "第二十四条第二款")],
)
def test_a_ruling_names_its_ground(by: str, phrase: str) -> None:
    assert phrase in words(render_pdf(compose("jurisdiction_ruling", facts_of("jurisdiction_ruling", by=by))))


@pytest.mark.parametrize(("outcome", "phrase"), [("adopted", "予以采纳"), ("not", "尚不具备采纳条件")])
def test_a_suggestion_is_answered_either_way(outcome: str, phrase: str) -> None:
    assert phrase in words(render_pdf(compose("suggestion_reply", facts_of("suggestion_reply", outcome=outcome))))


def test_a_proof_of_service_knows_who_signed() -> None:
    own = words(
        render_pdf(compose("service_proof", facts_of("service_proof", signed_by="张某", served_on="2026-11-23")))
    )
    assert "2026年11月23日" in own
    other = compose(
        "service_proof", facts_of("service_proof", signed_by="张小某", relation="女儿", refused="见证人赵某")
    )
    text = words(render_pdf(other))
    assert "张小某" in text
    assert "女儿" in text


def test_drafts_and_demonstrations_are_marked() -> None:
    draft = compose("decision", facts_of("decision", draft=True, demonstration=True))
    assert draft.watermark == "草稿"
    demonstration = compose("decision", facts_of("decision", demonstration=True))
    assert demonstration.watermark == "演示"
    assert "不具有法律效力" in words(render_pdf(demonstration))
    header = Document(io.BytesIO(render_docx(demonstration))).sections[0].header.paragraphs[0].text
    assert header == "【演示】"


@pytest.mark.parametrize(("seal", "phrase"), [("stamp", "（盖章处）"), ("electronic", "尚未用印"), ("none", "")])
def test_a_seal_is_never_drawn_only_its_place(seal: str, phrase: str) -> None:
    paper = compose("decision", facts_of("decision", seal=seal))
    assert phrase in words(render_pdf(paper))
    assert phrase in docx_words(render_docx(paper))
    if not phrase:
        assert "盖章处" not in words(render_pdf(paper))


def test_the_file_says_what_it_is() -> None:
    paper = compose("decision", FACTS["decision"])
    reader = PdfReader(io.BytesIO(render_pdf(paper)))
    assert reader.metadata is not None
    assert reader.metadata.title == "信访事项处理意见书"
    assert reader.metadata.author == "杭州市拱墅区住房和城乡建设局"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "zh-CN"  # type: ignore[index]
    assert "/StructTreeRoot" in root  # type: ignore[operator]
    core = Document(io.BytesIO(render_docx(paper))).core_properties
    assert core.title == "信访事项处理意见书"
    assert core.created is not None
    assert core.created.date() == date(2026, 11, 22)


def test_pages_are_numbered_between_dashes() -> None:
    paper = compose("decision", FACTS["decision"])
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(paper))).pages]
    for number, text in enumerate(pages, 1):
        assert f"—{number}—" in "".join(text.split())
    section = Document(io.BytesIO(render_docx(paper))).sections[0]
    assert section.footer.paragraphs[0].text == "—  —"
    assert (section.top_margin.mm, section.bottom_margin.mm, section.left_margin.mm, section.right_margin.mm) == (  # type: ignore[union-attr]
        pytest.approx(37, abs=0.1),
        pytest.approx(35, abs=0.1),
        pytest.approx(28, abs=0.1),
        pytest.approx(26, abs=0.1),
    )


def test_a_docx_holds_the_outline_and_no_borrowed_ornament() -> None:
    document = Document(io.BytesIO(render_docx(compose("decision", FACTS["decision"]))))
    styles = {paragraph.text: paragraph.style.name for paragraph in document.paragraphs if paragraph.style is not None}
    assert styles["信访事项处理意见书"] == "Title"
    assert styles["一、关于您的第一项请求"] == "Heading 1"
    assert not document.styles.element.xpath("w:style[@w:styleId='Title']//w:pBdr")


def test_numbers_of_papers_say_nothing_about_order() -> None:
    number = document_number("decision", organ_word="拱建信", day=date(2026, 11, 22), serial="K7M3PQ")
    assert number == "拱建信理〔2026〕K7M3PQ号"
    assert paper_label("decision") == "信访事项处理意见书"
    with pytest.raises(KeyError):
        compose("love_letter", {})
    whole = compose("decision", facts_of("decision", number="某信〔2026〕9号"))
    assert whole.number == "某信〔2026〕9号"


def test_a_paper_of_an_unknown_block_is_refused() -> None:
    paper = Paper(kind="x", title="甲", issuer="乙", issued_on=date(2026, 1, 1), blocks=())
    assert render_pdf(paper)
    assert render_docx(paper)


def _widths(table: Any) -> list[int]:
    return [round(column.width.mm) for column in table.columns]


def test_a_docx_is_laid_out_as_its_pdf() -> None:
    """Chinese of China, so that office programs set the punctuation right; columns, margins and sizes of the PDF."""
    form = Document(io.BytesIO(render_docx(compose("service_proof", FACTS["service_proof"]))))
    assert form.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr/w:lang/@w:eastAsia") == ["zh-CN"]
    assert _widths(form.tables[0]) == [27, 51, 27, 51]
    assert round(form.sections[0].top_margin.mm) == 24
    assert form.tables[0].rows[0].cells[1].paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.LEFT
    decision = Document(io.BytesIO(render_docx(compose("decision", FACTS["decision"]))))
    assert round(decision.sections[0].top_margin.mm) == 37
    colophon = decision.tables[-1]
    rules = colophon._tbl.tblPr.xpath("w:tblBorders/*")
    assert [rule.tag.rpartition("}")[2] for rule in rules] == ["top", "bottom", "insideH"]
    assert colophon._tbl.tblPr.xpath("w:tblpPr/@w:tblpYSpec") == ["bottom"]
    assert colophon.rows[1].cells[0].text.endswith("印发")
    assert "\t" in colophon.rows[1].cells[0].text
    notes = [p for p in decision.paragraphs if p.text.startswith("（联系人")]
    assert [p.runs[0].font.size.pt for p in notes] == [12]


def test_papers_set_by_several_threads_are_those_of_one() -> None:
    papers = [compose(kind, facts) for kind, facts in sorted(FACTS.items())[:4]]
    alone = [render_pdf(paper) for paper in papers]
    for _ in range(2):  # new threads have compilers of their own and share the faces
        with ThreadPoolExecutor(4) as several:
            assert list(several.map(render_pdf, papers)) == alone
