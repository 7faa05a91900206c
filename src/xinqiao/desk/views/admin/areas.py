"""Areas: the tree as it stands on a day; new ones, other names, and those that are no more."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from xinqiao.desk import forms_admin as ask
from xinqiao.desk.views.admin.shared import A_PAGE, Doing, cell, finding, more, page, table, text_of, today
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.words import N_
from xinqiao.people import clock, services
from xinqiao.people import selectors as people
from xinqiao.people.models import Area, Level, in_force
from xinqiao.ui.templatetags.xq import day_words

_UP = "desk:admin-areas"


def _levels() -> list[tuple[str, str]]:
    return [(value, gettext(label)) for value, label in Level.choices]


def _path(code: str) -> list[tuple[str, str]]:
    root = [(reverse(_UP), gettext("区划"))]
    return root + [(f"{reverse(_UP)}?in={area.code}", area.name) for area in people.area_path(code, today())]


@staff("admin")
def areas(request: HttpRequest) -> HttpResponse:
    """What lies directly below an area, by code; or what a word finds."""
    inside, words, after, on = text_of(request, "in", 12), text_of(request, "q"), text_of(request, "after", 20), today()
    rows = Area.objects.filter(in_force(on), code__gt=after).order_by("code")
    rows = rows.filter(name__contains=words) if words else rows.filter(parent_code=inside)
    found = list(rows[: A_PAGE + 1])
    here = people.area_at(inside, on) if inside else None
    heads = [gettext(word) for word in (N_("名称"), N_("代码"), N_("级别"), N_("自何日起"))]
    shown = [
        [
            cell(area.name, f"{reverse(_UP)}?in={area.code}", area.full_name if words else ""),
            cell(area.code, reverse("desk:admin-area", args=[area.code])),
            cell(gettext(Level(area.level).label)),
            cell(area.valid_from.isoformat()),
        ]
        for area in found[:A_PAGE]
    ]
    listed = table(heads, shown, more=more(request, found[A_PAGE - 1].code) if len(found) > A_PAGE else "")
    actions = [(f"{reverse('desk:admin-area-new')}?in={inside}", gettext("新设区划"), "primary")]
    if here is not None:
        actions.append((reverse("desk:admin-area", args=[inside]), gettext("改名或者终止"), ""))
    path = _path(inside)
    title = here.name if here else gettext("区划")
    return page(
        request, title, path=path[:-1], actions=actions, tables=[listed],
        find=finding(request, q=ask.text(gettext("名称里的字"))),
        intro=gettext("区划有起止日期：改名不改从前的事，从前的事项仍然属于当时的名字。"),
    )  # fmt: skip


@staff("admin")
def area_new(request: HttpRequest) -> HttpResponse:
    """A new area."""
    actor, at, inside = actor_of(request), clock.now(), text_of(request, "in", 12)
    doing = Doing(request)
    fields = {
        "name": ask.text(gettext("名称")),
        "code": ask.text(gettext("代码"), gettext("民政部门公布的区划代码"), inputmode="numeric"),
        "level": ask.pick(gettext("级别"), _levels(), blank=gettext("请选择")),
        "parent_code": ask.text(gettext("上级区划代码"), inputmode="numeric", required=False),
        "valid_from": ask.day(gettext("自何日起")),
    }
    doing.add(
        "add", gettext("新设区划"), fields, lambda given: services.area_add(**given, actor=actor, at=at),
        initial={"parent_code": inside, "valid_from": today()},
    )  # fmt: skip
    done = doing.sent(f"{reverse(_UP)}?in={inside}")
    return done or page(request, gettext("新设区划"), path=_path(inside), forms=doing.forms, status=doing.status)


@staff("admin")
def area(request: HttpRequest, code: str) -> HttpResponse:
    """One area: how it was called when; rename it or end it."""
    actor, at = actor_of(request), clock.now()
    rows = list(Area.objects.filter(code=code).order_by("-valid_from")[:A_PAGE])
    if not rows:
        raise Http404
    doing = Doing(request)
    if any(row.valid_to is None for row in rows):
        _forms(doing, code, actor, at)
    done = doing.sent(reverse("desk:admin-area", args=[code]))
    heads = [gettext(word) for word in (N_("名称"), N_("全名"), N_("自何日起"), N_("到何日"))]
    kept = [
        [cell(row.name), cell(row.full_name), cell(row.valid_from.isoformat()),
         cell(day_words(row.valid_to) if row.valid_to else gettext("现在"))]
        for row in rows
    ]  # fmt: skip
    record = (f"{reverse('desk:admin-record')}?table=people_area&key={rows[0].pk}", gettext("变动记录"), "")
    return done or page(
        request, rows[0].name, path=_path(rows[0].parent_code), tables=[table(heads, kept)], forms=doing.forms,
        actions=[record], status=doing.status,
    )  # fmt: skip


def _forms(doing: Doing, code: str, actor: Any, at: Any) -> None:
    doing.add(
        "rename", gettext("改名"),
        {"name": ask.text(gettext("新名称")), "valid_from": ask.day(gettext("自何日起"))},
        lambda given: services.area_rename(code=code, **given, actor=actor, at=at),
        initial={"valid_from": today()}, help=gettext("下面区划的全名跟着改，从那一天起。"),
    )  # fmt: skip
    doing.add(
        "close", gettext("终止"), {"valid_to": ask.day(gettext("自何日起不再存在"))},
        lambda given: services.area_close(code=code, **given, actor=actor, at=at),
        initial={"valid_to": today()}, kind="outline-danger", help=gettext("下面没有区划、没有单位设在这里，才能终止。"),
    )  # fmt: skip
