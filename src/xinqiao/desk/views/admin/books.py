"""The way in, the calendars in force, the words of messages, and the administrative record."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, override
from django.views.decorators.http import require_GET

from xinqiao.desk import forms_admin as ask
from xinqiao.desk.views.admin.columns import ACCOUNTS, COLUMNS, ORGANS, POSTS, TABLES, choices
from xinqiao.desk.views.admin.shared import A_PAGE, Doing, cell, finding, more, number, page, table, text_of
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.words import N_
from xinqiao.law import calendars
from xinqiao.notices import texts, wordings
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people.models import AdminEntry
from xinqiao.ui.templatetags.xq import cn_datetime

MOST_SHOWN = 120  # characters of a value


@require_GET
@staff("admin")
def index(request: HttpRequest) -> HttpResponse:
    """Everything that an administrator keeps."""
    doors = [
        ("desk:admin-accounts", "user", gettext("人员和岗位"), gettext("开户、设岗、换密码、取消二次验证、停用")),
        ("desk:admin-organs", "organ", gettext("单位"), gettext("新设、改名、撤销，未办结的事项按职权交接")),
        ("desk:admin-competences", "route", gettext("职权表"), gettext("什么事、什么地方由谁办；可以导出导入")),
        ("desk:admin-reviewers", "law", gettext("复查单位"), gettext("谁复查谁的处理意见")),
        ("desk:admin-areas", "place", gettext("区划"), gettext("省市区街道社区，有起止日期")),
        ("desk:admin-calendars", "calendar", gettext("工作日历"), gettext("放假和调休，期限按它算")),
        ("desk:admin-texts", "message", gettext("消息的话"), gettext("发给来信人和单位的每一种消息怎么说")),
        ("desk:admin-knowledge", "book", gettext("知识库"), gettext("现成的答复：新写、修改、到期停用")),
        ("desk:looks", "eye", gettext("谁看过什么"), gettext("每月通读一遍")),
        (
            "desk:admin-record",
            "history",
            gettext("管理记录"),
            gettext("以上每一处变动，数据库自己记的，绕过系统改的也在"),
        ),
    ]
    return render(request, "desk/admin/index.html", {"doors": doors})


@require_GET
@staff("admin")
def calendar(request: HttpRequest) -> HttpResponse:
    """Which days are worked, as the yearly notices say; what lies beyond is provisional. Nothing is edited here."""
    year = number(text_of(request, "year")) or clock.today().year
    years = calendars.years()
    year = year if year in years else years[-1]
    book = calendars.page(year)
    heads = [gettext(word) for word in (N_("名称"), N_("放假"), N_("到"))]
    holidays = [
        [cell(one["name"]), cell(one["from"].isoformat()), cell(one["to"].isoformat())] for one in book["holidays"]
    ]
    worked = [[cell(one["day"].isoformat()), cell(one["for"])] for one in book["workdays"]]
    last = calendars.last_day()
    facts = [
        (gettext("已经公布的年份"), f"{years[0]}—{years[-1]}"),
        (gettext("这一年的依据"), book["source"]),
        (gettext("哪天以后是暂定的"), last.isoformat()),
        (gettext("本地另有的工作日、休息日"), gettext("没有：法律没有授权各地另定，期限只按国务院公布的日历算")),
    ]
    choices = [(one, str(one)) for one in reversed(years)]
    find = finding(request, year=ask.pick(gettext("年份"), choices))
    find.initial["year"] = year
    tables = [
        table(heads, holidays, title=gettext("%(year)s 年放假") % {"year": year}),
        table(
            [gettext("调休上班"), gettext("为了")],
            worked,
            title=gettext("周末要上班的日子"),
            empty=gettext("这一年没有。"),
        ),
    ]
    return page(
        request, gettext("工作日历"), facts=facts, tables=tables, find=find,
        intro=gettext("日历是法律数据，随版本发布，不在这里改。%(day)s以后的期限只按周末推算，标明“暂定”；"
                      "新一年的通知公布后，由运维人员把它加进 law/calendars，重启后自动按新日历算新的期限。") % {"day": last.isoformat()},
    )  # fmt: skip


# --- the words of messages


def _languages() -> list[tuple[str, str]]:
    return list(settings.LANGUAGES)


@require_GET
@staff("admin")
def messages(request: HttpRequest) -> HttpResponse:
    """Every message there is, and which ones have words of this instance's own."""
    own = {(row.book, row.text): row for row in wordings.own().rows if row.until is None}
    tables = []
    for book, title in (("petitioner", gettext("发给来信人的")), ("staff", gettext("发给单位和工作人员的"))):
        rows = []
        for text, built_in in wordings.BOOKS[book].items():
            row = own.get((book, text))
            words = " ".join(row.body.splitlines()) if row else "".join(map(gettext, built_in.sentences))
            state = cell(gettext("自己的"), mood="act") if row else cell(gettext("默认"), mood="plain")
            link = reverse("desk:admin-text", args=[book, text])
            rows.append([cell(row.subject if row else gettext(built_in.subject), link, text), cell(words), state])
        tables.append(table([gettext(word) for word in (N_("标题"), N_("正文"), N_("用哪一种"))], rows, title=title))
    return page(
        request, gettext("消息的话"), tables=tables,
        intro=gettext("密封事项的消息一律用默认的中性的话，这里改不到。从前发出的消息仍然是当时的话。"),
    )  # fmt: skip


@staff("admin")
def message(request: HttpRequest, book: str, text: str) -> HttpResponse:
    """One message: the built-in words, own ones in each language, and how they were before."""
    actor, at, built_in = actor_of(request), clock.now(), wordings.template(book, text)
    rows = [row for row in wordings.own().rows if (row.book, row.text) == (book, text)]
    doing = Doing(request)
    for language, name in _languages():
        _forms(doing, book, text, language, name, built_in, rows, actor, at)
    done = doing.sent(reverse("desk:admin-text", args=[book, text]))
    names = "、".join(f"{{{one}}}" for one in sorted(built_in.fields))
    must = "、".join(f"{{{one}}}" for one in sorted(built_in.fields & {*built_in.secrets, "number"}))
    facts = [
        (gettext("默认的标题"), gettext(built_in.subject)),
        (gettext("默认的正文"), " ".join(map(gettext, built_in.sentences))),
        (gettext("可以用的花括号"), names),
        (gettext("不能少的花括号"), must),
    ]
    heads = [gettext(word) for word in (N_("语言"), N_("标题"), N_("正文"), N_("起"), N_("止"))]
    kept = [
        [cell(dict(_languages())[row.language]), cell(row.subject), cell(row.body), cell(cn_datetime(row.since)),
         cell(cn_datetime(row.until) if row.until else gettext("现在"))]
        for row in rows[:A_PAGE]
    ]  # fmt: skip
    path = [(reverse("desk:admin-texts"), gettext("消息的话"))]
    return done or page(
        request, gettext(built_in.subject), path=path, facts=facts, forms=doing.forms, status=doing.status,
        tables=[table(heads, kept, title=gettext("自己的话"), empty=gettext("一直用默认的话。"))],
    )  # fmt: skip


def _forms(
    doing: Doing, book: str, text: str, language: str, name: str, built_in: texts.Template, rows: list[Any], actor: Any,
    at: Any,
) -> None:  # fmt: skip
    which: dict[str, Any] = {"book": book, "text": text, "language": language, "actor": actor, "at": at}
    now = next((row for row in rows if row.language == language and row.until is None), None)
    with override(language):
        start = {"subject": gettext(built_in.subject), "body": "\n".join(map(gettext, built_in.sentences))}
    if now is not None:
        start = {"subject": now.subject, "body": now.body}
    fields = {
        "subject": ask.text(gettext("标题")),
        "body": ask.long(gettext("正文，一句一行"), gettext("一行里的花括号没有值时，整行不发。")),
    }
    doing.add(
        f"own-{language}", gettext("自己的话：%(language)s") % {"language": name}, fields,
        lambda given: wordings.wording_set(**which, **given), initial=start, submit=gettext("从现在起用这些话"),
    )  # fmt: skip
    if now is not None:
        doing.add(
            f"default-{language}", gettext("改回默认：%(language)s") % {"language": name}, {},
            lambda given: wordings.wording_default(**which), kind="outline-primary", submit=gettext("改回默认"),
        )  # fmt: skip


# --- the record


class _Values:
    """Values as people write them: choices in words, organs and people by their names, long texts cut."""

    def __init__(self, entries: Sequence[AdminEntry]) -> None:
        values = [
            (name, value)
            for entry in entries
            for row in (entry.old or {}, entry.new or {})
            for name, value in row.items()
            if isinstance(value, int)
        ]
        self.names = {
            columns: look_up(value for name, value in values if name in columns)
            for columns, look_up in (
                (ORGANS, people.organ_names),
                (ACCOUNTS, people.account_names),
                (POSTS, people.post_names),
            )
        }

    def words(self, table: str, name: str, value: Any) -> str | None:
        """The value in words; None for nothing."""
        if value is None or value == "":
            return None
        if value == "(changed)":  # what the database writes for passwords and keys
            return gettext("换了")
        if isinstance(value, bool):
            return gettext("是") if value else gettext("否")
        if isinstance(value, int):
            value = next((names.get(value, value) for columns, names in self.names.items() if name in columns), value)
        elif isinstance(value, list):
            value = "、".join(map(str, value))
        elif isinstance(value, str) and value in (known := choices().get((table, name), {})):
            value = gettext(str(known[value]))
        text = str(value)
        return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"

    def changed(self, entry: AdminEntry) -> list[tuple[str, str | None, str | None]]:
        """What the entry changed: (column, before, after)."""
        old, new = entry.old or {}, entry.new or {}
        rows = [
            (
                gettext(COLUMNS.get(name, name)),
                self.words(entry.table, name, old.get(name)),
                self.words(entry.table, name, new.get(name)),
            )
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        return [row for row in rows if row[1:] != (None, None)]


def _called(entry: AdminEntry) -> str:
    """What people call the row."""
    row = entry.new or entry.old or {}
    return next((str(row[name]) for name in ("name", "title", "question", "text") if row.get(name)), "")


@require_GET
@staff("admin")
def record(request: HttpRequest) -> HttpResponse:
    """Every change of administrative data, the newest first; what was done around the application is marked."""
    wanted, key, before = text_of(request, "table", 63), text_of(request, "key", 64), number(text_of(request, "after"))
    rows = AdminEntry.objects.order_by("-id")
    if wanted:
        rows = rows.filter(table=wanted)
    if key:
        rows = rows.filter(key=key)
    if text_of(request, "who"):
        rows = rows.filter(actor_kind="")
    found = list((rows.filter(id__lt=before) if before else rows)[: A_PAGE + 1])
    names = people.account_names(one.account_id for one in found if one.account_id)
    values = _Values(found[:A_PAGE])
    labels = {name: gettext(label) for name, label in TABLES}
    heads = [gettext(word) for word in (N_("什么时候"), N_("什么"), N_("谁改的"), N_("改了什么"))]
    shown = []
    for one in found[:A_PAGE]:
        here = f"{reverse('desk:admin-record')}?table={one.table}&key={one.key}"
        if one.outside:
            who = cell(gettext("绕过系统，用 SQL 改的"), mood="late", icon="alert")
            who["sub"] = f"{one.role} · {one.program}"
        else:
            who = cell(names.get(one.account_id or 0, gettext("系统")), sub=one.role)
        what = cell(labels.get(one.table, one.table), here, " · ".join(filter(None, (_called(one), one.key))))
        how = cell(gettext(AdminEntry.Action(one.action).label))
        how["diff"] = values.changed(one)
        shown.append([cell(cn_datetime(one.at)), what, who, how])
    kinds = list(labels.items())
    fields = {
        "table": ask.pick(gettext("哪一类"), kinds, blank=gettext("全部")),
        "key": ask.text(gettext("编号")),
        "who": ask.pick(gettext("谁改的"), [("", gettext("谁改的都看")), ("sql", gettext("只看绕过系统的"))]),
    }
    listed = table(heads, shown, more=more(request, found[A_PAGE - 1].pk) if len(found) > A_PAGE else "")
    return page(
        request, gettext("管理记录"), tables=[listed], find=finding(request, **fields),
        intro=gettext("数据库自己记的，只增不改；密码和密钥不记。安装和升级时的改动也显示为绕过系统。"),
    )  # fmt: skip
