"""Identities: encrypted, found by one exact value, revealed with a reason and a trace."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people import access, keys, selectors, services
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.identity import Identity
from xinqiao.people.keyring import KeyTrouble
from xinqiao.people.models import AccessLog, Person, PersonIndex
from xinqiao.people.tests.conftest import AT, House

SOMEBODY = {
    "name": "张小三",
    "phone": "138 0000 1234",
    "id_number": "33010519900101123x",
    "address": "杭州市拱墅区某街道1号",
    "email": "zhang@example.cn",
}


def store(domain: str = "open", **more: str) -> Person:
    return services.person_store(domain=domain, actor=CITIZEN(), at=AT, **{**SOMEBODY, **more})


def test_nothing_plain_is_stored(house: House) -> None:
    person = store()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM people_person WHERE id = %s", [person.id])
        kept = bytes(cursor.fetchone()[0])
    for value in SOMEBODY.values():
        assert value.encode() not in kept
    assert kept[0] == 1
    assert keys.version_of(kept) == person.key_version == 1


def test_masked_forms_leave_no_trace(house: House) -> None:
    shown = selectors.masked(store())
    assert (shown.name, shown.phone, shown.id_number) == ("张*三", "138****1234", "3301**********123X")
    assert shown.email == "z***@example.cn"
    assert shown.address == "杭州市拱墅区****"
    assert selectors.masked(None) == Identity()
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize(
    ("name", "masked"), [("李四", "李*"), ("欧阳春迟", "欧**迟"), ("王", "王"), ("", ""), ("Ann Lee", "A*****e")]
)
def test_names_are_masked(house: House, name: str, masked: str) -> None:
    person = store(
        name=name, phone="0571-88001234", id_number="A123", email="odd", address="短", firm="好好物业服务公司"
    )
    shown = selectors.masked_many([person.id])[person.id]
    assert shown.name == masked
    assert shown.phone == "057****1234" or shown.phone == "057*****1234"
    assert shown.email == "o**"
    assert shown.address == "*"
    assert shown.firm == "好好****公司"
    assert shown.id_number == "A***"


def test_a_reveal_asks_a_reason_and_is_on_the_log(house: House) -> None:
    person, case = store(), uuid4()
    actor = house.actor(house.officer)
    with pytest.raises(BadInput) as wrong:
        services.person_reveal(person=person, fields=["age"], reason=" ", actor=actor, at=AT, case_id=case)
    assert set(wrong.value.fields) == {"fields", "reason"}
    plain = services.person_reveal(
        person=person.id, fields=["phone", "name"], reason="电话核实", actor=actor, at=AT, case_id=case
    )
    assert plain == {"name": "张小三", "phone": "138 0000 1234"}
    look = selectors.access_of_case(case)[0]
    assert (look.organ, look.reason, look.fields) == ("某区信访局", "电话核实", ("姓名", "电话"))
    assert "信望平" not in look.organ
    with pytest.raises(Refused):
        services.person_reveal(person=person, fields=["name"], reason="我自己", actor=CITIZEN(), at=AT, case_id=case)
    with pytest.raises(NotFound):
        services.person_reveal(person=uuid4(), fields=["name"], reason="电话核实", actor=actor, at=AT, case_id=case)


def test_a_look_up_is_exact_logged_and_for_intake_only(house: House) -> None:
    first, second, sealed = store(), store(name="张四"), store("sealed")
    clerk, contact = house.actor(house.clerk), uuid4()

    def look(kind: str, value: str, actor: Actor = clerk) -> list[object]:
        return services.person_lookup(kind=kind, value=value, contact_id=contact, actor=actor, at=AT)

    assert look("phone", "+86 １３８００００１２３４") == [second.id, first.id]
    assert look("id_number", "33010519900101123X") == [second.id, first.id]
    assert sealed.id not in look("phone", SOMEBODY["phone"])
    assert look("phone", "13800001235") == []
    assert AccessLog.objects.filter(kind="lookup").count() == 4
    assert "1380000" not in str(list(AccessLog.objects.values_list("detail", "reason")))
    for kind, value in (("name", "张小三"), ("phone", "138")):
        with pytest.raises(BadInput):
            look(kind, value)
    for actor in (house.actor(house.handler), CITIZEN(), SYSTEM("x"), house.actor(house.head)):
        with pytest.raises(Refused):
            look("phone", SOMEBODY["phone"], actor)


def test_a_correction_replaces_the_index_and_is_on_the_log(house: House) -> None:
    person, case = store(), uuid4()
    services.person_correct(person=person, phone="13900009999", actor=CITIZEN({case}), at=AT, case_id=case)
    assert services.persons_with(kind="phone", value="13900009999") == [person.id]
    assert services.persons_with(kind="phone", value=SOMEBODY["phone"]) == []
    assert services.persons_with(kind="phone", value="") == []
    assert AccessLog.objects.get(kind="correct").detail == {"fields": ["phone"]}
    services.person_correct(person=person, phone="13900009999", actor=CITIZEN({case}), at=AT, case_id=case)
    assert AccessLog.objects.filter(kind="correct").count() == 1
    services.person_correct(person=person, phone="", actor=CITIZEN({case}), at=AT, case_id=case)
    assert not PersonIndex.objects.filter(person=person, kind="phone").exists()
    with pytest.raises(BadInput) as wrong:
        services.person_correct(person=person, name="长" * 201, actor=CITIZEN(), at=AT, case_id=case)
    assert "name" in wrong.value.fields


def test_moving_to_the_sealed_domain_breaks_every_match_with_the_open_one(house: House, as_role) -> None:
    person = store()
    clerk = house.actor(house.clerk)
    with as_role("seal"):
        for _ in range(2):
            moved = services.person_move_domain(
                person=person, domain="sealed", actor=clerk, at=AT, case_id=uuid4(), reason="本人要求保密"
            )
        assert moved.domain == "sealed"
        assert services.persons_with(kind="phone", value=SOMEBODY["phone"]) == [person.id]
        assert selectors.masked(moved).name == "张*三"
        assert AccessLog.objects.filter(kind="move").count() == 1
    assert services.person_lookup(kind="phone", value=SOMEBODY["phone"], contact_id=uuid4(), actor=clerk, at=AT) == []


def test_ciphertext_belongs_to_its_row_and_cannot_be_altered(house: House) -> None:
    person, other = store(), store(name="别人")
    person.ciphertext = other.ciphertext
    with pytest.raises(KeyTrouble):
        selectors.masked(person)
    person.ciphertext = b"\x01\x01"
    with pytest.raises(KeyTrouble):
        selectors.masked(person)


def test_the_machine_addresses_a_notice_without_a_trace_and_nobody_else_does(house: House) -> None:
    person = store()
    assert selectors.identity_for_delivery(person.id, actor=SYSTEM("notices")).phone == "138 0000 1234"
    with pytest.raises(Refused):
        selectors.identity_for_delivery(person.id, actor=house.actor(house.officer))
    with pytest.raises(NotFound):
        selectors.identity_for_delivery(uuid4(), actor=SYSTEM("notices"))
    assert not AccessLog.objects.exists()


def test_the_access_log_cannot_be_changed(house: House, as_role) -> None:
    services.access_record(kind="export", reason="月报", actor=house.actor(house.officer), at=AT)
    for role in ("app", "seal"):
        for statement in ("UPDATE people_accesslog SET reason = 'x'", "DELETE FROM people_accesslog"):
            with (
                as_role(role),
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
    for statement in ("DELETE FROM people_accesslog", "DELETE FROM people_datakey"):
        with (
            as_role("owner"),
            pytest.raises(ProgrammingError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_access_log_cannot_be_emptied(fresh_database: str, as_role) -> None:
    with (
        as_role("owner"),
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE people_accesslog")


def test_rows_on_sealed_matters_show_to_their_writer_and_the_citizen_only(house: House, as_role) -> None:
    case = uuid4()
    writer, other = house.actor(house.officer), house.actor(house.clerk)
    access.bind(writer)
    services.access_record(kind="sealed_read", reason="办理", actor=writer, at=AT, case_id=case, sealed=True)
    assert len(selectors.access_of_case(case)) == 1
    for actor, seen in ((other, 0), (CITIZEN({case}), 1), (CITIZEN(), 0), (SYSTEM("job"), 0), (None, 0)):
        access.bind(actor)
        assert len(selectors.access_of_case(case)) == seen
    access.bind(SYSTEM("job"))
    with as_role("seal"):
        assert len(selectors.access_of_case(case)) == 1
    assert selectors.access_review(since=AT, until=AT + timedelta(days=1)) == []


def test_a_page_in_many_pieces_is_one_read(house: House) -> None:
    actor, case = house.actor(house.officer), uuid4()
    span = timedelta(minutes=10)
    for minutes, made in ((0, True), (5, False), (11, True)):
        row = services.access_record(
            kind="sealed_read",
            reason="办理",
            actor=actor,
            at=AT + timedelta(minutes=minutes),
            case_id=case,
            again_after=span,
        )
        assert (row is not None) == made
    with pytest.raises(BadInput):
        services.access_record(kind="export", reason=" ", actor=actor, at=AT)
    named = services.access_record(kind="export", reason="夜间备份", actor=SYSTEM("backup"), at=AT)
    assert named is not None
    assert named.detail == {"by_system": "backup"}
