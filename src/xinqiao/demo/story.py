"""One case being told: who acts in it, what is said, and the steps that every kind of case shares."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xinqiao.demo import matters
from xinqiao.demo.matters import Matter, Place
from xinqiao.demo.scripts import PETITIONER, Ref, Timeline
from xinqiao.demo.wording import Wording

SCORES = {3: "satisfied", 2: "basically", 1: "not"}


def organ(code: str) -> Ref:
    """An organ as an input."""
    return Ref("organ", code)


def photo(name: str) -> list[Ref]:
    """One picture as an input of files."""
    return [Ref("photo", name)]


@dataclass
class Story:
    """The state of the telling. Plots call its methods in order; the line drops what would lie in the future."""

    rng: random.Random
    matter: Matter
    place: Place
    words: Wording
    line: Timeline
    channel: str
    anonymous: bool = False
    plan: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)  # the outcome

    def __post_init__(self) -> None:
        self.unit = self.organ_of(self.matter.organ)
        self.assists = [code for code in map(self.organ_of, self.matter.assist) if code != self.unit]
        self.officer = self.rng.choice(matters.logins(matters.OFFICE, "officer"))
        self.clerk = self.rng.choice(
            matters.logins(matters.HOTLINE if self.channel == "hotline" else matters.OFFICE, "clerk")
        )
        self.confidential = matters.logins(matters.OFFICE, "confidential")[0]
        self.goes_to(self.unit)

    def organ_of(self, code: str) -> str:
        """The code of an organ named in a matter: "street" is the office of the street where it happened."""
        return matters.street_organ(self.place.street_code) if code == "street" else code

    def goes_to(self, unit: str) -> None:
        """The unit that has the case, and who works on it there."""
        self.unit = unit
        away = {one.login for one in matters.staff() if one.leave}
        handlers = [login for login in matters.logins(unit, "handler") if login not in away]
        self.handler = self.rng.choice(handlers) if handlers else ""
        heads = matters.logins(unit, "head")
        self.head = heads[0] if heads else ""

    def wants(self, name: str) -> bool:
        """Whether the plan asks for this turn of the story."""
        return bool(self.plan.get(name))

    def pool(self, name: str, kind: str = "") -> str:
        """Words from the common pools."""
        return self.words.one_of(name, kind)

    # --- at the petition office

    def classify(self, workdays: int | None = None, *, route: str = "") -> None:
        """The office says what it is and files it under its content."""
        days = self.rng.choice((0, 0, 1)) if workdays is None else workdays
        who = self.clerk if self.channel in ("hotline", "window") else self.officer
        self.line.work(days).take(
            who,
            "classify",
            route=route or {"unclear": "inquiry"}.get(self.matter.kind, self.matter.kind),
            title=self.words.say(self.matter.title)[:60],
            content_code=self.matter.content,
            area_code=self.place.code,
            reasons=self.pool("classify_reasons") if self.matter.kind == "redress" else None,
        )

    def refer(self, step: str = "refer", *, workdays: int | None = None) -> None:
        """The office passes it on to the competent unit, with those that assist."""
        assists = self.assists if self.wants("assist") or self.rng.random() < 0.5 else []
        self.assists = [code for code in assists if code != self.unit]
        self.line.work(self.rng.choice((0, 1, 1)) if workdays is None else workdays).take(
            self.officer,
            step,
            lead=organ(self.unit),
            assists=[organ(code) for code in self.assists],
            task=self.pool("tasks"),
        )

    def sign_for(self, workdays: int | None = None) -> None:
        """The unit has it on its table."""
        self.line.work(self.rng.choice((0, 0, 1)) if workdays is None else workdays).take(self.handler, "sign_for")

    def object_and_return(self, *, second: bool) -> None:
        """A unit says that it is not competent; the office agrees. The second time somebody must rule."""
        wrong = self.unit
        self._by("object_on", self.rng.randint(1, 2)).take(
            self.handler,
            "object",
            reasons=self.matter.object.get("words") if not second and self.matter.object else self.pool("objections"),
        )
        if self.plan.get("stop") == "objected":
            return
        if second:
            self.line.work(1).take(
                self.officer,
                "negotiate",
                organs=[organ(code) for code in dict.fromkeys((wrong, self.organ_of(self.matter.organ)))],
                outcome="协商未取得一致：两家都认为对方更合适主办，愿意协办。",
            )
        self._by("return_on", self.rng.randint(0, 1)).take(
            self.officer,
            "accept_objection",
            reasons=self.pool("objection_checks"),
            arbiter=organ(matters.CONFERENCE) if second else None,
        )

    def _by(self, name: str, workdays: int) -> Timeline:
        """The line on the day that the plan names, or some working days on."""
        return self.line.on(self.plan[name]) if name in self.plan else self.line.work(workdays)

    def rule(self) -> None:
        """The joint conference says who is competent; that is the end of it."""
        self.goes_to(self.organ_of(self.matter.organ))
        self.assists = []
        self.line.work(self.rng.randint(2, 4)).take(
            matters.logins(matters.CONFERENCE, "arbiter")[0],
            "rule",
            lead=organ(self.unit),
            reasons=self.pool("rulings"),
        )

    # --- what the petitioner does

    def urge(self, days: int, *, answered: bool = True) -> None:
        """The petitioner asks where it is; the unit answers within three working days, or not."""
        self.line.home(days).take(PETITIONER, "urge", words=self.pool("urges"))
        if answered:
            who = self.handler or self.officer
            self.line.work(self.rng.randint(1, 2)).take(who, "contact", way="phone", words=self.pool("urge_answers"))

    def add_material(self, days: int) -> None:
        """The petitioner adds something, sometimes with a picture."""
        files = photo("补充照片") if self.rng.random() < 0.4 else None
        self.line.home(days).take(PETITIONER, "add_material", words=self.pool("materials"), files=files)

    def withdraw(self, days: int, *, undo_after: int = 0) -> None:
        """The petitioner takes it back, and may think better of it within a week."""
        self.line.home(days).take(PETITIONER, "withdraw", words=self.pool("withdraws"))
        if undo_after:
            self.line.home(undo_after).take(PETITIONER, "undo_withdraw")
            self.line.home(0).take(PETITIONER, "add_material", words=self.pool("undos"))

    def rate(self, unit: int | None = None, office: int | None = None, words: str | None = None) -> None:
        """The petitioner judges unit and office apart; without scores, as the matter's own examples do."""
        if unit is None or office is None:
            own = self.rng.choice(self.matter.rate) if self.matter.rate and self.rng.random() < 0.7 else None
            if own:
                unit, office, words = own["unit"], own["office"], own["words"]
            else:
                unit = self.rng.choices((3, 2, 1), (62, 24, 14))[0]
                office = self.rng.choices((3, 2, 1), (72, 22, 6))[0]
        said = words or self.pool("ratings", {3: "good", 2: "fair", 1: "bad"}[unit])
        self.line.home(0).take(PETITIONER, "rate_unit", score=SCORES[unit], reasons=said or None)
        if self.rng.random() < 0.85:
            mine = self.pool("ratings", {3: "good", 2: "fair", 1: "bad"}[office]) if office < 3 else None
            self.line.minutes(1, 4).take(
                PETITIONER,
                "rate_office",
                score=SCORES[office],
                reasons=mine or ("催了才有人联系。" if office == 1 else None),
            )

    # --- what the unit records

    def site_visit(self, workdays: int = 1) -> None:
        """Somebody goes and looks."""
        self.line.work(workdays)
        self.line.take(
            self.handler,
            "site_visit",
            visited_on=self.line.day.isoformat(),
            place=f"{self.place.street}{self.words.slot('road')}",
            findings=self.words.say(self.matter.visit or "到现场查看，拍照并作记录，与来信人所说基本一致。"),
            photos=photo("现场照片") if self.rng.random() < 0.5 else None,
        )

    def small_talk(self) -> None:
        """Now and then a note or a call, as in life."""
        if self.rng.random() < 0.25:
            self.line.work(0).take(self.handler, "note", text=self.pool("notes"))
        if self.rng.random() < 0.35 and not self.anonymous:
            self.line.work(0).take(self.handler, "contact", way="phone", words=self.pool("contacts"))

    def close(self, who: str, workdays: int = 0) -> None:
        """The end of the case."""
        self.line.work(workdays).take(who, "close")
