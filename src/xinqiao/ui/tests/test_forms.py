"""A step's inputs become a form, and what is typed becomes inputs again."""

from datetime import date

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.template import Context, Template
from django.utils.datastructures import MultiValueDict

from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.law.types import Choice, Input, Option
from xinqiao.ui.forms import StepForm


def option(*inputs: Input) -> Option:
    return Option(step="decide", label="作出处理意见", hint="", inputs=inputs, cites=("条例 第三十一条",))


def typed(**values: object) -> QueryDict:
    data = QueryDict(mutable=True)
    data["in-key"] = "k1"
    for name, value in values.items():
        data.setlist("in-" + name.replace("__", "-"), value if isinstance(value, list) else [value])
    return data


def draw(form: StepForm) -> str:
    page = Template("{% load xq %}{% step_form form action='/x' target='#now' %}")
    return page.render(Context({"form": form, "csrf_token": "t"}))


def one_of_each() -> Option:
    return option(
        Input("title", "标题", "text", required=True, max_length=5),
        Input("note", "说明", "long"),
        Input("result", "结论", "choice", choices=(Choice("yes", "支持"), Choice("no", "不支持"))),
        Input("ways", "方式", "many", choices=(Choice("a", "电话"), Choice("b", "上门"))),
        Input("lead", "主办", "organ"),
        Input("assists", "协办", "organs"),
        Input("post", "经办人", "post"),
        Input("content", "内容", "content"),
        Input("visited_on", "日子", "date"),
        Input("heard", "已听取意见", "bool"),
        Input("proof", "材料", "files"),
    )


SOURCES = {"organ": [(1, "甲局"), (2, "乙局")], "post": [(7, "张科")], "content": [("0301", "绿化")]}


def test_inputs_come_back_typed():
    data = typed(
        title="树叶发黄", result="yes", ways=["a", "b"], lead="2", assists=["1"], post="7", content="0301",
        visited_on="2026-10-08", heard="on",
    )  # fmt: skip
    photo = SimpleUploadedFile("a.jpg", b"x")
    form = StepForm(one_of_each(), SOURCES, data, MultiValueDict({"in-proof": [photo, photo]}))
    assert form.is_valid(), form.errors
    assert form.inputs() == {
        "title": "树叶发黄", "result": "yes", "ways": ["a", "b"], "lead": 2, "assists": [1], "post": 7, "content": "0301",
        "visited_on": date(2026, 10, 8), "heard": True,
    }  # fmt: skip
    assert len(form.uploads()["proof"]) == 2
    assert form.form_key == "k1"


def test_what_is_left_empty_is_left_out():
    form = StepForm(one_of_each(), SOURCES, typed(title="树"), {})
    assert form.is_valid(), form.errors
    assert form.inputs() == {"title": "树", "heard": False}


def test_a_source_may_be_given_for_one_input_by_name():
    form = StepForm(
        option(Input("lead", "主办", "organ"), Input("other", "另一个", "organ")), {"lead": [(9, "丙局")], **SOURCES}
    )
    assert "丙局" in str(form["lead"])
    assert "丙局" not in str(form["other"])


def test_errors_name_the_field_and_keep_what_was_typed():
    form = StepForm(one_of_each(), SOURCES, typed(title="超过五个字的标题", note="写好的说明", lead="99"), {})
    assert not form.is_valid()
    html = draw(form)
    assert "“标题”最多 5 个字，请压缩。" in html
    assert "“主办”里没有这一项，请从列表中选。" in html
    assert "写好的说明" in html
    assert 'href="#id_in-title"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_in-title-error"' in html
    assert "data-xq-bound" in html


def test_a_form_is_shown_with_its_key_its_step_and_its_articles():
    html = draw(StepForm(one_of_each(), SOURCES))
    assert 'name="in-key"' in html
    assert 'name="step" value="decide"' in html
    assert "条例 第三十一条" in html
    assert 'hx-target="#now"' in html
    assert "data-xq-bound" not in html


def test_each_showing_has_its_own_key():
    assert StepForm(one_of_each(), SOURCES).form_key != StepForm(one_of_each(), SOURCES).form_key


def test_long_lists_get_type_ahead_and_short_ones_do_not():
    many = {"organ": [(n, f"{n} 局") for n in range(30)]}
    asked = option(Input("lead", "主办", "organ"))
    assert "data-xq-combo" in str(StepForm(asked, many)["lead"])
    assert "data-xq-combo" not in str(StepForm(asked, SOURCES)["lead"])


ROW = {"demand": "修剪", "facts": "看过", "reasons": "应当", "basis": "规定", "outcome": "支持"}


def rows(*given: dict[str, str]) -> dict[str, str]:
    return {f"demands__{at}__{part}": value for at, row in enumerate(given) for part, value in row.items()}


def test_demands_come_back_as_a_list_and_spare_rows_are_ignored():
    form = StepForm(
        option(Input("demands", "逐项答复", "demands", required=True)), {}, typed(**rows(ROW, dict.fromkeys(ROW, "")))
    )
    assert form.is_valid(), form.errors
    assert form.inputs() == {"demands": [ROW]}


def test_a_demand_without_reasons_is_asked_for_and_kept():
    form = StepForm(
        option(Input("demands", "逐项答复", "demands", required=True)), {}, typed(**rows(ROW, {**ROW, "reasons": ""}))
    )
    assert not form.is_valid()
    html = draw(form)
    assert "第 2 项还缺：理由。" in html
    assert html.count("修剪") == 2


def test_no_demand_at_all_is_asked_for():
    form = StepForm(
        option(Input("demands", "逐项答复", "demands", required=True)), {}, typed(**rows(dict.fromkeys(ROW, "")))
    )
    assert form.errors["demands"] == ["请至少写明一项诉求和对它的处理意见。"]


def test_without_scripts_three_rows_are_there():
    assert draw(StepForm(option(Input("demands", "逐项答复", "demands")))).count("data-xq-row>") == 3


def test_outcomes_may_be_a_list():
    asked = Input("demands", "逐项答复", "demands", choices=(Choice("yes", "支持"), Choice("no", "不支持")))
    assert '<option value="yes">支持</option>' in draw(StepForm(option(asked)))


def test_a_service_that_refuses_speaks_at_the_field():
    form = StepForm(one_of_each(), SOURCES, typed(title="树"), {})
    assert form.is_valid()
    form.refuse(BadInput({"note": "请写明理由。", "elsewhere": "还差一样。"}, remedy="补全后再提交。"))
    html = draw(form)
    assert form.errors["note"] == ["请写明理由。"]
    assert "还差一样。" in html
    assert "补全后再提交。" in html


def test_a_refused_step_speaks_at_the_top():
    form = StepForm(one_of_each(), SOURCES, typed(title="树"), {})
    assert form.is_valid()
    form.refuse(Refused("已经受理，不能再退回。"))
    assert "已经受理，不能再退回。" in draw(form)
