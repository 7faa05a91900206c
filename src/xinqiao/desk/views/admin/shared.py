"""What the pages of administration share: one page of facts, tables and forms, and a form's way to a service and back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from xinqiao.desk.forms_admin import AdminForm
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, XinqiaoError
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people.models import Organ

A_PAGE = 50
Cell = dict[str, Any]


def cell(text: Any, url: str = "", sub: Any = "", mood: str = "", icon: str = "") -> Cell:
    """One cell of a table: words, perhaps a link, a second line, or a chip."""
    return {"text": text, "url": url, "sub": sub, "mood": mood, "icon": icon}


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]], **more: Any) -> dict[str, Any]:
    """A table for the page; each cell knows its heading, for phones."""
    kept = [[{**one, "head": head} for one, head in zip(row, heads, strict=True)] for row in rows]
    return {"heads": heads, "rows": kept, "empty": gettext("还没有。"), **more}


def page(
    request: HttpRequest, title: str, *, status: int = 200, path: Sequence[tuple[str, str]] = (), **more: Any
) -> HttpResponse:
    """The page, below the index of administration."""
    context = {"title": title, "path": [(reverse("desk:admin"), gettext("系统管理")), *path], **more}
    return render(request, "desk/admin/page.html", context, status=status)


def text_of(request: HttpRequest, name: str, most: int = 80) -> str:
    """A value of the address, made harmless."""
    return request.GET.get(name, "").replace("\0", "").strip()[:most]


def number(text: str) -> int:
    """A number of the address; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def more(request: HttpRequest, after: Any) -> str:
    """The address of the following page."""
    kept = {name: value for name, value in request.GET.items() if name != "after" and value}
    return f"?{urlencode(kept | {'after': str(after)})}"


def finding(request: HttpRequest, **fields: forms.Field) -> AdminForm:
    """A form that finds: it is filled from the address and never complains."""
    for field in fields.values():
        picks = isinstance(field.widget, forms.Select)
        field.widget.attrs |= (
            {"class": "form-select"} if picks else {"class": "form-control", "placeholder": field.label}
        )
    return AdminForm(fields, initial={name: text_of(request, name) for name in fields})


def today() -> date:
    """The legal day."""
    return day_of(clock.now())


def organ_choices(on: date) -> list[tuple[int, str]]:
    """The organs in force, for lists."""
    return [(organ.pk, organ.name) for organ in people.organs_of(on=on)]


def organ_of(organ_id: int) -> Organ:
    """An organ, also one that is no more. Raises NotFound."""
    organ = Organ.objects.select_related("superior").filter(pk=organ_id).first()
    if organ is None:
        raise NotFound()
    return organ


class Doing:
    """The forms of one page. `add` makes one; `sent` carries the one out that was sent and says where to go.

    A refusal lands on its form; the page is shown again with it and status 422.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.wanted = request.POST.get("do", "") if request.method == "POST" else ""
        self.forms: list[dict[str, Any]] = []
        self._acts: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.status = 200

    def add(
        self, do: str, title: str, fields: Mapping[str, forms.Field], act: Callable[[dict[str, Any]], Any], **more: Any
    ) -> AdminForm:
        """A form called `do`: what it asks, and what is done with what was given."""
        bound = self.wanted == do
        request, initial = self.request, more.pop("initial", None)
        form = AdminForm(
            fields, request.POST if bound else None, request.FILES if bound else None, prefix=do, initial=initial
        )
        self.forms.append({"do": do, "title": title, "form": form, "submit": title, **more})
        self._acts[do] = act
        return form

    def sent(self, to: str = "", said: str = "") -> Any:
        """None when nothing (good) was sent; a redirect, or what the act gave when that is not a row to forget about.

        The act may return a response or a dict for the page; anything else leads back to `to`.
        """
        one = next((one for one in self.forms if one["do"] == self.wanted), None)
        if one is None:
            return None
        form: AdminForm = one["form"]
        self.status = 422
        if not form.is_valid():
            return None
        try:
            outcome = self._acts[self.wanted](form.cleaned_data)
        except (NotFound, Conflict) as error:
            if isinstance(error, NotFound):
                raise
            form.add_error(None, gettext(error.message))
            return None
        except XinqiaoError as error:
            form.refuse(error, {"file": "file"} if isinstance(error, BadInput) else None)
            return None
        if isinstance(outcome, HttpResponse | dict):
            self.status = 200
            return outcome
        messages.success(self.request, said or gettext("已保存。"))
        return HttpResponseRedirect(to or self.request.get_full_path())
