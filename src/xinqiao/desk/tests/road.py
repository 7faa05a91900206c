"""What the desk's tests share: signing in, forms as a browser posts them, and bringing a case along its way."""

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from PIL import Image
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case
from xinqiao.people import access, clock
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.middleware import SEEN_KEY

HTMX = {"HX-Request": "true"}
DEMAND = {
    "demand": "修好路灯",
    "facts": "灯头烧坏，三个星期没有修。",
    "reasons": "路灯由本单位养护。",
    "basis": "《城市照明管理规定》第二十三条",
    "outcome": "support",
}
DECISION = {"demands": [DEMAND], "outcome": "support", "remedy": "更换灯头。", "execution_days": "15"}
NEXT_DAY = MORNING + days(1)
_HOUSEKEEPING = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK)|set_config", re.I)

# step, who takes it, inputs: the main road of a claim, one line a state
REDRESS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("sorted", "classify", "officer", {"route": "redress", "content_code": "030800", "title": "小河路路灯不亮"}),
    ("referred", "refer", "officer", {}),
    ("at_unit", "sign_for", "cg.handler", {}),
    ("accepted", "accept", "cg.handler", {}),
    ("heard", "hear", "cg.handler", {"way": "phone", "heard_on": NEXT_DAY.date(), "statement": "路灯坏了三个星期。"}),
    ("investigated", "investigate", "cg.handler", {"way": "现场查看", "findings": "灯头坏了。"}),
    ("drafted", "draft_decision", "cg.handler", DECISION),
    ("checked", "check_decision", "cg.deputy", {}),
    ("signed", "sign_decision", "cg.head", {}),
    ("decided", "seal_decision", "cg.handler", {}),
    ("served", "serve", "cg.handler", {"method": "electronic", "served_on": NEXT_DAY.date(), "receiver": "本人"}),
]


def signed_in(world: World, login: str) -> Client:
    """A client in whose session that member of staff is signed in."""
    client = Client()
    client.force_login(world.posts[login].account)
    session = client.session
    session[SEEN_KEY] = time.time()
    asked = RequestFactory().get("/")
    asked.session = session
    record_authentication(asked, world.posts[login].account, method="password")
    session.save()
    return client


def moving(monkeypatch: pytest.MonkeyPatch, start: datetime = MORNING) -> Callable[[datetime], None]:
    """Sets the time of the pages; call the result to move it."""
    current = [start]
    monkeypatch.setattr(clock, "now", lambda: current[0])

    def move(to: datetime) -> None:
        current[0] = to

    return move


def new_case(world: World, **more: Any) -> Case:
    """A case that has just been received."""
    return world.receive(**more).case


def bring(world: World, case: Case, state: str) -> Case:
    """Take a claim along the main road until `state` (a line of REDRESS)."""
    at = MORNING
    for to, step, login, inputs in REDRESS:
        at += timedelta(minutes=10)
        at = max(at, NEXT_DAY) if to not in {"sorted", "referred"} else at
        given = inputs | ({"lead": world.organs["cg"].pk} if step == "refer" else {})
        case = world.step(case, step, login, at=at, **given)
        if to == state:
            return case
    raise ValueError(state)


def fresh(case: Case, actor: Actor | None = None) -> Case:
    """The case as it is now in the database; a sealed one only as somebody who is named on it."""
    with access.acting(actor or SYSTEM("test")):
        return Case.objects.get(pk=case.pk)


def take(client: Client, case: Case, step: str, *, htmx: bool = False, **inputs: Any) -> Any:
    """Open the form of `step` and send it as a browser would."""
    address = f"/desk/cases/{case.number}/do/{step}/"
    page = client.get(address)
    assert page.status_code == 200, (step, page.status_code)
    data: dict[str, Any] = {"in-key": page.context["form"].form_key}
    for name, value in inputs.items():
        if name == "demands":
            data |= {f"in-demands-{n}-{part}": words for n, row in enumerate(value) for part, words in row.items()}
        else:
            data[f"in-{name}"] = value
    return client.post(address, data, headers=HTMX if htmx else {})


def photo(name: str = "现场.jpg") -> SimpleUploadedFile:
    """A small picture as it is uploaded."""
    data = io.BytesIO()
    Image.new("RGB", (60, 40), "olive").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that the block asks of the database; savepoints and bindings are left out."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as caught:
        yield found
    found += [one["sql"] for one in caught.captured_queries if not _HOUSEKEEPING.search(one["sql"])]


@contextmanager
def at_most(queries: int) -> Iterator[None]:
    """Fails when the block asks the database more often."""
    with counted() as asked:
        yield
    assert len(asked) <= queries, f"{len(asked)} queries:\n" + "\n".join(sql[:200] for sql in asked)
