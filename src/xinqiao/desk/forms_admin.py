"""The forms of administration. They only ask; what is missing or not allowed the services say, in their own words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xinqiao.desk.forms_entry import Refusable

Choices = Sequence[tuple[Any, Any]]
_BAD_DAY = {"invalid": _("请按 2026-01-31 的样子填写日期。"), "required": _("请填写这一项。")}


def text(label: Any, help_text: Any = "", *, required: bool = True, most: int = 200, **attrs: str) -> forms.CharField:
    """A line of text; the service says whether it may be empty."""
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    field = forms.CharField(label=label, help_text=help_text, required=False, max_length=most, widget=widget)
    field.optional = not required  # type: ignore[attr-defined]
    return field


def long(label: Any, help_text: Any = "", rows: int = 4, *, required: bool = True) -> forms.CharField:
    """Several lines; the service says whether there may be none."""
    widget = forms.Textarea(attrs={"rows": rows, "data-xq-grow": ""})
    field = forms.CharField(label=label, help_text=help_text, required=False, max_length=2000, widget=widget)
    field.optional = not required  # type: ignore[attr-defined]
    return field


def day(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateField:
    """A day."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget, error_messages=_BAD_DAY)


def pick(label: Any, choices: Choices, help_text: Any = "", *, blank: Any = None, number: bool = False) -> forms.Field:
    """One of a list; `number`: its keys are numbers. `blank` names the empty choice."""
    rows = [*([("", blank)] if blank is not None else []), *choices]
    widget = forms.Select(attrs={"data-xq-combo": ""} if len(rows) > 12 else {})
    wrong = {"invalid_choice": _("列表里没有这一项，请重新选。"), "required": _("请从列出的选项里选一个。")}
    more: dict[str, Any] = {"coerce": int, "empty_value": None} if number else {"empty_value": ""}
    return forms.TypedChoiceField(
        label=label, help_text=help_text, required=False, choices=rows, widget=widget, error_messages=wrong, **more
    )


def several(label: Any, choices: Choices, help_text: Any = "") -> forms.Field:
    """Any number of a list, as ticks."""
    return forms.TypedMultipleChoiceField(
        label=label, help_text=help_text, required=False, choices=choices, coerce=int,
        widget=forms.CheckboxSelectMultiple, error_messages={"invalid_choice": _("列表里没有这一项，请重新选。")},
    )  # fmt: skip


def tick(label: Any, help_text: Any = "") -> forms.BooleanField:
    """Yes or no."""
    return forms.BooleanField(label=label, help_text=help_text, required=False)


class AdminForm(Refusable):
    """A form whose fields are named when it is made: `AdminForm({"name": text(…)}, request.POST)`."""

    def __init__(self, fields: Mapping[str, forms.Field], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields)

    def shown(self) -> list[Any]:
        """The fields that are seen."""
        return [one for one in self if not one.is_hidden]


def upload() -> forms.Field:
    """A table."""
    return forms.FileField(
        label=_("表格文件"),
        help_text=_("xlsx 或者 csv。请先导出一份，照它的表头填。"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )
