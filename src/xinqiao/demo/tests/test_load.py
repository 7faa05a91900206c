"""The loader on a real database: one script of each situation through the real services; all of them at full size."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import connection

from xinqiao.cases import access as case_access
from xinqiao.cases.models import Case, Obligation
from xinqiao.demo import selectors, services, stage, tours
from xinqiao.demo.generator import one_of_each
from xinqiao.demo.scripts import next_due_day
from xinqiao.intake.selectors import prove
from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.law import procedures
from xinqiao.ledger import verify
from xinqiao.ledger.selectors import proof
from xinqiao.people import access
from xinqiao.people.actors import Actor
from xinqiao.people.models import Account, Competence, Organ, Post
from xinqiao.triage.models import ContentClass, KnowledgeEntry

MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=SHANGHAI)
NEVER_RESTING = {("intake", "received"), ("intake", "closed")}  # left in the transaction that reaches them


@pytest.fixture(autouse=True)
def _seal_role(loaded: services.Loaded) -> Iterator[None]:
    _as("seal")
    with access.acting(stage.LOADER):
        yield


def _as(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE xinqiao_{role}")


@pytest.fixture(scope="module")
def loaded(module_database: str, django_db_blocker) -> Iterator[services.Loaded]:
    with django_db_blocker.unblock():
        _as("seal")
        yield services.load(at=MORNING, choose=one_of_each)


def _actor(login: str) -> Actor:
    post = Post.objects.select_related("account").get(account__username=login)
    return Actor("staff", post.account_id, post.pk, post.organ_id, post.role, post.area_code, post.account.name)


def test_every_state_in_which_a_case_may_rest_is_shown():
    shown = set(Case.objects.values_list("procedure", "state"))
    wanted = {(procedure.name, state.key) for procedure in procedures() for state in procedure.states}
    assert wanted - shown - NEVER_RESTING == set()


def test_something_is_due_tomorrow_and_something_is_late():
    tomorrow = next_due_day(day_of(MORNING) + timedelta(days=1))
    running = Obligation.objects.filter(settled_at__isnull=True, kind="duty")
    assert running.filter(due=tomorrow).exists()
    assert running.filter(state="missed", colour="red").exists()
    assert running.filter(state="open", colour="yellow").exists()
    assert running.filter(state="open", colour="green").exists()
    assert not running.filter(state="open", due__lt=day_of(MORNING)).exists()


def test_every_open_case_has_a_lead_or_an_office_and_somebody_who_must_move():
    for case in Case.objects.filter(closed_at__isnull=True):
        duties = case.obligations.filter(settled_at__isnull=True, kind="duty").exists()
        assert case.office_id
        assert duties or case.waits_for, (case.procedure, case.state)


def test_the_ledger_verifies_and_every_case_has_its_proof():
    report = verify.verify()
    assert (report.whole, report.anchors) == (True, 1)
    for case in Case.objects.all():
        assert proof(case.id, day_of(MORNING)) is not None, case.number


def test_the_tree_leaves_call_was_closed_as_answered():
    call = Case.objects.get(title="行道树铺了石子以后叶子发黄")
    assert (call.procedure, call.state) == ("inquiry", "closed")
    assert call.closed_at - call.received_at < timedelta(hours=1)


def test_sealed_reports_are_seen_by_those_named_only():
    sealed = Case.objects.filter(sealed=True)
    assert sealed.count() >= 4
    keeper, officer, reported = _actor("baomi"), _actor("xinfang"), _actor("street009")
    assert case_access.visible(keeper).filter(sealed=True).count() == sealed.count()
    assert not case_access.visible(officer).filter(sealed=True).exists()
    assert not case_access.visible(reported).filter(sealed=True).exists()
    handed = sealed.filter(lead__code="gs-jiwei")
    assert case_access.visible(_actor("jiwei")).count() == handed.count() > 0


def test_an_officer_of_another_district_sees_nothing():
    assert not case_access.visible(_actor("xihu")).exists()


def test_each_sign_in_of_the_tour_works():
    for one in selectors.sign_ins():
        assert authenticate(username=one.login, password=selectors.password()) is not None, one.login


def test_somebody_is_on_leave_and_has_a_deputy():
    away = Post.objects.get(account__username="xinfang3")
    assert away.leave_from <= day_of(MORNING) <= away.leave_to
    assert away.deputy.account.username == "xinfang2"


def test_the_tables_stand(loaded):
    assert Organ.objects.count() >= 43
    assert Competence.objects.filter(valid_to__isnull=False).exists()
    assert ContentClass.objects.count() >= 125
    assert KnowledgeEntry.objects.count() == loaded.knowledge >= 60
    assert Account.objects.filter(demonstration=False).count() == 0
    assert selectors.complete()


def test_loading_again_changes_nothing():
    before = Counter(Case.objects.values_list("procedure", "state", "head_seq"))
    again = services.load(at=MORNING + timedelta(hours=1), choose=one_of_each)
    access.bind(stage.LOADER)
    assert again.today == day_of(MORNING)
    assert Counter(Case.objects.values_list("procedure", "state", "head_seq")) == before


def test_the_first_page_leads_to_tours_sign_ins_and_cases(client):
    page = client.get("/demo/").content.decode()
    assert selectors.password() in page
    for one in selectors.sign_ins():
        assert one.login in page
    tries = selectors.examples()
    assert len(tries) == len(selectors.TO_TRY)
    assert all(f"#{one.number}.{one.code}" in page for one in tries)


def test_an_example_opens_with_its_number_and_code():
    one = selectors.examples()[0]
    assert prove(number=one.number, code=one.code, ip="127.0.0.1", at=MORNING) is not None


@pytest.mark.parametrize("key", ["citizen", "officer", "handler"])
def test_each_tour_has_its_page(client, key):
    page = client.get(f"/demo/{key}/").content.decode()
    for stop in tours.tour(key).stops:
        assert stop.words in page
    work = selectors.work_to_try(tours.tour(key).login) if key != "citizen" else ""
    assert ("/desk/cases/" in page) == bool(work)


def test_there_is_no_other_tour(client):
    assert client.get("/demo/nobody/").status_code == 404
