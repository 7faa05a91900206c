"""The hot queries, planned by PostgreSQL as the application's role on some thousands of rows: each goes by its index."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.support.world import LONG_AGO, MORNING, World, days, make
from xinqiao.cases import access as case_access
from xinqiao.cases import finding, search, selectors, watch
from xinqiao.cases.models import Case, Obligation
from xinqiao.cases.selectors import Filters
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import NotFound
from xinqiao.kernel.ids import new_number
from xinqiao.people.access import acting
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.models import Organ

CASES = 6000
OFFICES = 12


@pytest.fixture(scope="module")
def full(module_database: str, django_db_blocker: object) -> Iterator[World]:
    """A district among twelve, with six thousand open matters."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with acting(SYSTEM("test")):
            world = make()
        model = world.receive().case
        with acting(SYSTEM("test")):
            _fill(world, model)
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("ANALYZE cases_case, cases_obligation, cases_searchrow, intake_submission, people_organ")
        connection.close()
        yield world


def _fill(world: World, model: Case) -> None:
    offices = [world.organs["xf"].pk]
    for n in range(OFFICES - 1):
        offices.append(
            Organ.objects.create(
                code=f"xf{n}", name=f"某区信访局 {n}", short_name=f"信访 {n}", kind="petition_office",
                area_code="330106", level="district", valid_from=LONG_AGO,
            ).pk
        )  # fmt: skip
    values = {f.attname: getattr(model, f.attname) for f in Case._meta.concrete_fields}
    duty = Obligation.objects.filter(case=model, settled_at__isnull=True, leading=True).first()
    assert duty is not None
    owed = {f.attname: getattr(duty, f.attname) for f in Obligation._meta.concrete_fields}
    cases, rows = [], []
    for n in range(CASES):
        office = offices[n % OFFICES]
        received = model.received_at - timedelta(minutes=n)
        case = Case(
            **values | {"id": uuid4(), "number": f"{new_number()}-1", "office_id": office, "received_at": received}
        )
        cases.append(case)
        due = duty.due + timedelta(days=n % 400)
        rows.append(
            Obligation(
                **owed
                | {"id": uuid4(), "case_id": case.id, "organ_id": office, "due": due, "due_unrolled": due}
                | {"wake_at": MORNING + timedelta(days=n % 400)}
            )
        )
    Case.objects.bulk_create(cases, batch_size=2000)
    Obligation.objects.bulk_create(rows, batch_size=2000)
    finding.index(case.id for case in cases)


Plan = Callable[[Actor, Callable[[], object], str], str]


@pytest.fixture
def plan(full: World, django_db_blocker: object) -> Iterator[Plan]:
    """`plan(actor, call, table)`: how PostgreSQL goes about the first statement of `call` that reads `table`."""

    def explained(actor: Actor, call: Callable[[], object], table: str) -> str:
        with acting(actor), CaptureQueriesContext(connection) as caught:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user")
                assert cursor.fetchone()[0] == "xinqiao_app"
            call()
            asked = next(q["sql"] for q in caught.captured_queries if table in q["sql"])
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + asked.replace("%", "%%"))
                lines = [row[0] for row in cursor.fetchall()]
        return "\n".join(lines)

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield explained


def test_the_worklist_reads_its_partial_index(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    found = plan(officer, lambda: selectors.worklist(actor=officer, filters=Filters()), 'FROM "cases_obligation"')
    assert "obligation_worklist" in found, found
    assert "Seq Scan on cases_" not in found, found
    assert "Sort" not in found, found


def test_later_pages_of_the_worklist_start_at_their_key(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    with acting(officer):
        after = selectors.worklist(actor=officer, filters=Filters()).after
    assert after
    again = Filters(after=after)
    found = plan(officer, lambda: selectors.worklist(actor=officer, filters=again), 'FROM "cases_obligation"')
    assert "obligation_worklist" in found, found
    assert "Seq Scan on cases_" not in found, found


def test_all_matters_of_an_office_read_by_day_of_receipt(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    found = plan(officer, lambda: selectors.worklist(actor=officer, filters=Filters(view="all")), 'FROM "cases_case"')
    assert "case_office_received" in found or "cases_case_office_id" in found, found
    assert "Seq Scan on cases_case" not in found, found


def test_what_another_organs_desk_took_in_is_read_by_index_too(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    found = plan(officer, lambda: selectors.worklist(actor=officer, filters=Filters(view="all")), '"desk_id" = ')
    assert "case_desk_received" in found, found


def test_what_waits_for_others_is_read_among_the_open_ones(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    waiting = Filters(view="waiting")
    found = plan(officer, lambda: selectors.worklist(actor=officer, filters=waiting), 'FROM "cases_case"')
    assert "case_office_open" in found, found
    assert "Seq Scan on cases_" not in found, found


def test_what_has_ended_is_not_looked_for_among_the_open_ones(plan: Plan, full: World) -> None:
    closed = Filters(view="closed")
    for by, index in (("officer", "case_office_closed"), ("cg.handler", "case_lead_closed")):
        actor = full.actor(by)
        found = plan(actor, lambda actor=actor: selectors.worklist(actor=actor, filters=closed), 'FROM "cases_case"')  # type: ignore[misc]
        assert index in found, found


def test_what_has_left_a_list_is_cleared_out_of_its_index_early(plan: Plan) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE 'autovacuum_vacuum_scale_factor=0.01' = ANY(reloptions)")
        assert cursor.fetchone()[0] >= 3


def test_what_is_due_is_counted_by_the_same_index(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    count = lambda: selectors.due_counts(actor=officer, today=day_of(MORNING))  # noqa: E731
    found = plan(officer, count, "EXECUTE select_cases_obligation")
    assert "Seq Scan on cases_obligation" not in found, found


def test_a_case_is_found_by_its_number(plan: Plan, full: World) -> None:
    officer = full.actor("officer")

    def look() -> None:
        with pytest.raises(NotFound):
            case_access.get(officer, "000000000000-1")

    found = plan(officer, look, 'FROM "cases_case"')
    assert "cases_case_number" in found, found
    assert "Seq Scan on cases_case" not in found, found


def test_the_watcher_reads_only_what_wakes(plan: Plan) -> None:
    def round_() -> None:
        Obligation.objects.filter(settled_at__isnull=True, wake_at__lte=MORNING).order_by("wake_at").values_list(
            "id", flat=True
        )[:200].__len__()

    assert watch.watch.__doc__
    found = plan(SYSTEM("test"), round_, 'FROM "cases_obligation"')
    assert "obligation_wake" in found, found


def test_number_and_code_are_proven_by_index(
    full: World, django_db_blocker: object, as_role: Callable[[str], AbstractContextManager[None]]
) -> None:
    """The door is a function of the owner; its statement is planned as the owner plans it."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with acting(CITIZEN()):
            assert intake.prove(number="000000000000", code="0000000000", ip="", at=MORNING + days(1)) is None
        with transaction.atomic(), as_role("owner"), connection.cursor() as cursor:
            cursor.execute("EXPLAIN SELECT * FROM intake_submission WHERE number = '000000000000'")
            found = "\n".join(row[0] for row in cursor.fetchall())
    assert "intake_submission" in found


def test_words_are_found_by_their_index_and_cases_by_their_key(plan: Plan, full: World) -> None:
    officer = full.actor("officer")
    query = search.Query(words="路灯")
    found = plan(officer, lambda: search.find(officer, query), "EXECUTE select_cases_case_")
    assert "Seq Scan on cases_case" not in found, found
    with acting(officer):
        first = search.find(officer, query)
        assert len(first.hits) == search.LIMIT
        assert len({hit.case.id for hit in (*first.hits, *search.find(officer, query, after=first.next).hits)}) == 40


def test_the_newest_are_read_along_their_index(
    full: World, django_db_blocker: object, as_role: Callable[[str], AbstractContextManager[None]]
) -> None:
    """The function belongs to the owner and keeps these settings; its statement is planned as it plans it."""
    unblocked = django_db_blocker.unblock()  # type: ignore[attr-defined]
    with unblocked, transaction.atomic(), as_role("owner"), connection.cursor() as cursor:
        settings_of("cases_search_newest", cursor)
        cursor.execute(
            "EXPLAIN SELECT s.case_id, s.received_at, s.words @@ '路灯'::tsquery FROM cases_searchrow s"
            " WHERE (s.received_at, s.case_id) < (now(), gen_random_uuid()) AND s.received_at >= '2020-01-01'"
            " ORDER BY s.received_at DESC, s.case_id DESC LIMIT 2000"
        )
        found = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using searchrow_received" in found, found
    assert "Sort" not in found, found


def settings_of(function: str, cursor: Any) -> None:
    """Set what the function sets for itself, in this transaction."""
    cursor.execute("SELECT unnest(proconfig) FROM pg_proc WHERE proname = %s", [function])
    for (setting,) in cursor.fetchall():
        name, _, value = setting.partition("=")
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


ASKED_INSIDE = (
    "EXPLAIN SELECT case_id FROM cases_searchrow WHERE words @@ ('路灯'::tsquery && '@o1'::tsquery)"
    " AND (received_at, case_id) < (now(), gen_random_uuid())"
)


@pytest.mark.parametrize("order", ["", " ORDER BY received_at DESC, case_id DESC"])
def test_inside_the_function_only_the_word_index_is_read(
    full: World, django_db_blocker: object, as_role: Callable[[str], AbstractContextManager[None]], order: str
) -> None:
    """The function belongs to the owner and keeps these settings; its statement is planned as it plans it."""
    unblocked = django_db_blocker.unblock()  # type: ignore[attr-defined]
    with unblocked, transaction.atomic(), as_role("owner"), connection.cursor() as cursor:
        settings_of("cases_search", cursor)
        cursor.execute(f"{ASKED_INSIDE}{order} LIMIT 1001")
        found = "\n".join(row[0] for row in cursor.fetchall())
    assert "Bitmap Index Scan on searchrow_words" in found, found
    assert "Seq Scan" not in found, found
