"""Plays scripts on a database: each act as its actor, through the services that everybody uses."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from xinqiao.cases import services as cases
from xinqiao.cases.models import Record
from xinqiao.demo.pictures import picture
from xinqiao.demo.scripts import PETITIONER, CaseScript, Ref, Step
from xinqiao.intake import services as intake
from xinqiao.intake.models import Submission
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.models import Organ, Post

LOADER = SYSTEM("demonstration")


class Stage:
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

    def resume(self, script: CaseScript, step: Step | None) -> None:
        """Do what `play` does, unless an earlier load that was broken off has done it."""
        access.bind(LOADER)
        if step is None:
            said = Submission.objects.filter(received_at=script.received_at, channel=script.channel)
            self._receive(script, again=said.exists())
        elif not Record.objects.filter(case_id=self._cases[script.key], step=step.step, at=step.at).exists():
            self._take(script, step)

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
