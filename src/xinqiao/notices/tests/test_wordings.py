"""Own words for messages: checked, dated, neutral where a matter is sealed, and back to the built-in ones."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation
from tests.support.world import MORNING, World

from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.notices import selectors, services, wordings
from xinqiao.notices.models import Wording
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AdminEntry

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
BY: dict[str, Any] = {"actor": SYSTEM("test"), "book": "staff", "text": "referred", "language": "zh-hans"}
OWN = {"subject": "新来一件", "body": "请看事项 {number}。\n最晚{due}前{act}。"}


def told(world: World, *, at: Any, sealed: bool = False) -> str:
    """What the unit reads of a message made at that moment."""
    organ = world.organs["cg"].pk
    with access.acting(SYSTEM("test")) as actor:
        made = services.notice_queue(
            text="referred", to="organ", organ_id=organ, params={"number": "123456789012-1"},
            actor=actor, at=at,
        )  # fmt: skip
        if sealed:
            type(made).objects.filter(pk=made.pk).update(sealed=True)
        rows = selectors.notices_page(actor=world.actor("cg.handler")).rows
        return next(f"{row.subject}|{row.body}" for row in rows if row.message.pk == made.pk)


def test_a_message_is_read_in_the_words_that_held_when_it_was_made(world: World) -> None:
    wordings.wording_set(**BY, **OWN, at=MORNING)
    wordings.wording_default(**BY, at=MORNING + HOUR)
    assert "已转到你单位" in told(world, at=MORNING - HOUR)
    assert told(world, at=MORNING) == "新来一件|请看事项 1234 5678 9012-1。"
    assert "已转到你单位" in told(world, at=MORNING + HOUR)
    assert not wordings.wording_default(**BY, at=MORNING + HOUR)


def test_sealed_matters_keep_their_neutral_words(world: World) -> None:
    wordings.wording_set(**BY, **OWN, at=MORNING)
    assert told(world, at=MORNING, sealed=True).startswith("有一件事项需要你处理|")


def test_words_are_of_one_language(world: World) -> None:
    wordings.wording_set(**BY | {"language": "en"}, subject="A new one", body="Look at {number}.", at=MORNING)
    assert "已转到你单位" in told(world, at=MORNING)
    with translation.override("en"):
        assert told(world, at=MORNING) == "A new one|Look at 1234 5678 9012-1."


def test_new_words_end_the_former_ones_and_stand_on_the_record(world: World) -> None:
    with access.acting(world.actor("officer")), pytest.raises(NotFound):
        wordings.wording_set(**BY | {"actor": world.actor("officer")}, **OWN, at=MORNING)
    wordings.wording_set(**BY, **OWN, at=MORNING)
    wordings.wording_set(**BY, subject="又来一件", body="事项 {number}。", at=MORNING + HOUR)
    former, now = Wording.objects.order_by("pk")
    assert (former.until, now.until) == (MORNING + HOUR, None)
    assert [row.action for row in AdminEntry.objects.filter(table="notices_wording").order_by("id")] == [
        "INSERT", "UPDATE", "INSERT",
    ]  # fmt: skip
    assert str(now) == "staff referred zh-hans"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 41}, "subject"),
        ({"subject": "事项 {number}"}, "subject"),
        ({"body": " \n "}, "body"),
        ({"body": "\n".join(["事项 {number}"] * 9)}, "body"),
        ({"body": "没有编号"}, "body"),
        ({"body": "{number} {code}"}, "body"),
        ({"body": "{number} {name"}, "body"),
        ({"body": "{number} {}"}, "body"),
        ({"body": "{number.__class__}"}, "body"),
        ({"body": "{number:>9}"}, "body"),
        ({"body": "{number!r}"}, "body"),
    ],
)
def test_placeholders_are_checked(db: None, given: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        wordings.wording_set(**BY, **OWN | given, at=MORNING)
    assert set(caught.value.fields) == {field}
    assert not Wording.objects.exists()


def test_a_code_cannot_be_left_out_and_no_number_put_beside_it(db: None) -> None:
    code = BY | {"book": "petitioner", "text": "code"}
    for body in ("请收好。", "{code} {number}"):
        with pytest.raises(BadInput):
            wordings.wording_set(**code, subject="查询码", body=body, at=MORNING)
    wordings.wording_set(**code, subject="查询码", body="您的查询码：{code}", at=MORNING)


def test_only_messages_and_languages_that_exist(db: None) -> None:
    for wrong in ({"text": "nothing"}, {"book": "nobody"}, {"language": "fr"}):
        with pytest.raises(NotFound):
            wordings.wording_set(**BY | wrong, **OWN, at=MORNING)
