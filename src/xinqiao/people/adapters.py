"""Sign-in of staff, our way: no sign-up, failures slow down across processes, second factors are stored encrypted."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import Slowed
from xinqiao.people import keys
from xinqiao.people.attempts import attempt_guard, attempt_record
from xinqiao.people.visitors import client_ip

MFA_AAD = b"xinqiao-mfa"
LANDING = "/desk/"


def guard_sign_in(request: HttpRequest, username: str) -> None:
    """Raise ValidationError when this name or address has failed too often and must wait."""
    try:
        attempt_guard(tries=(("signin", username.casefold()), ("ip", client_ip(request))), at=utc_now())
    except Slowed as slowed:
        minutes = (slowed.seconds + 59) // 60
        raise ValidationError(
            gettext("试的次数有点多，请 %(minutes)s 分钟后再试。") % {"minutes": minutes}, code="slowed"
        ) from None


def record_sign_in(request: HttpRequest, username: str, *, success: bool) -> None:
    """Remember how a try went."""
    attempt_record(scope="signin", key=username.casefold(), success=success, at=utc_now())
    if not success:
        attempt_record(scope="ip", key=client_ip(request), success=False, at=utc_now())


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators; names are not told from passwords when a sign-in fails."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("用户名或密码不对，请核对后再试。"),
        "incorrect_password": gettext_lazy("密码不对，请核对后再试。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        guard_sign_in(request, str(credentials.get("username", "")))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None:
            record_sign_in(request, str(credentials.get("username", "")), success=True)
            until = getattr(user, "one_time_until", None)
            if until is not None and until <= utc_now():
                raise ValidationError(gettext("这个一次性密码已经过期，请找系统管理员换一个。"), code="expired")
        return user

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """A password of one's own: nothing has to be changed any more."""
        user.one_time_until = None  # type: ignore[attr-defined]
        super().set_password(user, password)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return LANDING

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_sign_in(request, str(credentials.get("username", "")), success=False)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing on sign-in and sign-out: the next page shows it."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Mail to staff goes through the outbox only."""


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of second factors lie encrypted under the open domain's data key."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("验证码不对，请看手机上最新的 6 位数字。"),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(keys.encrypt("open", text.encode(), MFA_AAD)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keys.decrypt("open", base64.b64decode(encrypted_text), MFA_AAD).decode()

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Mail to staff goes through the outbox only."""
