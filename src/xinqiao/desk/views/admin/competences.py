"""The competence table: looked through, edited line by line, taken out and in as a file with a dry run."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinqiao.desk import forms_admin as ask
from xinqiao.desk import sheets
from xinqiao.desk.views.admin.shared import (
    A_PAGE,
    Doing,
    cell,
    finding,
    more,
    number,
    organ_choices,
    page,
    table,
    text_of,
    today,
)
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake.sheets.reading import open_sheet
from xinqiao.kernel.errors import BadInput
from xinqiao.kernel.words import N_
from xinqiao.people import clock, competences, services
from xinqiao.people.models import Competence, in_force
from xinqiao.triage import selectors as triage

_UP = "desk:admin-competences"
MOST_BYTES = 4 * 1024 * 1024


def _path() -> list[tuple[str, str]]:
    return [(reverse(_UP), gettext("职权表"))]


@staff("admin")
def listing(request: HttpRequest) -> HttpResponse:
    """The lines in force, by content and place; of one organ or content."""
    on, organ_id, content = today(), number(text_of(request, "organ")), text_of(request, "content", 6)
    after, labels = text_of(request, "after", 60).split("|"), dict(triage.content_choices())
    rows = Competence.objects.filter(in_force(on)).select_related("organ")
    if organ_id:
        rows = rows.filter(organ_id=organ_id)
    if content:
        rows = rows.filter(content_code__startswith=content.rstrip("0") or content)
    if len(after) == 3 and number(after[2]):
        rows = rows.filter(
            Q(content_code__gt=after[0])
            | Q(content_code=after[0], area_code__gt=after[1])
            | Q(content_code=after[0], area_code=after[1], pk__gt=number(after[2]))
        )
    found = list(rows.order_by("content_code", "area_code", "pk")[: A_PAGE + 1])
    heads = [gettext(word) for word in (N_("内容"), N_("地方"), N_("单位"), N_("主办或协办"), N_("依据"))]
    shown = [
        [
            cell(labels.get(row.content_code, row.content_code) or gettext("全部"), reverse("desk:admin-competence", args=[row.pk]), row.content_code),
            cell(row.area_code or gettext("全部")), cell(row.organ.short_name, reverse("desk:admin-organ", args=[row.organ_id])),
            cell(gettext(Competence.Role(row.role).label)),
            cell(row.source, sub=f"{row.valid_from} — {row.valid_to or ''}"),
        ]
        for row in found[:A_PAGE]
    ]  # fmt: skip
    last = found[A_PAGE - 1] if len(found) > A_PAGE else None
    key = f"{last.content_code}|{last.area_code}|{last.pk}" if last else ""
    actions = [
        (reverse("desk:admin-competence-new"), gettext("新增一行"), "primary"),
        (reverse("desk:admin-competences-export", args=["xlsx"]), gettext("导出 xlsx"), ""),
        (reverse("desk:admin-competences-export", args=["csv"]), gettext("导出 csv"), ""),
        (reverse("desk:admin-competences-import"), gettext("导入"), ""),
    ]
    fields = {
        "organ": ask.pick(gettext("单位"), organ_choices(on), blank=gettext("全部单位"), number=True),
        "content": ask.pick(gettext("内容"), triage.content_choices(), blank=gettext("全部内容")),
    }
    return page(
        request, gettext("职权表"), actions=actions, find=finding(request, **fields),
        tables=[table(heads, shown, more=more(request, key) if key else "")],
        intro=gettext("什么内容、什么地方的事由谁主办、谁协办：内容越细越优先，其次地方越小越优先。"),
    )  # fmt: skip


@staff("admin")
def new(request: HttpRequest) -> HttpResponse:
    """A new line."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)

    def add(given: dict[str, Any]) -> Any:
        organ_id = given.pop("organ") or 0
        return services.competence_add(organ_id=organ_id, **given, actor=actor, at=at)

    roles = [(value, gettext(label)) for value, label in Competence.Role.choices]
    fields = {
        "content_code": ask.pick(gettext("内容"), triage.content_choices(), blank=gettext("全部")),
        "area_code": ask.text(gettext("区划代码"), gettext("不填就是全部地方"), inputmode="numeric"),
        "organ": ask.pick(gettext("单位"), organ_choices(today()), blank=gettext("请选择"), number=True),
        "role": ask.pick(gettext("主办或协办"), roles),
        "source": ask.text(gettext("依据"), gettext("例如三定方案、权责清单的名称和文号")),
        "valid_from": ask.day(gettext("自何日起")),
    }
    doing.add("add", gettext("新增"), fields, add, initial={"valid_from": today()})
    done = doing.sent(reverse(_UP))
    return done or page(request, gettext("新增职权"), path=_path(), forms=doing.forms, status=doing.status)


@staff("admin")
def one(request: HttpRequest, competence_id: int) -> HttpResponse:
    """One line: its source put right, or its end. Another content or place is another line."""
    actor, at = actor_of(request), clock.now()
    row = Competence.objects.filter(pk=competence_id).select_related("organ").first()
    if row is None:
        raise Http404
    doing = Doing(request)
    fields = {
        "source": ask.text(gettext("依据")),
        "valid_to": ask.day(gettext("自何日起不再有效"), gettext("一直有效就不填"), required=False),
    }
    doing.add(
        "change", gettext("保存"), fields,
        lambda given: services.competence_change(competence_id=competence_id, **given, actor=actor, at=at),
        initial={"source": row.source, "valid_to": row.valid_to},
    )  # fmt: skip
    done = doing.sent(reverse(_UP))
    labels = dict(triage.content_choices())
    facts = [
        (gettext("单位"), row.organ.name),
        (gettext("内容"), labels.get(row.content_code, row.content_code) or gettext("全部")),
        (gettext("地方"), row.area_code or gettext("全部")),
        (gettext("主办或协办"), gettext(Competence.Role(row.role).label)),
        (gettext("自何日起"), row.valid_from.isoformat()),
    ]
    record = (f"{reverse('desk:admin-record')}?table=people_competence&key={row.pk}", gettext("变动记录"), "")
    return done or page(
        request, gettext("职权"), path=_path(), facts=facts, actions=[record], forms=doing.forms, status=doing.status
    )


@require_GET
@staff("admin")
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The whole table, what has ended too; a file that goes in again as it came out."""
    if form not in sheets.TYPES:
        raise Http404
    rows = list(competences.rows())
    if form == "csv":
        pieces = sheets.csv_pieces(competences.COLUMNS, rows)
    else:
        pieces = sheets.xlsx_pieces(gettext("职权表"), competences.COLUMNS, rows)
    response = StreamingHttpResponse(pieces, content_type=sheets.TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="competences-{today().isoformat()}.{form}"'
    return response


def _lines(file: Any) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file by their line and column."""
    sheet = open_sheet(file)
    names = [name.strip() for name in sheet.headings]
    for row in sheet.rows():
        texts = [one.date().isoformat() if isinstance(one, datetime) else str(one) for one in row.cells]
        if any(text.strip() for text in texts):
            yield row.number, dict(zip(names, texts, strict=False))


@staff("admin")
def bring(request: HttpRequest) -> HttpResponse:
    """A file: first what it would do, errors by row and column; then the same again for good."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)

    def take(given: dict[str, Any]) -> Any:
        file, kept = given["file"], given["kept"]
        if file is not None:
            if file.size > MOST_BYTES:
                raise BadInput({"file": gettext("文件太大了，最多 4 MB。")})
            lines = list(_lines(file.file))
        elif kept:
            lines = [(int(row.pop("line")), row) for row in csv.DictReader(io.StringIO(kept))]
        else:
            raise BadInput({"file": gettext("请选一个文件。")})
        taken = competences.competences_import(lines=lines, dry_run=not kept, actor=actor, at=at)
        if kept and taken.whole:
            return taken
        return {"taken": taken, "lines": lines}

    form = doing.add("import", gettext("先试一遍"), {"file": ask.upload(), "kept": _kept()}, take,
                     help=gettext("试一遍不改任何东西。有一行不对，就一行都不导入。文件里没写的行不变。"))  # fmt: skip
    done = doing.sent(reverse(_UP), gettext("已导入。"))
    if not isinstance(done, dict):
        return done or page(request, gettext("导入职权表"), path=_path(), forms=doing.forms, status=doing.status)
    return _tried(request, form, done["taken"], done["lines"])


def _kept() -> Any:
    return ask.forms.CharField(required=False, widget=ask.forms.HiddenInput, strip=False)


def _tried(
    request: HttpRequest, form: Any, taken: competences.Taken, lines: list[tuple[int, dict[str, str]]]
) -> HttpResponse:
    facts = [
        (gettext("会新增"), taken.added),
        (gettext("会改依据或者终止日期"), taken.changed),
        (gettext("和现在一样"), taken.unchanged),
    ]
    if taken.wrong:
        heads = [gettext(word) for word in (N_("第几行"), N_("哪一列"), N_("哪里不对"))]
        rows = [[cell(one.line), cell(one.column), cell(gettext(one.words))] for one in taken.wrong]
        again = {"do": "import", "title": gettext("改好以后再试"), "form": form, "submit": gettext("先试一遍")}
        form.data = {}
        return page(
            request, gettext("导入职权表"), path=_path(), status=422, forms=[again],
            tables=[table(heads, rows, title=gettext("有 %(count)s 处不对，什么都没有导入") % {"count": len(taken.wrong)})],
        )  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, ["line", *competences.COLUMNS], extrasaction="ignore")
    writer.writeheader()
    for line, row in lines:
        writer.writerow({"line": line, **row})
    sure = ask.AdminForm({"kept": _kept()}, prefix="import", initial={"kept": out.getvalue()})
    forms = [{"do": "import", "title": gettext("可以导入"), "form": sure, "submit": gettext("导入")}]
    return page(request, gettext("导入职权表"), path=_path(), facts=facts, forms=forms)
