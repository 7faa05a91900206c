"""A small house: two organs, three people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.models import Account, Organ, Post
from xinqiao.people.selectors import staff_actor

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ON = date(2026, 3, 2)
PASSWORD = "a quiet bridge over water"


@dataclass
class House:
    """What the tests live in."""

    office: Organ
    unit: Organ
    clerk: Post
    officer: Post
    handler: Post
    head: Post

    def actor(self, post: Post) -> Actor:
        return staff_actor(post.account_id, post.account.name, ON, post.pk)


def make_account(username: str, name: str) -> Account:
    account = Account(username=username, name=name)
    account.set_password(PASSWORD)
    account.save()
    return account


def make_house() -> House:
    start = date(2022, 5, 1)
    office = Organ.objects.create(
        code="office", name="某区信访局", short_name="信访局", kind="petition_office", area_code="330105",
        level="district", valid_from=start,
    )  # fmt: skip
    unit = Organ.objects.create(
        code="unit", name="某区城市管理局", short_name="城管局", kind="department", area_code="330105",
        level="district", valid_from=start,
    )  # fmt: skip

    def post(organ: Organ, role: str, username: str, name: str) -> Post:
        return Post.objects.create(
            account=make_account(username, name), organ=organ, role=role, title=f"{name}的岗位", valid_from=start
        )

    return House(
        office=office,
        unit=unit,
        clerk=post(office, "clerk", "ckr", "窗小满"),
        officer=post(office, "officer", "xfr", "信望平"),
        handler=post(unit, "handler", "cbr", "承清扬"),
        head=post(unit, "head", "fzr", "郑守拙"),
    )


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Each test begins and ends with nobody bound in this thread."""
    access.remember(None)
    yield
    access.remember(None)


@pytest.fixture
def house(db: None) -> House:
    access.bind(SYSTEM("test"))
    return make_house()


@pytest.fixture
def stranger() -> Actor:
    return CITIZEN()


def later(**span: float) -> datetime:
    return AT + timedelta(**span)
