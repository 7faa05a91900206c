"""Forms drawn from the law: a step's inputs become fields, and what is typed becomes the step's inputs again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext, gettext_lazy

from xinqiao.files.staging import Staged
from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.kernel.ids import uuid7
from xinqiao.law.types import Input, Option

Choices = Sequence[tuple[Any, Any]]
Sources = Mapping[str, Choices]

PREFIX = "in"
DEMAND_PARTS = ("demand", "facts", "reasons", "basis", "outcome")
SPARE_ROWS = 3
TYPE_AHEAD_FROM = 12
_SOURCE_OF = {"organs": "organ"}


class ManyFilesInput(forms.ClearableFileInput):
    """A file control that takes several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several uploads; cleans to a list of UploadedFile. What waits from the last try counts as chosen."""

    widget = ManyFilesInput
    waiting: Sequence[Staged] = ()

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not files:
            if self.required and not self.waiting:
                raise forms.ValidationError(self.error_messages["required"], code="required")
            return []
        return [super(FilesField, self).clean(one, initial) for one in files]


class RowsWidget(forms.Widget):
    """A table of demands: names in-demands-0-facts and so on. Spare rows work without a script."""

    xq_kind = "rows"

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, Any], name: str) -> list[dict[str, str]]:
        rows, at = [], 0
        while any(f"{name}-{at}-{part}" in data for part in DEMAND_PARTS):
            rows.append({part: str(data.get(f"{name}-{at}-{part}", "")).strip() for part in DEMAND_PARTS})
            at += 1
        return [row for row in rows if any(value for part, value in row.items() if part != "outcome")]

    def value_omitted_from_data(self, data: Any, files: MultiValueDict[str, Any], name: str) -> bool:
        return not any(str(key).startswith(f"{name}-0-") for key in data)


class DemandsField(forms.Field):
    """The structured body of a decision: each demand with facts, reasons, basis and outcome."""

    widget = RowsWidget
    parts = (
        ("demand", gettext_lazy("诉求")),
        ("facts", gettext_lazy("查明的事实")),
        ("reasons", gettext_lazy("理由")),
        ("basis", gettext_lazy("依据（法律、法规、规章、政策条款）")),
        ("outcome", gettext_lazy("处理意见")),
    )

    def __init__(self, *, outcomes: Choices = (), max_length: int = 4000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.outcomes = tuple(outcomes)
        self.max_length = max_length

    def clean(self, value: Any) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = list(value or [])
        if not rows and self.required:
            raise forms.ValidationError(gettext("请至少写明一项诉求和对它的处理意见。"), code="required")
        problems = []
        for number, row in enumerate(rows, start=1):
            missing = [str(label) for part, label in self.parts if not row.get(part)]
            if missing:
                problems.append(
                    gettext("第 %(n)s 项还缺：%(parts)s。") % {"n": number, "parts": gettext("、").join(missing)}
                )
            if any(len(value) > self.max_length for value in row.values()):
                problems.append(
                    gettext("第 %(n)s 项有一栏超过 %(max)s 个字，请压缩。") % {"n": number, "max": self.max_length}
                )
        if problems:
            raise forms.ValidationError(problems)
        return rows


def _messages(item: Input) -> dict[str, str]:
    label = gettext(item.label)
    ask = gettext("请填写“%(label)s”。")
    if item.kind == "bool":
        ask = gettext("请先确认：%(label)s。")
    elif item.kind in _CHOSEN:
        ask = gettext("请选择“%(label)s”。")
    wrong = gettext("“%(label)s”填得不完整，请检查。")
    if item.kind == "date":
        wrong = gettext("“%(label)s”没有这一天，请写成 2026-10-08 这样。")
    return {
        "required": ask % {"label": label},
        "invalid_choice": gettext("“%(label)s”里没有这一项，请从列表中选。") % {"label": label},
        "invalid": wrong % {"label": label},
        "max_length": gettext("“%(label)s”最多 %(max)s 个字，请压缩。") % {"label": label, "max": item.max_length},
    }


_CHOSEN = ("choice", "many", "organ", "organs", "post", "area", "content", "files", "date")
_BLANK = ("", gettext_lazy("请选择"))


def _whole(value: Any) -> int:
    return int(value)


def _build(item: Input, choices: Choices) -> forms.Field:
    base: dict[str, Any] = {
        "label": gettext(item.label),
        "help_text": gettext(item.help) if item.help else "",
        "required": item.required,
    }
    messages = _messages(item)
    base["error_messages"] = messages
    combo = {"data-xq-combo": ""} if len(choices) > TYPE_AHEAD_FROM else {}
    if item.kind == "text":
        return forms.CharField(max_length=item.max_length, **base)
    if item.kind == "long":
        return forms.CharField(
            max_length=item.max_length, widget=forms.Textarea(attrs={"rows": 3, "data-xq-grow": ""}), **base
        )
    if item.kind == "bool":
        return forms.BooleanField(**base)
    if item.kind == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **base)
    if item.kind == "files":
        return FilesField(widget=ManyFilesInput(attrs={"data-xq-photo": ""}), **base)
    if item.kind == "demands":
        return DemandsField(outcomes=choices, max_length=item.max_length, **base)
    if item.kind == "choice" and len(choices) <= 6:
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **base)
    if item.kind == "many":
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **base)
    if item.kind == "organs":
        return forms.TypedMultipleChoiceField(
            choices=choices, coerce=_whole, widget=forms.SelectMultiple(attrs={"size": 6, **combo}), **base
        )
    if item.kind in ("organ", "post"):
        return forms.TypedChoiceField(
            choices=[_BLANK, *choices], coerce=_whole, empty_value=None, widget=forms.Select(attrs=combo), **base
        )
    return forms.ChoiceField(choices=[_BLANK, *choices], widget=forms.Select(attrs=combo), **base)


class StepForm(forms.Form):
    """The form of one step.

    `option` comes from `cases.options`; `sources` maps an input's name, or else its kind ("organ", "post", "area",
    "content"), to (value, label) pairs. `inputs()` gives what `take_step` takes, `uploads()` the files by input; `hold()`
    shows files that wait; `refuse()` puts a service's refusal back on the form, so that nothing typed is lost.
    """

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        option: Option,
        sources: Sources | None = None,
        data: Any = None,
        files: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
        prefix: str = PREFIX,
    ) -> None:
        super().__init__(data, files, initial={"key": str(uuid7()), **(initial or {})}, prefix=prefix)
        self.option = option
        self._kinds: dict[str, str] = {}
        given = sources or {}
        for item in option.inputs:
            choices: Choices = [(one.value, gettext(one.label)) for one in item.choices]
            if not choices:
                choices = given.get(item.name) or given.get(_SOURCE_OF.get(item.kind, item.kind)) or ()
            self.fields[item.name] = _build(item, choices)
            self.fields[item.name].when = gettext(item.when) if item.when else ""  # type: ignore[attr-defined]
            self._kinds[item.name] = item.kind

    @property
    def form_key(self) -> str:
        """The idempotency key that this showing of the form carries."""
        return str(self["key"].value() or "")

    def renew(self) -> None:
        """Show the same words with a new key: what was typed may be sent again."""
        typed: QueryDict = self.data.copy()  # type: ignore[attr-defined]
        typed[self.add_prefix("key")] = str(uuid7())
        self.data = typed

    def inputs(self) -> dict[str, Any]:
        """The step's inputs, without files and without what was left empty. Call after is_valid()."""
        return {
            name: self.cleaned_data[name]
            for name, kind in self._kinds.items()
            if kind != "files" and (kind == "bool" or self.cleaned_data.get(name) not in (None, "", []))
        }

    def uploads(self) -> dict[str, list[UploadedFile]]:
        """The files that came with this sending, by input; what waits from the last try is not among them."""
        return {name: self.cleaned_data.get(name) or [] for name, kind in self._kinds.items() if kind == "files"}

    def hold(self, staged: Iterable[Staged]) -> None:
        """Show the files that wait, each at the field it was chosen in; they need not be chosen again."""
        kept = list(staged)
        for name, field in self.fields.items():
            if isinstance(field, FilesField):
                field.waiting = [one for one in kept if one.kind == name]

    def refuse(self, error: BadInput | Refused, names: Mapping[str, str] | None = None) -> None:
        """Show what a service refused: at its field when it names one, otherwise at the top. `names`: theirs to ours."""
        if isinstance(error, BadInput):
            for given, text in error.fields.items():
                name = (names or {}).get(given, given)
                self.add_error(name if name in self.fields else None, gettext(text))
        else:
            self.add_error(None, gettext(error.message))
        if error.remedy:
            self.add_error(None, gettext(error.remedy))
