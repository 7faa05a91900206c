"""Every address × every kind of visitor: who gets in, who is sent to sign in, and who finds nothing at all.

A stranger gets 404, never 403. An address that is missing from the table fails the test: decide who may see it.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.support.world import LONG_AGO, MORNING, World
from xinqiao.cases.models import Document
from xinqiao.desk.tests.road import bring, moving, new_case, photo, signed_in
from xinqiao.files import services as files
from xinqiao.intake import services as intake
from xinqiao.intake.models import SheetImport
from xinqiao.people import access, proof
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, Competence, Post, ReviewingBody
from xinqiao.triage.models import KnowledgeEntry

pytestmark = pytest.mark.django_db

VISITORS = (
    "anonymous", "citizen", "window", "officer", "cg.handler", "zj.handler", "cg.head", "keeper", "discipline",
    "arbiter", "admin", "other",
)  # fmt: skip
OUTSIDE = ("anonymous", "citizen", "officer", "other")  # outside the desk all staff are the same: visitors
# GET as each of VISITORS. 302 of an anonymous visitor leads to the sign-in page; 405: this address takes POST only.
TABLE = """
health                       200 200 200 200 200 200 200 200 200 200 200 200
ready                        200 200 200 200 200 200 200 200 200 200 200 200
metrics                      200 200 200 200 200 200 200 200 200 200 200 200
favicon                      302 302 302 302 302 302 302 302 302 302 302 302
account_login                200 200 302 302 302 302 302 302 302 302 302 302
account_logout               302 302 200 200 200 200 200 200 200 200 200 200
account_inactive             200 200 200 200 200 200 200 200 200 200 200 200
account_reauthenticate       302 302 200 200 200 200 200 200 200 200 200 200
account_change_password      302 302 200 200 200 200 200 200 200 200 200 200
mfa_index                    302 302 200 200 200 200 200 200 200 200 200 200
mfa_authenticate             302 302 302 302 302 302 302 302 302 302 302 302
mfa_reauthenticate           302 302 302 302 302 302 302 302 302 302 302 302
mfa_activate_totp            302 302 302 302 302 302 302 302 302 302 302 302
mfa_deactivate_totp          302 302 404 404 404 404 404 404 404 404 404 404
mfa_view_recovery_codes      302 302 404 404 404 404 404 404 404 404 404 404
mfa_generate_recovery_codes  302 302 302 302 302 302 302 302 302 302 302 302
mfa_download_recovery_codes  302 302 404 404 404 404 404 404 404 404 404 404
usersessions_list            302 302 200 200 200 200 200 200 200 200 200 200
people-session-end           302 302 405 405 405 405 405 405 405 405 405 405
people-tokens                302 302 200 200 200 200 200 200 200 200 200 200
people-tokens-end            302 302 405 405 405 405 405 405 405 405 405 405
people-posts                 302 302 200 200 200 200 200 200 200 200 200 200
people-changes-seen          302 302 405 405 405 405 405 405 405 405 405 405
people-leave                 302 302 405 405 405 405 405 405 405 405 405 405
desk:worklist                302 302 200 200 200 200 200 200 200 200 200 200
desk:bulk                    302 302 405 405 405 405 405 405 405 405 405 405
desk:search                  302 302 200 200 200 200 200 200 200 200 200 200
desk:search-save             302 302 405 405 405 405 405 405 405 405 405 405
desk:search-forget           302 302 405 405 405 405 405 405 405 405 405 405
desk:export                  302 302 200 200 200 200 200 200 200 200 200 200
desk:live                    302 302 200 200 200 200 200 200 200 200 200 200
desk:case                    302 302 200 200 200 404 200 200 404 404 404 404
desk:peek                    302 302 200 200 200 404 200 200 404 404 404 404
desk:do                      302 302 200 200 200 404 200 200 404 404 404 404
desk:reveal                  302 302 405 405 405 405 405 405 405 405 405 405
desk:paper                   302 302 200 200 200 404 200 200 404 404 404 404
desk:file                    302 302 200 200 200 404 200 200 404 404 404 404
desk:entry                   302 302 200 200 404 404 404 404 404 404 404 200
desk:entry-form              302 302 200 404 404 404 404 404 404 404 404 404
desk:entry-beside            302 302 405 405 405 405 405 405 405 405 405 405
desk:entry-caller            302 302 405 405 405 405 405 405 405 405 405 405
desk:entry-receipt           302 302 302 302 404 404 404 404 404 404 404 302
desk:entry-receipt-pdf       302 302 404 404 404 404 404 404 404 404 404 404
desk:registration            302 302 200 200 404 404 404 404 404 404 404 404
desk:regain                  302 302 200 200 404 404 404 200 404 404 404 200
desk:posts                   302 302 404 200 200 200 200 404 404 404 200 200
desk:looks                   302 302 404 404 404 404 404 200 404 404 200 404
desk:handover                302 302 404 404 200 200 200 404 404 404 404 404
desk:clock                   302 302 405 405 405 405 405 405 405 405 405 405
desk:notices                 302 302 200 200 200 200 200 200 200 200 200 200
desk:hooks                   302 302 404 404 404 404 404 404 404 404 200 404
desk:hooks-end               302 302 405 405 405 405 405 405 405 405 405 405
desk:notices-do              302 302 405 405 405 405 405 405 405 405 405 405
desk:knowledge               302 302 200 200 200 200 200 200 200 200 200 200
desk:knowledge-entry         302 302 200 200 200 200 200 200 200 200 200 200
desk:help                    302 302 200 200 200 200 200 200 200 200 200 200
desk:imports                 302 302 404 200 404 404 404 404 404 404 200 200
desk:import                  302 302 404 200 404 404 404 404 404 404 200 404
desk:import-standing         302 302 404 204 404 404 404 404 404 404 204 404
desk:import-rejects          302 302 404 200 404 404 404 404 404 404 404 404
desk:admin                   302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-areas             302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-area-new          302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-area              302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-organs            302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-organ-new         302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-organ             302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-abolish           302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-competences       302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-competence-new    302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-competences-import 302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-competences-export 302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-competence        302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-reviewers         302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-reviewer-new      302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-reviewer          302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-accounts          302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-account-new       302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-account           302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-post              302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-calendars         302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-knowledge         302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-knowledge-new     302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-knowledge-entry   302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-texts             302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-text              302 302 404 404 404 404 404 404 404 404 200 404
desk:admin-record            302 302 404 404 404 404 404 404 404 404 200 404
demo:start                   404 404 404 404 404 404 404 404 404 404 404 404
demo:tour                    404 404 404 404 404 404 404 404 404 404 404 404
ui:look                      405 405 405 405 405 405 405 405 405 405 405 405
ui:language                  302 302 302 302 302 302 302 302 302 302 302 302
ui:guide                     200 200 200 200 200 200 200 200 200 200 200 200
ui:guide-desk                200 200 200 200 200 200 200 200 200 200 200 200
portal:front                 200 200 200 200 200 200 200 200 200 200 200 200
portal:how-long              200 200 200 200 200 200 200 200 200 200 200 200
portal:say                   200 200 200 200 200 200 200 200 200 200 200 200
portal:receipt               404 404 404 404 404 404 404 404 404 404 404 404
portal:receipt-pdf           404 404 404 404 404 404 404 404 404 404 404 404
portal:track                 200 200 200 200 200 200 200 200 200 200 200 200
portal:track-phone           200 200 200 200 200 200 200 200 200 200 200 200
portal:leave                 405 405 405 405 405 405 405 405 405 405 405 405
portal:mine                  200 200 200 200 200 200 200 200 200 200 200 200
portal:matter                404 200 404 404 404 404 404 404 404 404 404 404
portal:do                    404 200 404 404 404 404 404 404 404 404 404 404
portal:proof                 404 200 404 404 404 404 404 404 404 404 404 404
portal:attachment            404 200 404 404 404 404 404 404 404 404 404 404
portal:paper                 404 200 404 404 404 404 404 404 404 404 404 404
portal:knowledge             200 200 200 200 200 200 200 200 200 200 200 200
portal:knowledge-entry       200 200 200 200 200 200 200 200 200 200 200 200
portal:how                   200 200 200 200 200 200 200 200 200 200 200 200
portal:lost                  200 200 200 200 200 200 200 200 200 200 200 200
portal:rights                200 200 200 200 200 200 200 200 200 200 200 200
api-openapi                  200 200 200 200 200 200 200 200 200 200 200 200
api-docs                     200 200 200 200 200 200 200 200 200 200 200 200
api:submit                   405 405 405 405 405 405 405 405 405 405 405 405
api:track                    405 405 405 405 405 405 405 405 405 405 405 405
api:upload                   405 405 405 405 405 405 405 405 405 405 405 405
api:me                       401 401 401 401 401 401 401 401 401 401 401 401
api:organs                   401 401 401 401 401 401 401 401 401 401 401 401
api:worklist                 401 401 401 401 401 401 401 401 401 401 401 401
api:case                     401 401 401 401 401 401 401 401 401 401 401 401
api:options                  401 401 401 401 401 401 401 401 401 401 401 401
api:step                     405 405 405 405 405 405 405 405 405 405 405 405
api:steps                    405 405 405 405 405 405 405 405 405 405 405 405
api:file                     401 401 401 401 401 401 401 401 401 401 401 401
api:search                   401 401 401 401 401 401 401 401 401 401 401 401
api:api-root                 404 404 404 404 404 404 404 404 404 404 404 404
"""


def patterns() -> Iterator[tuple[str, str]]:
    """(name with its namespace, route) of every address of the project."""

    def walk(resolver: Any, prefix: str, space: str) -> Iterator[tuple[str, str]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                yield f"{space}{entry.name}", f"{prefix}{entry.pattern}"
            else:
                inner = f"{entry.namespace}:" if entry.namespace else ""
                yield from walk(entry, f"{prefix}{entry.pattern}", f"{space}{inner}")

    return walk(get_resolver(), "", "")


def expected() -> dict[str, list[int]]:
    """The table as numbers."""
    rows = (line.split() for line in TABLE.strip().splitlines() if line.strip() and not line.startswith("#"))
    return {name: [int(status) for status in statuses] for name, *statuses in rows}


@pytest.fixture
def addresses(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One real address for each name, all of them about the same accepted claim."""
    moving(monkeypatch, MORNING + timedelta(days=1))
    account = Account.objects.create(username="admin", name="管理员")
    world.posts["admin"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=LONG_AGO
    )
    case = bring(world, new_case(world), "accepted")
    officer = world.actor("officer")
    with access.acting(SYSTEM("test")):
        paper = Document.objects.get(case=case, kind="acceptance_notice")
        lamp = KnowledgeEntry.objects.create(
            slug="lamp", question="路灯坏了找谁", answer="打电话。", valid_from=LONG_AGO
        )
    with access.acting(officer):
        blob = files.blob_store(
            name="a.jpg", data=photo().read(), kind="scan", case_id=case.id, actor=officer, at=MORNING
        )
    window = world.actor("window")
    with access.acting(window):
        contact = intake.contact_open(kind="call", actor=window, at=MORNING)
        sheet = SheetImport.objects.create(
            organ=world.organs["xf"], account_id=officer.account_id, post_id=officer.post_id, name="表.csv", size=1,
            sha256=b"x", table={"headings": ["内容"]}, state="done", rejected=1, created_at=MORNING,
        )  # fmt: skip
    values = {
        "number": case.number, "sheet_id": sheet.pk, "step": "note", "document_id": paper.pk, "form": "pdf", "blob_id": blob.pk,
        "file_id": blob.pk, "contact_id": contact.pk, "slug": "lamp", "post_id": world.posts["cg.handler"].pk, "key": "a-key",
        "search_id": 1,
    }  # fmt: skip
    with access.acting(SYSTEM("test")):
        lead = Competence.objects.create(organ=world.organs["cg"], role="lead", source="三定", valid_from=LONG_AGO)
        reviewing = ReviewingBody.objects.create(
            organ=world.organs["cg"], reviewer=world.organs["qu"], source="条例", valid_from=LONG_AGO
        )
    values |= {
        "code": "330105", "organ_id": world.organs["cg"].pk, "competence_id": lead.pk, "reviewing_id": reviewing.pk,
        "account_id": account.pk, "entry_id": lamp.pk, "book": "petitioner", "text": "closed",
    }  # fmt: skip
    own = {"portal:do": {"step": "urge"}, "desk:admin-competences-export": {"form": "csv"}}
    found = {}
    for name, route in patterns():
        steps = values | own.get(name, {})
        found[name] = "/" + _fill(route, steps)
    found["case"] = case.number
    found["case_id"] = str(case.id)
    return found


def _fill(route: str, values: dict[str, Any]) -> str:
    route = route.replace("^", "").replace("$", "")
    named = re.sub(r"\(\?P(<\w+>).*?\)(?=/|$)", r"\1", route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), named)


def _citizen(case_id: str) -> Client:
    client = Client()
    session = client.session
    until = MORNING + timedelta(days=1, minutes=30)
    session[proof.KEY] = {"cases": [case_id], "submissions": [], "until": until.timestamp()}
    session.save()
    return client


def _clients(world: World, case_id: str) -> dict[str, Client]:
    found = {"anonymous": Client(), "citizen": _citizen(case_id)}
    for visitor in VISITORS[2:]:
        found[visitor] = signed_in(world, visitor)
    return found


def test_every_address_is_in_the_table(addresses: dict[str, str]) -> None:
    names = {name for name, _route in patterns()}
    assert names - expected().keys() == set(), "decide who may see these, and add them to TABLE"
    assert expected().keys() - names == set(), "these are gone: take them out of TABLE"
    assert {name for name, statuses in expected().items() if len(statuses) != len(VISITORS)} == set()


def test_everybody_gets_what_the_table_says(addresses: dict[str, str], world: World) -> None:
    clients = _clients(world, addresses["case_id"])
    wrong = []
    for name, statuses in expected().items():
        for visitor, status in zip(VISITORS, statuses, strict=True):
            if name == "account_logout" and visitor not in {"anonymous", "citizen"}:
                continue
            if not addresses[name].startswith("/desk/") and visitor not in OUTSIDE:
                continue
            found = clients[visitor].get(addresses[name]).status_code
            if found != status:
                wrong.append(f"{name} as {visitor}: {found} instead of {status}")
    assert not wrong, "\n".join(wrong)


def test_nobody_is_told_that_something_is_forbidden() -> None:
    assert not [name for name, statuses in expected().items() if 403 in statuses]


ONCE = re.compile(r'FToken": "[^"]*"|(nonce|value)="[^"]*"|\d{12}-1')  # differs in any two answers


def test_an_absent_case_looks_like_a_forbidden_one(addresses: dict[str, str], world: World) -> None:
    stranger = signed_in(world, "other")
    for name in ("desk:case", "desk:peek", "desk:do", "desk:paper", "desk:file"):
        forbidden = stranger.get(addresses[name])
        absent = stranger.get(addresses[name].replace(addresses["case"], f"{uuid4().int % 10**12:012d}-1"))
        assert forbidden.status_code == absent.status_code == 404
        pages = [ONCE.sub("", answer.content.decode()) for answer in (forbidden, absent)]
        assert pages[0] == pages[1]
