"""The forms of window and hotline. They only ask; what is missing or not allowed the services say, in their own words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinqiao.files.staging import Staged
from xinqiao.intake.models import Submission
from xinqiao.intake.senders import who_of
from xinqiao.intake.services import CORRECTABLE, MOST_REPRESENTATIVES, Who, Words
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.kernel.ids import uuid7
from xinqiao.ui.forms import FilesField, ManyFilesInput

LONGEST_ENTRY = 4 * 3600  # seconds; a form left open over lunch says nothing about how long entering took
Choices = Sequence[tuple[Any, Any]]

REPORTERS = (
    (Submission.Reporter.PERSON, _("本人")),
    (Submission.Reporter.FIRM, _("单位或者企业")),
    (Submission.Reporter.GUARDIAN, _("监护人，替孩子或家人说")),
    (Submission.Reporter.ATTORNEY, _("受人委托，替别人说")),
    (Submission.Reporter.JOINT, _("几个人一起")),
    (Submission.Reporter.ANONYMOUS, _("不留姓名")),
)
_NAMES = {"content_code": "content", "area_code": "area", "people": "joint_count", "files": "papers"}


def _shortcut(keys: str) -> dict[str, str]:
    return {"aria-keyshortcuts": keys} if keys else {}


def _text(label: Any, *, most: int = 200, help_text: Any = "", keys: str = "", **attrs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off", **_shortcut(keys), **attrs}),
        error_messages={"max_length": _("这一栏最多 %(limit_value)s 个字，您写了 %(show_value)s 个。")},
    )


def _long(label: Any, *, rows: int, help_text: Any = "", keys: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "data-xq-grow": "", **_shortcut(keys)})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _pick(label: Any, choices: Choices, blank: Any, *, whole: bool = False, **attrs: str) -> forms.ChoiceField:
    wrong = {"invalid_choice": _("列表里没有这一项，请重新选。")}
    widget = forms.Select(attrs={"data-xq-combo": "", **attrs})
    rows = [("", blank), *choices]
    if not whole:
        return forms.ChoiceField(label=label, required=False, choices=rows, widget=widget, error_messages=wrong)
    return forms.TypedChoiceField(
        label=label, required=False, choices=rows, widget=widget, error_messages=wrong, coerce=int, empty_value=None
    )


def _tick(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)


class Refusable(forms.Form):
    """A form that shows what a service refused, at its field when it names one that is here."""

    def refuse(self, error: XinqiaoError, names: Mapping[str, str] | None = None) -> None:
        """Put the error's words on the form; nothing typed is lost."""
        fields: dict[str, str] = getattr(error, "fields", None) or {"": error.message}
        for name, words in fields.items():
            here = (names or _NAMES).get(name, name)
            self.add_error(here if here in self.fields else None, gettext(words))
        if error.remedy:
            self.add_error(None, gettext(error.remedy))


class EntryForm(Refusable):
    """Everything in the order in which people speak; below it the two ends and the dispatch."""

    first_key = forms.CharField(required=False, widget=forms.HiddenInput)
    sent = forms.CharField(required=False, widget=forms.HiddenInput)

    text = _long(_("什么事？照对方的原话记"), rows=7, keys="Alt+S")
    place = _text(_("具体位置"), placeholder=_("路名、小区、门牌"), keys="Alt+W")
    reporter = forms.ChoiceField(label=_("对方是谁"), required=False, choices=REPORTERS)
    firm = _text(_("单位名称"))
    ward = _text(_("替谁说（姓名）"))
    principal = _text(_("谁委托的（姓名或者单位）"))
    joint_count = forms.IntegerField(
        label=_("一共多少人"),
        required=False,
        min_value=1,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": _("请写数字，例如 12。"),
            "min_value": _("至少是 1 人。"),
            "max_value": _("这个人数好像不对，请核对。"),
        },
    )
    name = _text(_("姓名"), keys="Alt+X")
    phone = _text(_("电话"), most=40, inputmode="tel", placeholder=_("完整的号码"), keys="Alt+H")
    address = _text(_("通信地址"))
    wish = _text(_("希望怎么办"), most=1000, keys="Alt+Y")
    papers = FilesField(
        label=_("材料、照片、来信扫描件"),
        required=False,
        widget=ManyFilesInput(attrs={"data-xq-photo": ""}),
        error_messages={"empty": _("有一个文件是空的，请重新选一次。"), "max_length": _("文件名太长了，请改短一些。")},
    )
    read_back = _tick(_("已经把记录念给对方听，对方确认无误"))
    confidential = _tick(_("要求保密"), _("承办单位看不到他是谁，由信访部门转告"))
    about_official = _tick(_("反映干部或工作人员的问题"), _("马上密封：登记以后您也看不到，只有指定的人能看"))

    title = _text(_("一句话概括"), most=60, help_text=_("不写就取原话的第一句；不要写姓名"))
    task = _long(_("请他办什么"), rows=2)
    reply = _long(_("怎么答复的"), rows=4, help_text=_("照您对他说的写，会作为答复留在案卷里"))
    knowledge = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, places: Choices = (), contents: Choices = (), organs: Choices = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:  # the first key is pressed before any script has come; an error has the focus for itself
            self.fields["text"].widget.attrs["autofocus"] = True
        self.fields["area"] = _pick(_("哪个街道、社区"), places, _("说不清"))
        self.fields["content"] = _pick(_("内容分类"), contents, _("还没有分"))
        self.fields["lead"] = _pick(_("派给哪个单位"), organs, _("还没有选"), whole=True)
        for place in range(2, MOST_REPRESENTATIVES + 1):
            self.fields[f"name_{place}"] = _text(_("姓名"))
            self.fields[f"phone_{place}"] = _text(_("电话"), most=40, inputmode="tel")

    def hold(self, staged: Sequence[Staged]) -> None:
        """Show the files that wait from the last try."""
        for one in self.fields.values():
            if isinstance(one, FilesField):
                one.waiting = staged

    @property
    def representatives(self) -> list[tuple[int, forms.BoundField, forms.BoundField]]:
        """The further representatives' fields."""
        return [(n, self[f"name_{n}"], self[f"phone_{n}"]) for n in range(2, MOST_REPRESENTATIVES + 1)]

    def said(self) -> Words:
        """What was said."""
        given = self.cleaned_data
        return Words(
            text=given["text"],
            title=given["title"],
            place=given["place"].strip(),
            area_code=given["area"],
            wish=given["wish"].strip(),
            read_back=given["read_back"],
        )

    def who(self) -> Who:
        """Who said it; the first is the one who speaks."""
        return who_of(self.cleaned_data)

    def entered_seconds(self) -> int | None:
        """Seconds from the first key to sending, both by the clerk's own clock; None when they cannot be right."""
        first, sent = self.cleaned_data["first_key"], self.cleaned_data["sent"]
        if not (first.isascii() and first.isdigit() and sent.isascii() and sent.isdigit()):
            return None
        taken = (int(sent[:15]) - int(first[:15])) // 1000
        return taken if 0 <= taken <= LONGEST_ENTRY else None


class RegainForm(Refusable):
    """A new query code for somebody whose identity was checked at the window."""

    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    reason = _text(_("为什么换"), help_text=_("例如：本人到窗口，查询码遗失"))
    identity_checked = _tick(_("已核对来人身份"), _("看过身份证件，或者按规定核对过"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": str(uuid7()), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)


class CorrectForm(RegainForm):
    """Data put right at the window: the new value goes into the vault, never into the file."""

    field_name = forms.ChoiceField(label=_("更正哪一项"), required=False)
    value = _text(_("正确的是"))
    reason = _text(_("为什么更正"), help_text=_("例如：本人到窗口，手机号换了"))
    field_order = ("key", "field_name", "value", "reason", "identity_checked")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, gettext(label)) for name, label in CORRECTABLE.items()]
        self.fields["field_name"] = forms.ChoiceField(
            label=_("更正哪一项"), required=False, choices=choices, initial="phone"
        )
        self.order_fields(self.field_order)


class HandOverForm(Refusable):
    """Whose open work goes to whom, and why."""

    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    reasons = _long(_("为什么移交，办到哪一步"), rows=3)

    def __init__(self, *args: Any, givers: Choices = (), takers: Choices = (), **kwargs: Any) -> None:
        kwargs["initial"] = {"key": str(uuid7()), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        for name, label, choices in (("giver", _("谁手上的"), givers), ("taker", _("交给谁"), takers)):
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                choices=[("", _("请选择")), *choices],
                coerce=int,
                error_messages={
                    "required": _("请选择一位同事。"),
                    "invalid_choice": _("列表里没有这一项，请重新选。"),
                },
            )
        self.order_fields(("key", "giver", "taker", "reasons"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("giver") and given.get("giver") == given.get("taker"):
            self.add_error("taker", gettext("请选另一位同事。"))
        if not given.get("reasons", "").strip():
            self.add_error("reasons", gettext("请写一句为什么移交，接手的人看得到。"))
        return given
