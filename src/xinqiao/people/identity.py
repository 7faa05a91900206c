"""What the vault keeps of a person, how it is normalised for comparison, and how it is masked. Pure."""

import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput

MOST = 200
STAR = "*"


@dataclass(frozen=True)
class Identity:
    """One person's data, as they gave it."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    address: str = ""
    email: str = ""
    firm: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


FIELDS = tuple(field.name for field in fields(Identity))
LABELS = {
    "name": "姓名",
    "phone": "电话",
    "id_number": "证件号码",
    "address": "住址",
    "email": "邮箱",
    "firm": "单位名称",
}


def identity(**given: Any) -> Identity:
    """An Identity of trimmed texts. Raises BadInput for a field that is too long, TypeError for an unknown one."""
    clean = {key: " ".join(str(value or "").split()) for key, value in given.items()}
    too_long = gettext("{label}太长了，最多 {most} 个字。")
    wrong = {
        key: too_long.format(label=gettext(LABELS[key]), most=MOST) for key, value in clean.items() if len(value) > MOST
    }
    if wrong:
        raise BadInput(wrong)
    return Identity(**clean)


def normalise_phone(text: str) -> str:
    """Digits only, without the country's prefix; '' when there are none."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    if len(digits) > 11 and digits.startswith("0086"):
        digits = digits[4:]
    elif len(digits) > 11 and digits.startswith("86"):
        digits = digits[2:]
    return digits


def normalise_id_number(text: str) -> str:
    """Letters and digits in capitals; '' when there are none."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def is_mobile(phone: str) -> bool:
    """Whether a normalised number is a mobile phone that can take a text message."""
    return re.fullmatch(r"1[3-9]\d{9}", phone) is not None


NORMALISE = {"phone": normalise_phone, "id_number": normalise_id_number}


def _middle(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail:
        return text[:1] + STAR * (len(text) - 1)
    return text[:head] + STAR * (len(text) - head - tail) + text[len(text) - tail :]


def mask_name(name: str) -> str:
    """张*三, 李*, 欧**迟."""
    return _middle(name, 1, 1) if len(name) > 2 else name[:1] + STAR * (len(name) - 1)


def mask_phone(phone: str) -> str:
    """138****1234."""
    digits = normalise_phone(phone)
    return _middle(digits, 3, 4) if len(digits) >= 10 else _middle(digits, 2, 2)


def mask_id_number(number: str) -> str:
    """3301**********1234."""
    return _middle(normalise_id_number(number), 4, 4)


def mask_email(email: str) -> str:
    """z***@example.cn."""
    head, at, host = email.partition("@")
    return f"{head[:1]}***{at}{host}" if at else _middle(email, 1, 0)


def mask_address(address: str) -> str:
    """The first six characters, which name city and district at most."""
    return address[:6] + STAR * 4 if len(address) > 6 else STAR * len(address)


def mask_firm(firm: str) -> str:
    """Two characters at each end."""
    return _middle(firm, 2, 2)


def masked(person: Identity) -> Identity:
    """The same data as it may be shown without a reason and without a trace."""
    return Identity(
        name=mask_name(person.name),
        phone=mask_phone(person.phone),
        id_number=mask_id_number(person.id_number),
        address=mask_address(person.address),
        email=mask_email(person.email) if person.email else "",
        firm=mask_firm(person.firm),
    )
