"""Loads the demonstration by replaying its scripts through the real services, day by day, as they would have happened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Max

from xinqiao.cases import services as cases
from xinqiao.cases import watch
from xinqiao.cases.models import Record
from xinqiao.demo import founding
from xinqiao.demo.generator import generate
from xinqiao.demo.pictures import picture
from xinqiao.demo.scripts import PETITIONER, CaseScript, Ref, Step
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import day_of, start_of
from xinqiao.kernel.errors import Refused, XinqiaoError
from xinqiao.people import access
from xinqiao.people import services as people
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.models import Instance, Organ, Post

LOADER = SYSTEM("demonstration")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Loaded:
    """What was loaded."""

    today: date
    cases: int
    steps: int
    knowledge: int


def load(
    *,
    at: datetime,
    choose: Callable[[list[CaseScript]], list[CaseScript]] | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Load the demonstration as of the morning of the day of `at` into an empty database.

    `choose` may leave out scripts (generator.one_of_each gives a small demonstration). Run it as the role that sees sealed
    rows, outside any transaction: each told day is committed by itself. A load that was broken off goes on where it stopped,
    with the day on which it began. Raises Refused in a database that is used for anything else.
    """
    tell = progress or (lambda done, total, words: None)
    today = _begin(at)
    with access.acting(LOADER):
        if not Organ.objects.exists():
            founding.found(today=today, actor=LOADER, at=at)
    scripts = choose(generate(today)) if choose else generate(today)
    stage = _Stage()
    acts = sorted(_acts(scripts), key=lambda act: (act[0], act[1]))
    told = _told_until()
    done = 0
    for day, todays in groupby(acts, key=lambda act: day_of(act[0])):
        with access.acting(LOADER):  # one transaction a day; each act is bound to its own actor in it
            if told is None or day > told:
                watch.watch_all(at=start_of(day))
            for _, _, script, step in todays:
                if told is None or day > told:
                    stage.play(script, step)
                elif step is None:
                    stage.remember(script)
                done += 1
        tell(done, len(acts), f"{day:%Y-%m-%d}")
    watch.watch_all(at=at)
    with access.acting(LOADER):
        entries = founding.knowledge(actor=LOADER, at=at)
    return Loaded(today, len(scripts), len(acts) - len(scripts), entries)


def _begin(at: datetime) -> date:
    """Mark the database, once, and say which day the demonstration is told for: the day on which it was first begun."""
    with access.acting(LOADER):
        row = Instance.objects.filter(pk=1).first()
        if row is not None and row.demonstration:
            return day_of(row.created_at)
        if row is not None or Organ.objects.exists():
            raise Refused("这个数据库已经在用，不能装载演示数据。", remedy="请另建一个空的数据库，再装载演示数据。")
        people.instance_create(demonstration=True, actor=LOADER, at=at)
    return day_of(at)


def _told_until() -> date | None:
    """The last day that an earlier, broken-off load has told to its end."""
    with access.acting(LOADER):
        last = Record.objects.aggregate(last=Max("at"))["last"]
    return None if last is None else day_of(last)


def _acts(scripts: list[CaseScript]) -> Iterator[tuple[datetime, int, CaseScript, Step | None]]:
    """Every act of every script; within a case they keep their order even when they fall on the same minute."""
    for place, script in enumerate(scripts):
        yield script.received_at, place * 1000, script, None
        for index, step in enumerate(script.steps, start=1):
            yield step.at, place * 1000 + index, script, step


class _Stage:
    """Knows the rows that the scripts only name: organs by code, posts by sign-in, cases by key."""

    def __init__(self) -> None:
        with access.acting(LOADER):
            self._organs = dict(Organ.objects.values_list("code", "id"))
            self._posts = {
                post.account.username: post for post in Post.objects.select_related("account").order_by("-id")
            }
        self._cases: dict[str, UUID] = {}

    def play(self, script: CaseScript, step: Step | None) -> None:
        """Receive the matter (no step) or take one step of it, as its actor. Raises what the services raise, named."""
        try:
            if step is None:
                self._receive(script)
            else:
                self._take(script, step)
        except XinqiaoError as error:
            name = "receive" if step is None else f"{step.step} by {step.actor} at {step.at:%Y-%m-%d %H:%M}"
            error.add_note(f"{script.key} {script.matter} ({script.situation}): {name}")
            raise

    def _actor(self, name: str, case_id: UUID | None) -> Actor:
        if name == PETITIONER:
            return CITIZEN({case_id} if case_id else set())
        post = self._posts[name]
        return Actor(
            kind="staff",
            account_id=post.account_id,
            post_id=post.pk,
            organ_id=post.organ_id,
            role=post.role,
            area_code=post.area_code,
            name=post.account.name,
        )

    def remember(self, script: CaseScript) -> None:
        """Find the case of a script that an earlier load has received."""
        self._receive(script, again=True)

    def _receive(self, script: CaseScript, *, again: bool = False) -> None:
        actor = self._actor(script.taken_by, None)
        access.bind(actor)
        contact = None
        if actor.is_staff and not again:
            kind = {"hotline": "call", "window": "visit"}.get(script.channel, "letter")
            contact = intake.contact_open(kind=kind, actor=actor, at=script.received_at)
        receipt = intake.receive(
            channel=script.channel,
            said=intake.Words(
                text=script.text, title=script.title, place=script.place, area_code=script.area_code, wish=script.wish
            ),
            who=intake.Who(
                reporter=script.reporter,
                people=[
                    (one.role, intake.PersonData(name=one.name, phone=one.phone, firm=one.firm))
                    for one in script.people
                ],
                joint_count=script.joint_count,
                confidential=script.confidential,
                about_official=script.about_official,
            ),
            uploads=[
                intake.Upload(f"照片{place}.png", picture(f"照片{place}", script.key))
                for place in range(1, script.photos + 1)
            ],
            contact=contact,
            entered_seconds=script.entered_seconds,
            actor=actor,
            at=script.received_at,
            key=script.key,
        )
        self._cases[script.key] = receipt.case.id
        if contact is not None:
            ends = script.received_at + timedelta(seconds=(script.entered_seconds or 60) + 30)
            intake.contact_close(contact_id=contact.id, outcome="registered", actor=actor, at=ends)

    def _take(self, script: CaseScript, step: Step) -> None:
        case_id = self._cases[script.key]
        actor = self._actor(step.actor, case_id)
        inputs: dict[str, Any] = {}
        uploads: dict[str, list[cases.Upload]] = {}
        for name, value in step.inputs.items():
            if isinstance(value, list) and value and isinstance(value[0], Ref) and value[0].kind == "photo":
                uploads[name] = [cases.Upload(f"{ref.code}.png", picture(ref.code, script.key)) for ref in value]
            else:
                inputs[name] = self._resolve(value)
        access.bind(actor)
        cases.take_step(
            case_id=case_id,
            step=step.step,
            actor=actor,
            at=step.at,
            inputs=inputs,
            uploads=uploads,
            key=f"{script.key}/{step.at:%Y%m%d%H%M}/{step.step}",
        )

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self._organs[value.code] if value.kind == "organ" else self._posts[value.code].pk
        if isinstance(value, list):
            return [self._resolve(one) for one in value]
        return value


def clear() -> None:
    """There is no clearing: ledger and marks cannot be deleted. Raises Refused with the way to begin anew."""
    raise Refused(
        "演示数据不能在原处清除：案卷记录只能增加，不能删除。",
        remedy="请停下服务，换一个 XINQIAO_HOME（或者删掉演示用的数据目录）重新启动，会装载一份新的演示数据。",
    )
