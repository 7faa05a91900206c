"""Knowledge entries: looked through, written, put right, ended on a day."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinqiao.desk import forms_admin as ask
from xinqiao.desk.views.admin.shared import (
    A_PAGE,
    Doing,
    cell,
    finding,
    more,
    organ_choices,
    page,
    table,
    text_of,
    today,
)
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.errors import NotFound
from xinqiao.kernel.words import N_
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.triage import selectors as triage
from xinqiao.triage import services
from xinqiao.triage.models import KnowledgeEntry

_UP = "desk:admin-knowledge"


def _path() -> list[tuple[str, str]]:
    return [(reverse(_UP), gettext("知识库"))]


def _chip(entry: KnowledgeEntry) -> dict[str, Any]:
    on = today()
    if entry.valid_to is not None and entry.valid_to <= on:
        return cell(gettext("已停用"), mood="plain", sub=f"{entry.valid_from} — {entry.valid_to}")
    mood, words = ("normal", gettext("还没开始")) if entry.valid_from > on else ("act", gettext("在用"))
    return cell(words, mood=mood, sub=f"{entry.valid_from} — {entry.valid_to or ''}")


@require_GET
@staff("admin")
def listing(request: HttpRequest) -> HttpResponse:
    """The entries by their names in addresses: in force and to come, ended, or all; of one class, with a word."""
    labels = dict(triage.content_choices())
    content = text_of(request, "content", 6)
    rows, after = triage.knowledge_kept(
        today=today(),
        state=text_of(request, "state", 8),
        content_code=content.rstrip("0") or content,
        word=text_of(request, "q", 40),
        after=text_of(request, "after", 60),
        limit=A_PAGE,
    )
    areas = people.area_names(row.area_code for row in rows if row.area_code)
    heads = [gettext(word) for word in (N_("问题"), N_("内容"), N_("地方"), N_("归谁管"), N_("谁看得到"), N_("状态"))]
    shown = [
        [
            cell(row.question, reverse("desk:admin-knowledge-entry", args=[row.pk]), row.slug),
            cell(labels.get(row.content_code, row.content_code) or gettext("全部")),
            cell(areas.get(row.area_code, row.area_code) or gettext("全部")),
            cell(row.organ.short_name if row.organ else ""),
            cell(gettext("大家") if row.public else gettext("只给工作人员")),
            _chip(row),
        ]
        for row in rows
    ]
    states = [("", gettext("在用和将用的")), ("ended", gettext("已停用的")), ("all", gettext("全部"))]
    fields = {
        "q": ask.text(gettext("问题里的字")),
        "content": ask.pick(gettext("内容"), triage.content_choices(), blank=gettext("全部内容")),
        "state": ask.pick(gettext("状态"), states),
    }
    return page(
        request, gettext("知识库"), find=finding(request, **fields),
        actions=[(reverse("desk:admin-knowledge-new"), gettext("新写一条"), "primary")],
        tables=[table(heads, shown, more=more(request, after) if after else "")],
        intro=gettext("接待时照着说、来信人提交前先看到的现成答复。改动马上生效，从前的话留在管理记录里。"),
    )  # fmt: skip


def _fields() -> dict[str, Any]:
    return {
        "question": ask.text(gettext("问题"), gettext("像来信人那样问")),
        "answer": ask.long(gettext("答复"), gettext("大白话，直接说怎么办、找谁、多久"), rows=6),
        "keywords": ask.text(gettext("别的说法"), gettext("问题里没有、但人们会说的词，用空格隔开"), required=False),
        "basis": ask.text(gettext("依据"), gettext("法规、文件的名称和条款"), required=False, most=500),
        "content_code": ask.pick(gettext("内容"), triage.content_choices(), blank=gettext("全部")),
        "area_code": ask.text(gettext("区划代码"), gettext("不填就是全部地方"), required=False, inputmode="numeric"),
        "organ": ask.pick(gettext("归谁管"), organ_choices(today()), blank=gettext("不写"), number=True),
        "public": ask.tick(gettext("大家都能看"), gettext("不勾就只给工作人员看")),
    }


def _given(given: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in given.items() if name != "organ"}, "organ_id": given["organ"]}


@staff("admin")
def new(request: HttpRequest) -> HttpResponse:
    """A new entry."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)
    fields = _fields() | {
        "slug": ask.text(gettext("网址里的名字"), gettext("小写字母、数字和横线；不填就自动编一个，以后不能改"), required=False),
        "valid_from": ask.day(gettext("自何日起")),
    }  # fmt: skip
    doing.add(
        "add", gettext("新写一条"), fields, lambda given: services.knowledge_add(**_given(given), actor=actor, at=at),
        initial={"valid_from": today(), "public": True}, submit=gettext("保存"),
    )  # fmt: skip
    done = doing.sent(reverse(_UP))
    return done or page(request, gettext("新写一条"), path=_path(), forms=doing.forms, status=doing.status)


@staff("admin")
def one(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One entry: its words, where it applies, and its end. What it said before stands on the record."""
    actor, at = actor_of(request), clock.now()
    entry = triage.knowledge_entry(entry_id)
    if entry is None:
        raise NotFound()
    doing = Doing(request)
    initial = {name: getattr(entry, name) for name in _fields() if name != "organ"} | {"organ": entry.organ_id}
    doing.add(
        "change", gettext("修改"), _fields(), initial=initial, submit=gettext("保存"),
        act=lambda given: services.knowledge_change(entry_id=entry_id, **_given(given), actor=actor, at=at),
    )  # fmt: skip
    doing.add(
        "end", gettext("到期停用"),
        {"valid_to": ask.day(gettext("自何日起不再有效"), gettext("一直有效就不填"), required=False)},
        lambda given: services.knowledge_end(entry_id=entry_id, **given, actor=actor, at=at),
        initial={"valid_to": entry.valid_to}, submit=gettext("保存"), kind="outline-primary",
    )  # fmt: skip
    done = doing.sent(reverse("desk:admin-knowledge-entry", args=[entry_id]))
    facts = [
        (gettext("网址里的名字"), entry.slug),
        (gettext("自何日起"), entry.valid_from.isoformat()),
        (gettext("自何日起不再有效"), entry.valid_to.isoformat() if entry.valid_to else gettext("一直有效")),
    ]
    record = f"{reverse('desk:admin-record')}?table=triage_knowledgeentry&key={entry.pk}"
    return done or page(
        request, entry.question, path=_path(), facts=facts, forms=doing.forms, status=doing.status,
        actions=[(reverse("desk:knowledge-entry", args=[entry.slug]), gettext("看看页面"), ""), (record, gettext("改动记录"), "")],
    )  # fmt: skip
