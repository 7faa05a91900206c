"""Forms of the sign-in pages: allauth's own, slowed down by our attempts, with our words."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.core import context
from allauth.mfa.base import forms as mfa_forms
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from xinqiao.kernel.clock import utc_now
from xinqiao.people.adapters import guard_sign_in, record_sign_in
from xinqiao.people.attempts import use_once


class LoginForm(account_forms.LoginForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("用户名")
        self.fields["password"].label = _("密码")
        self.fields["password"].help_text = ""
        self.fields.pop("remember", None)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ReauthenticateForm(account_forms.ReauthenticateForm):
    """The password again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("密码")
        self.fields["password"].widget.attrs.pop("placeholder", None)


class ChangePasswordForm(account_forms.ChangePasswordForm):
    """The old password, slowed down like a sign-in, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {"oldpassword": _("现在的密码"), "password1": _("新密码"), "password2": _("再输一遍新密码")}
        for name, label in labels.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)

    def clean_oldpassword(self) -> str:
        guard_sign_in(context.request, self.user.username)
        try:
            value: str = super().clean_oldpassword()
        except ValidationError:
            record_sign_in(context.request, self.user.username, success=False)
            raise ValidationError(_("现在的密码不对，请核对后再试。")) from None
        record_sign_in(context.request, self.user.username, success=True)
        return value


class _SlowCode:
    """Codes of the second factor, slowed down per account, across processes."""

    user: Any
    fields: dict[str, forms.Field]

    def clean_code(self) -> str:
        name = f"mfa:{self.user.username}"
        guard_sign_in(context.request, name)
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError:
            record_sign_in(context.request, name, success=False)
            raise
        if not use_once(key=f"{name}:{code}", at=utc_now()):
            raise ValidationError(_("验证码不对，请看手机上最新的 6 位数字。"))
        record_sign_in(context.request, name, success=True)
        return code


class AuthenticateForm(_SlowCode, mfa_forms.AuthenticateForm):
    """The second factor at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("验证码")
        self.fields["code"].widget.attrs.pop("placeholder", None)


class ReauthenticateCodeForm(_SlowCode, mfa_forms.ReauthenticateForm):
    """The second factor again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("验证码")
        self.fields["code"].widget.attrs.pop("placeholder", None)
