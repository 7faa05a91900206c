"""The forms of the portal. They only ask; what is allowed is said by the services, in their own words."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from xinqiao.intake.models import Submission
from xinqiao.intake.services import MOST_REPRESENTATIVES
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.kernel.ids import uuid7
from xinqiao.ui.forms import FilesField, ManyFilesInput

PICTURES = "image/*,.pdf,.doc,.docx,.xls,.xlsx,.txt"

REPORTERS = (
    (Submission.Reporter.PERSON, _("我自己")),
    (Submission.Reporter.FIRM, _("单位或者企业")),
    (Submission.Reporter.GUARDIAN, _("我是监护人，替孩子或家人说")),
    (Submission.Reporter.ATTORNEY, _("受人委托，替别人说")),
    (Submission.Reporter.JOINT, _("几个人一起")),
    (Submission.Reporter.ANONYMOUS, _("不留姓名")),
)


def _text(label: Any, *, most: int = 200, help_text: Any = "", **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        help_text=help_text,
        widget=forms.TextInput(attrs=attrs),
        error_messages={"max_length": _("这一栏最多 %(limit_value)s 个字，您写了 %(show_value)s 个。")},
    )


def _long(label: Any, *, rows: int, help_text: Any = "", **attrs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "data-xq-grow": "", **attrs})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _files(label: Any, help_text: Any = "") -> FilesField:
    widget = ManyFilesInput(attrs={"accept": PICTURES, "data-xq-photo": ""})
    return FilesField(
        label=label,
        required=False,
        help_text=help_text,
        widget=widget,
        error_messages={"empty": _("有一个文件是空的，请重新选一次。"), "max_length": _("文件名太长了，请改短一些。")},
    )


class KeyedForm(forms.Form):
    """A form that carries the key of its request."""

    key = forms.RegexField(r"^[0-9A-Za-z-]{16,64}$", required=False, widget=forms.HiddenInput)

    def renew(self) -> None:
        """Show the same words with a new key: what was typed may be sent as something of its own."""
        typed: QueryDict = self.data.copy()  # type: ignore[attr-defined]
        typed["key"] = str(uuid7())
        self.data = typed


class SayForm(KeyedForm):
    """Three screens in one form: what, where and papers, who. Nothing is required here: intake says what is missing."""

    text = _long(_("您想反映什么？"), rows=6, help_text=_("想到什么写什么：什么事、什么时候、您希望怎么办。"))
    photos = _files(_("照片"), _("手机拍的就行，可以选几张。"))

    area = forms.ChoiceField()
    place = _text(
        _("具体在哪里？"),
        help_text=_("路名、小区、门牌，写一个找得到的地方。"),
        autocomplete="off",
    )
    papers = _files(_("材料"), _("合同、通知、以前的答复，拍照或者文件都行。"))

    reporter = forms.ChoiceField(
        label=_("您是谁？"),
        choices=REPORTERS,
        required=False,
        initial=Submission.Reporter.PERSON,
        widget=forms.RadioSelect,
    )
    firm = _text(_("单位名称"), autocomplete="organization")
    ward = _text(_("您替谁说？他（她）的姓名"), autocomplete="off")
    principal = _text(_("谁委托您的？姓名或者单位"), autocomplete="off")
    authority = _files(_("监护证明或者委托书"), _("手边没有也可以先提交，以后再补。"))
    joint_count = forms.IntegerField(
        label=_("一共多少人？"),
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
    name = _text(_("您的姓名"), autocomplete="name")
    phone = _text(
        _("手机号"),
        most=40,
        help_text=_("有进展会发短信，丢了查询码也能凭它找回。"),
        autocomplete="tel",
        inputmode="tel",
    )
    address = _text(_("通信地址"), help_text=_("要纸质答复的才写。"), autocomplete="street-address")
    confidential = forms.BooleanField(
        label=_("请替我保密"),
        required=False,
        help_text=_("承办单位只看到事情，看不到您是谁；需要联系时由信访部门转告。"),
    )
    about_official = forms.BooleanField(
        label=_("这件事是反映干部或工作人员的问题"),
        required=False,
        help_text=_("勾上就马上密封：只有指定的人看得到；被反映的人和单位看不到、查不到，也不会被告知。"),
    )

    def __init__(self, *args: Any, areas: Sequence[tuple[str, Any]] = (), **kwargs: Any) -> None:
        kwargs["initial"] = {"key": str(uuid7()), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.fields["area"] = forms.ChoiceField(
            label=_("在哪个街道、社区？"),
            required=False,
            choices=[("", _("不清楚，或者下面写")), *areas],
            error_messages={"invalid_choice": _("列表里没有这个地方，请重新选，或者写在下面。")},
        )
        for place in range(2, MOST_REPRESENTATIVES + 1):
            self.fields[f"name_{place}"] = _text(_("姓名"), autocomplete="off")
            self.fields[f"phone_{place}"] = _text(_("手机号"), most=40, inputmode="tel", autocomplete="off")

    @property
    def representatives(self) -> list[tuple[int, forms.BoundField, forms.BoundField]]:
        """The further representatives' fields, as the page shows them."""
        return [(n, self[f"name_{n}"], self[f"phone_{n}"]) for n in range(2, MOST_REPRESENTATIVES + 1)]

    @property
    def first_wrong_screen(self) -> int:
        """The screen (1 to 3) that holds the first field with an error; 3 when the error is nobody's field."""
        screens = {"text": 1, "photos": 1, "area": 2, "place": 2, "papers": 2}
        return min((screens.get(name, 3) for name in self.errors), default=3)

    def refuse(self, error: XinqiaoError, names: dict[str, str] | None = None) -> None:
        """Show what a service refused, at its field when it names one that is here."""
        fields: dict[str, str] = getattr(error, "fields", None) or {"": error.message}
        for name, words in fields.items():
            here = (names or {}).get(name, name)
            self.add_error(here if here in self.fields else None, _(words))
        if error.remedy:
            self.add_error(None, _(error.remedy))


class TrackForm(forms.Form):
    """Number and query code."""

    number = _text(_("编号"), most=40, help_text=_("12 位数字"), inputmode="numeric", autocomplete="off")
    code = _text(
        _("查询码"),
        most=40,
        help_text=_("10 位数字，在回执上"),
        inputmode="numeric",
        autocomplete="off",
    )


class PhoneForm(forms.Form):
    """A mobile phone, and the code that was sent to it."""

    phone = _text(_("手机号"), most=40, help_text=_("提交时留的那个号码"), inputmode="tel", autocomplete="tel")
    code = _text(
        _("短信里的验证码"),
        most=20,
        help_text=_("6 位数字，5 分钟内有效"),
        inputmode="numeric",
        autocomplete="one-time-code",
    )


CORRECTABLE = (
    ("name", _("姓名")),
    ("phone", _("手机号")),
    ("address", _("通信地址")),
    ("email", _("邮箱")),
    ("firm", _("单位名称")),
)


class CorrectForm(KeyedForm):
    """One's own data, put right. The new value goes into the vault, never into the file of the case."""

    what = forms.ChoiceField(
        label=_("更正哪一项？"),
        choices=CORRECTABLE,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择要更正哪一项。"), "invalid_choice": _("请从列出的几项里选一项。")},
    )
    value = forms.CharField(
        label=_("正确的是"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-xq-nodraft": ""}),
        error_messages={"required": _("请写上正确的内容。"), "max_length": _("太长了，最多 200 个字。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": str(uuid7()), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
