"""The administrative record: the database writes it, whoever changes the data; the application cannot touch it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from tests.support.world import LONG_AGO, MORNING, World

from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, AdminEntry, Organ

pytestmark = pytest.mark.django_db
AsRole = Callable[[str], AbstractContextManager[None]]


def entries(table: str, key: Any) -> list[AdminEntry]:
    return list(AdminEntry.objects.filter(table=table, key=str(key)).order_by("id"))


def run(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_a_change_by_the_application_names_its_account(world: World) -> None:
    organ, actor = world.organs["cg"], world.actor("officer")
    with access.acting(actor):
        Organ.objects.filter(pk=organ.pk).update(phone="0571-0000")
    made, changed = entries("people_organ", organ.pk)
    assert (made.action, made.old, made.outside) == ("INSERT", None, True)
    assert made.new is not None
    assert made.new["name"] == "拱墅区城市管理局"
    assert (changed.action, changed.actor_kind, changed.account_id) == ("UPDATE", "staff", actor.account_id)
    assert changed.old is not None
    assert changed.new is not None
    assert (changed.old["phone"], changed.new["phone"]) == ("", "0571-0000")
    assert changed.role == "xinqiao_app"
    assert not changed.outside


def test_a_change_by_the_owner_in_plain_sql_is_caught(world: World, as_role: AsRole) -> None:
    with as_role("owner"):
        run("UPDATE people_organ SET name = 'X' WHERE id = %s", world.organs["cg"].pk)
        run("INSERT INTO people_competence (organ_id, content_code, area_code, role, source, valid_from) "
            "VALUES (%s, '01', '', 'lead', 'nobody knows', '2026-01-01')", world.organs["cg"].pk)  # fmt: skip
        run("DELETE FROM people_competence WHERE source = 'nobody knows'")
    last = entries("people_organ", world.organs["cg"].pk)[-1]
    assert (last.role, last.account_id, last.outside) == ("xinqiao_owner", None, True)
    assert last.new is not None
    assert last.new["name"] == "X"
    by_sql = AdminEntry.objects.filter(table="people_competence").order_by("id")
    assert [row.action for row in by_sql] == ["INSERT", "DELETE"]
    assert len(set(by_sql.values_list("act", flat=True))) == 1


def test_a_session_that_plays_replica_does_not_get_around_it(world: World) -> None:
    run("SET ROLE NONE")
    try:
        run("SET LOCAL session_replication_role = replica")
        run("UPDATE people_area SET name = 'Y' WHERE code = '330105'")
        run("SET LOCAL session_replication_role = DEFAULT")
    finally:
        run("SET ROLE xinqiao_app")
    assert AdminEntry.objects.filter(table="people_area", action="UPDATE", actor_kind="").exists()


def test_the_application_can_neither_write_change_nor_silence_it(world: World) -> None:
    refused = [
        "INSERT INTO people_adminentry (at, table_name, key, action, role, login, program, actor_kind, act) "
        "VALUES (now(), 'people_organ', '1', 'UPDATE', 'x', 'x', 'x', 'staff', 1)",
        "UPDATE people_adminentry SET actor_kind = 'staff'",
        "DELETE FROM people_adminentry",
        "TRUNCATE people_adminentry",
        "ALTER TABLE people_organ DISABLE TRIGGER admin_record",
        "DROP TRIGGER admin_record ON people_organ",
        "CREATE OR REPLACE FUNCTION people_admin_record() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
        "TRUNCATE people_competence",
    ]
    for role in ("app", "seal"):
        run(f"SET ROLE xinqiao_{role}")
        for sql in refused:
            with pytest.raises(DatabaseError), transaction.atomic():
                run(sql)
    run("SET ROLE xinqiao_app")


def test_even_the_owner_only_adds(world: World, as_role: AsRole) -> None:
    for sql in (
        "UPDATE people_adminentry SET role = 'x'",
        "DELETE FROM people_adminentry",
        "TRUNCATE people_adminentry",
    ):
        with as_role("owner"), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            run(sql)


def test_emptying_a_table_is_a_row(world: World, as_role: AsRole) -> None:
    with as_role("owner"):
        run("TRUNCATE people_competence")
    (row,) = AdminEntry.objects.filter(table="people_competence")
    assert (row.action, row.old, row.new, row.key) == ("TRUNCATE", None, None, "")


def test_secrets_are_left_out_and_a_sign_in_leaves_no_row(world: World) -> None:
    account = world.posts["officer"].account
    before = len(entries("people_account", account.pk))
    with access.acting(SYSTEM("test")):
        Account.objects.filter(pk=account.pk).update(last_login=MORNING, changes_seen=7)
        assert len(entries("people_account", account.pk)) == before
        account.set_password("a quiet bridge over water")
        account.save(update_fields=["password"])
    last = entries("people_account", account.pk)[-1]
    assert last.new is not None
    assert last.new["password"] == "(changed)"
    assert last.old is not None
    assert "password" not in last.old
    assert not {"last_login", "changes_seen"} & last.new.keys()
    assert last.actor_kind == "system"
    assert not AdminEntry.objects.filter(new__icontains=account.password).exists()


def test_every_table_of_administrative_data_is_on_the_record() -> None:
    wanted = {
        "people_area", "people_organ", "people_competence", "people_reviewingbody", "people_post", "people_account",
        "people_apitoken", "people_instance", "mfa_authenticator", "triage_knowledgeentry", "triage_contentclass",
        "notices_wording", "cases_abolition", "cases_abolition_heirs",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgenabled = 'A' "
            "AND tgfoid = 'people_admin_record'::regproc GROUP BY 1"
        )
        found = dict(cursor.fetchall())
    assert wanted <= found.keys()
    assert set(found.values()) == {2}


def test_an_area_has_its_dates_on_the_record(world: World) -> None:
    (row,) = [row for row in AdminEntry.objects.filter(table="people_area") if row.new and row.new["code"] == "330106"]
    assert row.new is not None
    assert row.new["valid_from"] == LONG_AGO.isoformat()
    assert str(row) == f"INSERT people_area {row.key}"
