"""Which attached files of a case are whose: the petitioner's own, the file's, and powers of attorney that name people."""

from uuid import uuid4

import pytest
from django.test import Client

from tests.support.world import World
from xinqiao.cases.models import Case
from xinqiao.cases.services import Upload
from xinqiao.desk.tests.road import NEXT_DAY, bring, moving, new_case, photo, signed_in
from xinqiao.files import services as files
from xinqiao.files.models import Blob
from xinqiao.intake import services as intake
from xinqiao.people import access, proof
from xinqiao.people.actors import CITIZEN, SYSTEM

pytestmark = pytest.mark.django_db


def _petitioner(case: Case) -> Client:
    client = Client()
    session = client.session
    session[proof.KEY] = {"cases": [str(case.id)], "submissions": [], "until": (NEXT_DAY + proof.LASTS).timestamp()}
    session.save()
    return client


def _stored(world: World, case: Case, kind: str, login: str = "") -> Blob:
    actor = world.actor(login) if login else CITIZEN({case.id})
    with access.acting(actor):
        return files.blob_store(
            name=f"{kind}.jpg", data=photo().read(), kind=kind, case_id=case.id, actor=actor, at=NEXT_DAY
        )


def test_what_staff_gathered_stays_in_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, NEXT_DAY)
    case = bring(world, new_case(world), "accepted")
    gathered = _stored(world, case, "files", "cg.handler")
    scan = _stored(world, case, "scan", "cg.handler")
    own = _stored(world, case, "paper")
    client = _petitioner(case)
    page = client.get(f"/my/{case.number}/").content.decode()
    assert str(own.id) in page
    assert str(scan.id) in page
    assert str(gathered.id) not in page
    assert client.get(f"/my/{case.number}/files/{own.id}/").status_code == 200
    for hidden in (gathered.id, uuid4(), "-" * 36):
        assert client.get(f"/my/{case.number}/files/{hidden}/").status_code == 404


def test_a_power_of_attorney_shows_only_to_who_may_know_the_petitioner(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving(monkeypatch, NEXT_DAY)
    people = [("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))]
    who = intake.Who(reporter="attorney", people=people, confidential=True)
    uploads = [Upload("委托书.jpg", photo().read(), "authority"), Upload("现场.jpg", photo().read(), "photo")]
    case = bring(world, world.receive(who=who, uploads=uploads).case, "accepted")
    with access.acting(SYSTEM("test")):
        letter, scene = (Blob.objects.get(case_id=case.id, kind=kind).id for kind in ("authority", "photo"))
    for login, seen in (("officer", True), ("cg.handler", False), ("cg.head", False)):
        client = signed_in(world, login)
        page = client.get(f"/desk/cases/{case.number}/").content.decode()
        assert (str(letter) in page) == seen, login
        assert str(scene) in page
        assert client.get(f"/desk/cases/{case.number}/files/{letter}/").status_code == (200 if seen else 404)
        assert client.get(f"/desk/cases/{case.number}/files/{scene}/").status_code == 200
