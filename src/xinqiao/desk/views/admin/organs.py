"""Organs: made, renamed, abolished with their heirs; reviewing bodies."""

from datetime import date
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from xinqiao.cases import jobs, succession
from xinqiao.cases.models import Abolition
from xinqiao.desk import forms_admin as ask
from xinqiao.desk.views.admin.shared import (
    A_PAGE,
    Doing,
    cell,
    finding,
    more,
    number,
    organ_choices,
    organ_of,
    page,
    table,
    text_of,
    today,
)
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.words import N_
from xinqiao.people import clock, services
from xinqiao.people.actors import Actor
from xinqiao.people.models import Competence, Level, Organ, Post, ReviewingBody, in_force
from xinqiao.people.visitors import needs_recent_sign_in
from xinqiao.triage import selectors as triage
from xinqiao.ui.templatetags.xq import day_words

_UP = "desk:admin-organs"


def _path(*further: tuple[str, str]) -> list[tuple[str, str]]:
    return [(reverse(_UP), gettext("单位")), *further]


@staff("admin")
def organs(request: HttpRequest) -> HttpResponse:
    """The organs by their code, those that are no more too when asked for."""
    words, after, gone, on = text_of(request, "q"), text_of(request, "after", 40), text_of(request, "gone"), today()
    rows = Organ.objects.filter(code__gt=after).order_by("code")
    rows = rows if gone else rows.filter(in_force(on))
    found = list((rows.filter(name__contains=words) if words else rows)[: A_PAGE + 1])
    heads = [gettext(word) for word in (N_("单位"), N_("代号"), N_("种类"), N_("区划"), N_("状态"))]
    shown = [
        [
            cell(organ.name, reverse("desk:admin-organ", args=[organ.pk]), organ.short_name),
            cell(organ.code),
            cell(gettext(Organ.Kind(organ.kind).label)),
            cell(organ.area_code, sub=gettext(Level(organ.level).label)),
            cell(gettext("已撤销"), mood="plain")
            if organ.valid_to
            else cell(gettext("设立"), mood="done", icon="check"),
        ]
        for organ in found[:A_PAGE]
    ]
    listed = table(heads, shown, more=more(request, found[A_PAGE - 1].code) if len(found) > A_PAGE else "")
    kinds = [("", gettext("现在设立的")), ("1", gettext("撤销了的也看"))]
    find = finding(request, q=ask.text(gettext("名称里的字")), gone=ask.pick(gettext("哪些"), kinds))
    actions = [(reverse("desk:admin-organ-new"), gettext("新设单位"), "primary")]
    tables = [_prepared(), listed] if not (words or after) else [listed]
    return page(request, gettext("单位"), actions=actions, tables=[one for one in tables if one], find=find)


def _prepared() -> dict[str, Any] | None:
    """The abolitions that wait for their day."""
    heads = [gettext(word) for word in (N_("单位"), N_("自何日起撤销"), N_("其余由谁接"), N_("依据"))]
    rows = [
        [
            cell(act.organ.name, reverse("desk:admin-abolish", args=[act.organ_id])),
            cell(gettext("到日子没有办成"), mood="late", icon="alert") if act.troubled else cell(day_words(act.on)),
            cell(act.rest.short_name),
            cell(act.source),
        ]
        for act in succession.abolitions_prepared()
    ]
    return table(heads, rows, title=gettext("排定的撤销")) if rows else None


def _fields() -> dict[str, Any]:
    kinds = [(value, gettext(label)) for value, label in Organ.Kind.choices]
    levels = [(value, gettext(label)) for value, label in Level.choices]
    return {
        "name": ask.text(gettext("全称"), gettext("公文上用的名称")),
        "short_name": ask.text(gettext("简称")),
        "kind": ask.pick(gettext("种类"), kinds, blank=gettext("请选择")),
        "level": ask.pick(gettext("级别"), levels, blank=gettext("请选择")),
        "area_code": ask.text(gettext("所在区划代码"), inputmode="numeric"),
        "superior": ask.pick(
            gettext("上级单位"), organ_choices(today()), gettext("裁定管辖争议时找共同的上级"), blank=gettext("没有"), number=True
        ),
        "address": ask.text(gettext("地址")),
        "phone": ask.text(gettext("电话")),
        "hours": ask.text(gettext("接待时间")),
    }  # fmt: skip


def _given(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "superior"} | {"superior_id": given["superior"]}


@staff("admin")
def organ_new(request: HttpRequest) -> HttpResponse:
    """A new organ."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)
    fields = {"code": ask.text(gettext("代号"), gettext("字母和数字，定了就不改")), **_fields()}
    fields["valid_from"] = ask.day(gettext("自何日起"))
    doing.add(
        "add", gettext("新设单位"), fields, lambda given: services.organ_add(**_given(given), actor=actor, at=at),
        initial={"valid_from": today()},
    )  # fmt: skip
    done = doing.sent(reverse(_UP))
    return done or page(request, gettext("新设单位"), path=_path(), forms=doing.forms, status=doing.status)


@staff("admin")
def organ(request: HttpRequest, organ_id: int) -> HttpResponse:
    """One organ: what it answers for, who works there; its name and data."""
    actor, at, on = actor_of(request), clock.now(), today()
    one = organ_of(organ_id)
    doing = Doing(request)
    if one.valid_to is None:
        doing.add(
            "change", gettext("改名和更正"), _fields(),
            lambda given: services.organ_change(organ_id=one.pk, on=on, **_given(given), actor=actor, at=at),
            initial={**{name: getattr(one, name) for name in _fields()}, "superior": one.superior_id},
            help=gettext("从现在起用新的；已经发出的文书不变。"),
        )  # fmt: skip
    done = doing.sent(reverse("desk:admin-organ", args=[one.pk]))
    facts = [
        (gettext("代号"), one.code),
        (gettext("种类"), gettext(Organ.Kind(one.kind).label)),
        (gettext("区划"), one.area_code),
        (gettext("上级单位"), one.superior.name if one.superior else ""),
        (gettext("设立"), one.valid_from.isoformat()),
    ]
    act = succession.abolition_of(one)
    if one.valid_to:
        facts.append((gettext("撤销"), day_words(one.valid_to)))
    if act is not None:
        facts += _act(act)
    actions = [(f"{reverse('desk:admin-record')}?table=people_organ&key={one.pk}", gettext("变动记录"), "")]
    if one.valid_to is None:
        label = gettext("撤销这个单位") if act is None else gettext("排定的撤销")
        actions.append((reverse("desk:admin-abolish", args=[one.pk]), label, "outline-danger"))
    return done or page(
        request, one.name, path=_path(), facts=facts, actions=actions, tables=_tables(one, on), forms=doing.forms,
        status=doing.status,
    )  # fmt: skip


def _act(act: Abolition) -> list[tuple[str, str]]:
    state = gettext("已经交接完") if act.done_at else gettext("正在交接")
    if act.troubled:
        state = gettext("有的还没有交接成，系统每分钟再试；请看日志")
    if act.begun_at is None:
        state = gettext("排定在%(day)s，到那天自动办理") % {"day": day_words(act.on)}
        if act.troubled:
            state = gettext("到日子没有办成，系统每分钟再试：") + gettext(act.trouble or N_("原因请看日志。"))
    return [
        (gettext("依据"), act.source),
        (gettext("其余由谁接"), act.rest.name),
        (gettext("未办结事项的交接"), state),
    ]


def _tables(one: Organ, on: Any) -> list[dict[str, Any]]:
    labels = dict(triage.content_choices())
    lines = Competence.objects.filter(in_force(on), organ=one).order_by("content_code", "area_code", "pk")[:A_PAGE]
    posts = Post.objects.filter(in_force(on), organ=one).select_related("account").order_by("pk")[:A_PAGE]
    competences = [
        [
            cell(labels.get(row.content_code, row.content_code) or gettext("全部"), reverse("desk:admin-competence", args=[row.pk])),
            cell(row.area_code or gettext("全部")), cell(gettext(Competence.Role(row.role).label)), cell(row.source),
        ]
        for row in lines
    ]  # fmt: skip
    people = [
        [cell(post.account.name, reverse("desk:admin-account", args=[post.account_id])), cell(post.title),
         cell(gettext(Post.Role(post.role).label))]
        for post in posts
    ]  # fmt: skip
    return [
        table(
            [gettext(w) for w in (N_("内容"), N_("地方"), N_("主办或协办"), N_("依据"))],
            competences,
            title=gettext("管什么"),
        ),
        table([gettext(w) for w in (N_("谁"), N_("岗位"), N_("职责"))], people, title=gettext("岗位")),
    ]


@staff("admin")
@needs_recent_sign_in
def abolish(request: HttpRequest, organ_id: int) -> HttpResponse:
    """An organ is abolished, today or on a later day: first who would take what, then the act. A prepared one is called off."""
    actor, at, on = actor_of(request), clock.now(), today()
    one = organ_of(organ_id)
    act = succession.abolition_of(one)
    if act is not None and act.begun_at is None:
        return _call_off(request, one, act, actor, at)
    coming = Organ.objects.filter(valid_from__gt=on, valid_to__isnull=True).order_by("area_code", "pk")
    soon = [(organ.pk, f"{organ.name}（{day_words(organ.valid_from)}）") for organ in coming[:A_PAGE]]
    others = [(pk, name) for pk, name in organ_choices(on) if pk != one.pk] + soon
    doing = Doing(request)
    given: dict[str, Any] = {}

    def carry_out(wish: dict[str, Any]) -> Any:
        if request.POST.get("sure") != "yes":
            given.update(wish)
            seen = succession.preview(
                organ_id=one.pk, heir_ids=wish["heirs"], rest_id=wish["rest"] or 0, on=wish["on"] or on, actor=actor
            )
            return {"seen": seen, "on": wish["on"] or on}
        with transaction.atomic():
            act = succession.organ_abolish(
                organ_id=one.pk, heir_ids=wish["heirs"], rest_id=wish["rest"] or 0, source=wish["source"], actor=actor,
                at=at, key=f"abolish/{wish['key']}", on=wish["on"],
            )  # fmt: skip
            if act.begun_at is not None:
                jobs.hand_on_soon(at)
        return act

    fields = {
        "source": ask.text(gettext("依据"), gettext("批准撤销、合并或者分立的文件和文号")),
        "rest": ask.pick(
            gettext("职权没有写明的，由谁接"), others, gettext("只有一个单位接手的，就选它"), blank=gettext("请选择"), number=True
        ),
        "heirs": ask.several(gettext("还有哪些单位接手"), others, gettext("按职权表里写的内容和地方分给它们")),
        "on": ask.day(
            gettext("自何日起撤销"), gettext("今天就撤，或者以后的一天：到那天自动办理，之前可以取消"), required=False
        ),
        "key": ask.text("key"),
    }  # fmt: skip
    form = doing.add(
        "abolish", gettext("先看看谁接什么"), fields, carry_out, initial={"key": uuid4().hex, "on": on},
        help=gettext("《信访工作条例》第二十四条第二款：由继续行使其职权的单位受理。期限不变，来信人会收到告知。"),
    )  # fmt: skip
    form.fields["key"].widget = ask.forms.HiddenInput()
    later = bool(request.POST.get("abolish-on")) and request.POST["abolish-on"] != on.isoformat()
    said = (
        gettext("已排定，到那天自动办理，之前可以取消。")
        if later
        else gettext("已撤销。未办结的事项正在交接，每件都留记录。")
    )
    done = doing.sent(reverse("desk:admin-organ", args=[one.pk]), said)
    if not isinstance(done, dict):
        path = _path((reverse("desk:admin-organ", args=[one.pk]), one.name))
        return done or page(request, gettext("撤销单位"), path=path, forms=doing.forms, status=doing.status)
    return _previewed(request, one, form, done["seen"], done["on"])


def _call_off(request: HttpRequest, one: Organ, act: Abolition, actor: Actor, at: Any) -> HttpResponse:
    """A prepared abolition, and the way to call it off."""
    doing = Doing(request)
    doing.add(
        "call-off", gettext("取消这次撤销"), {},
        lambda given: succession.abolition_call_off(act_id=act.pk, actor=actor, at=at), kind="outline-danger",
        help=gettext("单位照常设立，事项不动；要改日子或者改由谁接，取消以后再重新排。"),
    )  # fmt: skip
    done = doing.sent(reverse("desk:admin-organ", args=[one.pk]), gettext("已取消，单位照常设立。"))
    heirs = gettext("、").join(act.heirs.order_by("pk").values_list("name", flat=True))
    facts = [(gettext("自何日起撤销"), day_words(act.on)), *_act(act), (gettext("还有哪些单位接手"), heirs)]
    path = _path((reverse("desk:admin-organ", args=[one.pk]), one.name))
    return done or page(request, gettext("排定的撤销"), path=path, facts=facts, forms=doing.forms, status=doing.status)


def _previewed(request: HttpRequest, one: Organ, form: Any, seen: succession.Preview, on: date) -> HttpResponse:
    labels = dict(triage.content_choices())
    rows = [
        [cell(labels.get(share.content_code, share.content_code) or gettext("还没有分类")), cell(share.heir.name), cell(share.cases)]
        for share in seen.shares
    ]  # fmt: skip
    heads = [gettext(word) for word in (N_("内容"), N_("由谁接"), N_("未办结（件）"))]
    warnings = [gettext("%(day)s起，%(organ)s撤销，它的 %(posts)s 个岗位结束，手上的事由接手的单位重新指定承办人。")
                % {"day": day_words(on), "organ": one.name, "posts": seen.posts}]  # fmt: skip
    if on > today():
        warnings.append(gettext("到那天照当时的职权表和事项来分，会再检查一遍；办不成的会提醒管理员。"))
    if seen.competences:
        warnings.append(
            gettext("职权表里有 %(count)s 行没有别的单位接，会转给兜底的单位。") % {"count": seen.competences}
        )
    if seen.full:
        warnings.append(gettext("这里只看了前 %(count)s 件，还有更多，会照同样的规则分。") % {"count": seen.looked_at})
    warnings.append(gettext("密封的事项不在这里显示，只交给接手单位里指定的人。"))
    for field in form.fields.values():
        field.widget = field.hidden_widget()
    path = _path((reverse("desk:admin-organ", args=[one.pk]), one.name))
    sure = {
        "do": "abolish",
        "title": gettext("确认撤销"),
        "form": form,
        "submit": gettext("排定这次撤销") if on > today() else gettext("撤销并交接"),
        "kind": "danger",
        "sure": True,
    }
    return page(
        request, gettext("撤销单位"), path=path, warnings=warnings, forms=[sure],
        tables=[table(heads, rows, title=gettext("谁接什么"), empty=gettext("没有看得到的未办结事项。"))],
    )  # fmt: skip


# --- reviewing bodies


@staff("admin")
def reviewers(request: HttpRequest) -> HttpResponse:
    """Who reviews whose decisions (Art. 35)."""
    after, on = number(text_of(request, "after")), today()
    rows = ReviewingBody.objects.filter(in_force(on), pk__gt=after).select_related("organ", "reviewer").order_by("pk")
    found, labels = list(rows[: A_PAGE + 1]), dict(triage.content_choices())
    heads = [gettext(word) for word in (N_("作出处理意见的单位"), N_("内容"), N_("复查单位"), N_("依据"), N_("终止"))]
    shown = [
        [
            cell(row.organ.name), cell(labels.get(row.content_code, row.content_code) or gettext("全部")), cell(row.reviewer.name),
            cell(row.source, sub=row.valid_from.isoformat()),
            cell(gettext("终止"), reverse("desk:admin-reviewer", args=[row.pk])) if row.valid_to is None else cell(row.valid_to.isoformat()),
        ]
        for row in found[:A_PAGE]
    ]  # fmt: skip
    listed = table(heads, shown, more=more(request, found[A_PAGE - 1].pk) if len(found) > A_PAGE else "")
    actions = [(reverse("desk:admin-reviewer-new"), gettext("新增一行"), "primary")]
    return page(request, gettext("复查单位"), actions=actions, tables=[listed])


@staff("admin")
def reviewer_new(request: HttpRequest) -> HttpResponse:
    """A new reviewing body."""
    actor, at, choices = actor_of(request), clock.now(), organ_choices(today())
    doing = Doing(request)

    def add(given: dict[str, Any]) -> Any:
        organ_id, reviewer_id = given.pop("organ") or 0, given.pop("reviewer") or 0
        return services.reviewer_add(organ_id=organ_id, reviewer_id=reviewer_id, **given, actor=actor, at=at)

    fields = {
        "organ": ask.pick(gettext("作出处理意见的单位"), choices, blank=gettext("请选择"), number=True),
        "content_code": ask.pick(gettext("内容"), triage.content_choices(), blank=gettext("全部")),
        "reviewer": ask.pick(gettext("复查单位"), choices, blank=gettext("请选择"), number=True),
        "source": ask.text(gettext("依据")),
        "valid_from": ask.day(gettext("自何日起")),
    }
    doing.add("add", gettext("新增"), fields, add, initial={"valid_from": today()})
    done = doing.sent(reverse("desk:admin-reviewers"))
    path = [(reverse("desk:admin-reviewers"), gettext("复查单位"))]
    return done or page(request, gettext("新增复查单位"), path=path, forms=doing.forms, status=doing.status)


@staff("admin")
def reviewer(request: HttpRequest, reviewing_id: int) -> HttpResponse:
    """A reviewing body that shall end."""
    actor, at = actor_of(request), clock.now()
    row = ReviewingBody.objects.filter(pk=reviewing_id).select_related("organ", "reviewer").first()
    if row is None:
        raise Http404
    doing = Doing(request)
    doing.add(
        "end", gettext("终止"), {"valid_to": ask.day(gettext("自何日起不再是"))},
        lambda given: services.reviewer_end(reviewing_id=reviewing_id, **given, actor=actor, at=at),
        initial={"valid_to": today()}, kind="outline-danger",
    )  # fmt: skip
    done = doing.sent(reverse("desk:admin-reviewers"))
    path = [(reverse("desk:admin-reviewers"), gettext("复查单位"))]
    facts = [
        (gettext("作出处理意见的单位"), row.organ.name),
        (gettext("复查单位"), row.reviewer.name),
        (gettext("依据"), row.source),
    ]
    return done or page(
        request, gettext("终止复查单位"), path=path, facts=facts, forms=doing.forms, status=doing.status
    )
