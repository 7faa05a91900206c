"""About four hundred invented cases, laid out so that today finds them in every state. Pure: the same day, the same cases.

What is told ends the evening before `today`; what falls due today, tomorrow or was missed follows from the law's own terms.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from xinqiao.demo import matters, plots_other, plots_redress, tree_leaves
from xinqiao.demo.matters import Matter
from xinqiao.demo.scripts import (
    PETITIONER,
    CaseScript,
    Person,
    Timeline,
    at_time,
    next_due_day,
    start_for,
    workdays_back,
)
from xinqiao.demo.story import Story
from xinqiao.demo.wording import Wording, person_name
from xinqiao.law import calendars

FEW = 15
SEED = 20220501  # the day the Regulation came into force

Plan = Mapping[str, Any]
TELLERS: Mapping[str, Callable[[Story], None]] = {
    "redress": plots_redress.tell,
    "inquiry": plots_other.inquiry,
    "suggestion": plots_other.suggestion,
    "report": plots_other.report,
    "guidance": plots_other.guidance,
    "unclear": plots_other.unclear,
}


def generate(today: date) -> list[CaseScript]:
    """All scripts of the demonstration as of the morning of `today`, the tree-leaves call first."""
    rng = random.Random(SEED)
    until = at_time(today - timedelta(days=1), 23, 59)
    scripts = [tree_leaves.script(workdays_back(today - timedelta(days=1), 0))]
    known: list[tuple[Person, ...]] = []
    told: set[str] = set()
    queues = {kind: _queue(rng, kind) for kind in TELLERS}
    for place, (kind, situation, plan) in enumerate(_plans(today, rng)):
        matter = _pick(queues, kind, plan)
        scripts.append(_script(rng, place, matter, situation, plan, today=today, until=until, known=known, told=told))
    return scripts


def one_of_each(scripts: list[CaseScript]) -> list[CaseScript]:
    """The first script of each kind and situation: a small demonstration that still shows every state."""
    found: dict[tuple[str, str], CaseScript] = {}
    for script in scripts:
        found.setdefault((script.kind, script.situation), script)
    return list(found.values())


def _queue(rng: random.Random, kind: str) -> Iterator[Matter]:
    """The matters of a kind in a shuffled order, again and again: none is told twice before all were told once."""
    pool = [matter for matter in matters.matters() if matter.kind == kind]
    while True:
        yield from rng.sample(pool, len(pool))


def _pick(queues: Mapping[str, Iterator[Matter]], kind: str, plan: Plan) -> Matter:
    needs = plan.get("needs")
    for matter in queues[kind]:
        if (needs != "object" or matter.object) and (needs != "unit" or not matter.spot):
            return matter
    raise LookupError(kind)


# --- what there shall be


def _plans(today: date, rng: random.Random) -> Iterator[tuple[str, str, Plan]]:
    yield from _redress_plans(today, rng)
    yield from _other_plans(today, rng)


def _many(
    rng: random.Random, count: int, kind: str, situation: str, ages: tuple[int, int], **plan: Any
) -> Iterator[tuple[str, str, Plan]]:
    for _ in range(count):
        yield kind, situation, {"age": rng.randint(*ages), **plan}


def _ago(today: date, days: int) -> date:
    """About so many days before today, a working day. Few days are counted in working days: holidays swallow nothing."""
    if days <= FEW:
        return workdays_back(today - timedelta(days=1), max(1, round(days * 5 / 7)))
    return workdays_back(today - timedelta(days=days), 0)


def _begun(count: int, kind: str, situation: str, day: date, **plan: Any) -> Iterator[tuple[str, str, Plan]]:
    """Cases that were received on a certain working day, so that there was time for all that shall have happened."""
    for _ in range(count):
        yield kind, situation, {"received_on": day, **plan}


def _redress_plans(today: date, rng: random.Random) -> Iterator[tuple[str, str, Plan]]:
    yesterday = today - timedelta(days=1)
    tomorrow = next_due_day(today + timedelta(days=1))
    soon = next_due_day(tomorrow + timedelta(days=1))
    objected, returned = {"object_on": workdays_back(yesterday, 1)}, {"return_on": workdays_back(yesterday, 1)}

    def accepted(count: int, situation: str, ages: tuple[int, int], **plan: Any) -> Iterator[tuple[str, str, Plan]]:
        for _ in range(count):
            yield "redress", situation, {"accept_on": _ago(today, rng.randint(*ages)), **plan}

    def due(situation: str, target: date, **plan: Any) -> tuple[str, str, Plan]:
        return "redress", situation, {"accept_on": start_for("decision", target), **plan}

    def ready(count: int, situation: str, ages: tuple[int, int], **plan: Any) -> Iterator[tuple[str, str, Plan]]:
        """Accepted some weeks ago, drafted in the last days."""
        for _ in range(count):
            day = workdays_back(today - timedelta(days=rng.randint(*ages)), 0)
            yield (
                "redress",
                situation,
                {"accept_on": day, "draft_on": workdays_back(yesterday, rng.randint(3, 6)), **plan},
            )

    many = lambda count, situation, ages, **plan: _many(rng, count, "redress", situation, ages, **plan)  # noqa: E731
    yield from many(12, "new", (1, 3), stop="registered")
    yield "redress", "referral-tomorrow", {"received_on": start_for("referral", tomorrow), "stop": "sorted"}
    yield (
        "redress",
        "referral-missed",
        {"received_on": workdays_back(today - timedelta(days=18), 0), "stop": "registered"},
    )
    yield from many(7, "to-refer", (2, 6), stop="sorted")
    yield from many(8, "to-sign-for", (2, 4), stop="referred")
    yield "redress", "sign-for-missed", {"received_on": workdays_back(yesterday, 6), "stop": "referred"}
    yield from many(11, "to-accept", (4, 10), stop="at_unit")
    notice_sent = start_for("notice", tomorrow)
    yield "redress", "notice-tomorrow", {"received_on": workdays_back(notice_sent, 1), "stop": "at_unit", "brisk": True}
    yield "redress", "notice-missed", {"received_on": workdays_back(today - timedelta(days=22), 0), "stop": "at_unit"}
    yield from _begun(
        4, "redress", "objected", workdays_back(yesterday, 5), stop="objected", needs="object", **objected
    )
    yield from _begun(
        3, "redress", "returned", workdays_back(yesterday, 6), stop="returned", needs="object", **returned
    )
    yield from _begun(3, "redress", "to-rule", workdays_back(yesterday, 12), stop="jurisdiction", needs="object")
    yield from accepted(3, "ruled", (5, 12), stop="looked", ruling=True, needs="object")
    yield from accepted(5, "in-hand-after-objection", (6, 20), stop="heard", object=True, needs="object")
    yield from accepted(2, "objection-refused", (6, 20), stop="heard", reject=True)
    yield from accepted(10, "just-accepted", (1, 4), stop="accepted")
    yield from accepted(7, "heard", (6, 15), stop="heard")
    yield from accepted(11, "in-hand", (10, 32), stop="looked")
    yield from accepted(7, "near", (42, 55), stop="looked", material=True)
    yield from accepted(4, "assist-late", (24, 34), stop="looked", assist=True, assist_missing=True)
    yield due("decision-tomorrow", tomorrow, stop="looked")
    yield due("decision-tomorrow", tomorrow, stop="heard", urge=True)
    yield due("decision-today", next_due_day(today), stop="looked")
    yield due("decision-soon", soon, stop="looked")
    yield from accepted(4, "decision-missed", (64, 75), stop="looked", urge="unanswered")
    yield from accepted(6, "extended", (58, 72), stop="looked", extend=30)
    yield from accepted(2, "extended", (50, 58), stop="looked", extend=15)
    for _ in range(3):
        yield "redress", "extension-asked", {
            "accept_on": workdays_back(today - timedelta(days=rng.randint(48, 56)), 0), "stop": "looked", "extend": 30,
            "extend_on": workdays_back(yesterday, 1), "stop_extension": "asked",
        }  # fmt: skip
    yield from accepted(1, "extension-refused", (44, 54), stop="looked", extend=20, stop_extension="refused")
    for ago in (1, 2, 3):
        urged = workdays_back(today - timedelta(days=ago), 0)
        yield "redress", "urged", {
            "accept_on": workdays_back(urged, 9), "stop": "accepted", "urge_on": urged, "urge": "unanswered",
        }  # fmt: skip
    yield from accepted(6, "urged-answered", (14, 40), stop="looked", urge=True)
    yield from accepted(3, "withdrawn-undone", (15, 40), stop="looked", undo=True)
    for ago in (5, 6):
        day = _ago(today, ago)
        yield (
            "redress",
            "withdrawing",
            {"accept_on": day, "stop": "accepted", "withdraw": max(1, (today - day).days - 3)},
        )
    yield from accepted(3, "withdrawn", (20, 60), stop="accepted", withdraw=True)
    yield from accepted(2, "recused", (10, 25), stop="heard", recuse=True)
    yield from ready(5, "drafted", (25, 45), stop="drafted")
    yield from ready(4, "checked", (25, 50), stop="checked")
    yield from ready(3, "signed", (25, 50), stop="signed")
    yield from ready(4, "decided", (25, 52), stop="decided")
    yield from ready(1, "draft-sent-back", (25, 45), stop="checked", sent_back=True)
    yield from accepted(11, "served", (26, 40), stop="served", rate=False)
    yield from accepted(8, "served-rated", (30, 45), stop="served", rate=True)
    yield from accepted(2, "execution-missed", (70, 80), stop="served", execution_days="7")
    yield from accepted(7, "executed", (38, 50), stop="executed", rate=False)
    yield from accepted(4, "executed-rated", (40, 55), stop="executed", rate=True)
    yield from accepted(30, "closed-rated", (64, 115), stop="closed", rate=True)
    yield from accepted(8, "closed-unrated", (90, 130), stop="closed", rate=False)
    yield from accepted(3, "closed-after-extension", (115, 135), stop="closed", rate=True, extend=30)
    yield from accepted(2, "closed-after-ruling", (80, 110), stop="closed", rate=True, ruling=True, needs="object")
    yield from accepted(2, "closed-urged", (70, 100), stop="closed", rate=True, urge=True)
    yield from accepted(1, "recalled", (80, 100), stop="closed", rate=True, recall=True)
    yield from accepted(2, "corrected", (80, 100), stop="closed", rate=True, correct=True)
    yield from accepted(2, "closed-undone", (70, 95), stop="closed", rate=True, undo=True)


def _other_plans(today: date, rng: random.Random) -> Iterator[tuple[str, str, Plan]]:
    yesterday = today - timedelta(days=1)
    objected, returned = {"object_on": workdays_back(yesterday, 1)}, {"return_on": workdays_back(yesterday, 1)}
    many = lambda kind, count, situation, ages, **plan: _many(rng, count, kind, situation, ages, **plan)  # noqa: E731
    yield from many("inquiry", 24, "on-the-spot", (1, 60), stop="spot", rate=False)
    yield from many("inquiry", 8, "on-the-spot-rated", (3, 60), stop="spot", rate=True)
    yield from many("inquiry", 2, "to-dispatch", (1, 1), stop="sorted")
    yield from many("inquiry", 4, "dispatched", (1, 3), stop="dispatched", needs="unit")
    yield from many("inquiry", 6, "at-unit", (2, 9), stop="at_unit")
    yield from many("inquiry", 1, "at-unit-urged", (6, 8), stop="at_unit", urge=True)
    yield from many("inquiry", 1, "answer-missed", (20, 22), stop="at_unit")
    yield from many("inquiry", 5, "answered", (6, 9), stop="answered")
    yield from many("inquiry", 14, "closed", (9, 70), stop="closed", rate=True)
    yield from many("inquiry", 2, "redone", (10, 12), stop="redone", redo=True)
    yield from many("inquiry", 2, "closed-after-redo", (24, 45), stop="closed", redo=True, rate=True)
    yield from many("inquiry", 1, "sent-back", (2, 2), stop="sent_back", send_back=True, needs="unit")
    yield from many(
        "inquiry", 2, "closed-after-send-back", (18, 35), stop="closed", send_back=True, rate=True, needs="unit"
    )
    yield from many("inquiry", 1, "asked-formal", (3, 5), stop="dispatched", formal=True, needs="unit")
    yield from many("suggestion", 3, "new", (1, 2), stop="registered")
    yield from many("suggestion", 2, "to-refer", (2, 4), stop="sorted")
    yield from many("suggestion", 2, "to-sign-for", (2, 4), stop="referred")
    yield from _begun(1, "suggestion", "objected", workdays_back(yesterday, 5), stop="objected", **objected)
    yield from _begun(1, "suggestion", "returned", workdays_back(yesterday, 6), stop="returned", **returned)
    yield from _begun(1, "suggestion", "to-rule", workdays_back(today - timedelta(days=1), 12), stop="jurisdiction")
    yield from many("suggestion", 3, "at-unit", (5, 11), stop="at_unit")
    yield from many("suggestion", 7, "studying", (18, 50), stop="studying", material=True)
    yield from many("suggestion", 2, "drafted", (50, 58), stop="drafted")
    yield from many("suggestion", 2, "replied", (52, 58), stop="replied")
    yield from many("suggestion", 5, "served", (54, 68), stop="served", rate=False)
    yield from many("suggestion", 13, "closed", (58, 110), stop="closed", rate=True)
    yield from many("report", 3, "sealed-new", (1, 2), stop="received")
    yield from many("report", 3, "sealed-sorted", (3, 6), stop="sorted")
    yield from many("report", 6, "sealed-transferred", (5, 25), stop="transferred", material=True)
    yield from many("report", 2, "sealed-feedback", (58, 66), stop="feedback")
    yield from many("report", 4, "sealed-closed", (64, 95), stop="closed")
    yield from many("guidance", 3, "to-inform", (3, 7), stop="sorted")
    yield from many("guidance", 7, "informed", (8, 24), stop="informed")
    yield from many("guidance", 6, "guided-rated", (20, 80), stop="closed", rate=True)
    yield from many("guidance", 4, "guided-lapsed", (45, 90), stop="closed", rate=False)
    yield from many("unclear", 3, "to-clarify", (1, 3), stop="registered")
    yield from many("unclear", 9, "clarified", (4, 60), stop="spot")


# --- from a plan to a script


def _script(
    rng: random.Random,
    place_in_line: int,
    matter: Matter,
    situation: str,
    plan: Plan,
    *,
    today: date,
    until: datetime,
    known: list[tuple[Person, ...]],
    told: set[str],
) -> CaseScript:
    channel = _channel(rng, matter, plan)
    received_at = _received(rng, channel, plan, today, until)
    place = rng.choice(matters.places())
    words = Wording(rng, place, received_at.astimezone(until.tzinfo).date())
    reporter, people, joint = _people(rng, matter, known, words)
    line = Timeline(rng, received_at, until)
    story = Story(rng, matter, place, words, line, channel, anonymous=reporter == "anonymous", plan=plan)
    text = _text(rng, matter, words, channel, reporter)
    if text in told:
        text = words.say(f"{text}（我住在{{estate}}{{building}}幢。）")
    told.add(text)
    TELLERS[matter.kind](story)
    taken_by = story.clerk if channel in ("hotline", "window", "letter") else PETITIONER
    script = CaseScript(
        key=f"demo/{place_in_line:04d}",
        matter=matter.id,
        kind=matter.kind,
        situation=situation,
        channel=channel,
        taken_by=taken_by,
        received_at=received_at,
        text=text,
        title=words.say(matter.title)[:60] if channel != "portal" else "",
        wish=words.say(matter.demand),
        place=f"{place.street}{place.name}{words.slot('road')}{words.slot('no')}号",
        area_code=place.code if rng.random() < 0.8 else place.street_code,
        reporter=reporter,
        people=people,
        joint_count=joint,
        confidential=reporter != "anonymous" and rng.random() < 0.06,
        about_official=matter.kind == "report",
        photos=rng.choice((0, 0, 0, 1)) if channel == "portal" else 0,
        entered_seconds=rng.randint(70, 420) if taken_by != PETITIONER else None,
        steps=tuple(line.steps),
    )
    return replace(script, steps=tuple(step for step in script.steps if step.at <= until))


def _channel(rng: random.Random, matter: Matter, plan: Plan) -> str:
    if plan["stop"] == "registered" and "portal" in matter.channels:
        return "portal"
    return rng.choice(matter.channels)


def _received(rng: random.Random, channel: str, plan: Plan, today: date, until: datetime) -> datetime:
    """When it was said: citizens write at all hours, a window is open in office hours only."""
    if "received_on" in plan:
        day = plan["received_on"]
    elif "accept_on" in plan:
        turns = 18 if plan.get("ruling") else 9 if plan.get("object") else 7 if plan.get("reject") else 5
        day = workdays_back(plan["accept_on"], turns)
    else:
        loose = plan["stop"] in ("registered", "received", "spot")
        day = today - timedelta(days=plan["age"]) if loose else _ago(today, plan["age"])
    if channel in ("window", "letter") or plan.get("brisk") or "accept_on" in plan:
        day = workdays_back(day, 0)
    open_at: dict[str, Sequence[int]] = {"portal": range(7, 23), "hotline": range(8, 20)}
    hours = open_at.get(channel, (9, 10, 11, 14, 15))
    if plan["stop"] in ("sorted", "referred", "at_unit", "dispatched", "spot") and calendars.is_workday(day):
        hours = [hour for hour in hours if hour <= 14]
    return at_time(day, rng.choice(hours), rng.randint(0, 59))


def _people(
    rng: random.Random, matter: Matter, known: list[tuple[Person, ...]], words: Wording
) -> tuple[str, tuple[Person, ...], int]:
    """Who says it: now and then somebody who has been here before."""
    reporter = rng.choice(matter.people)
    if reporter == "anonymous":
        return reporter, (), 1
    if reporter == "person" and known and rng.random() < 0.08:
        return reporter, rng.choice(known), 1

    def somebody(role: str, firm: str = "") -> Person:
        return Person(role, person_name(rng), f"1990000{rng.randint(0, 9999):04d}", firm)

    first = somebody("petitioner")
    if reporter == "person":
        known.append((first,))
        return reporter, (first,), 1
    if reporter == "firm":
        return reporter, (somebody("petitioner", words.slot("firm")),), 1
    if reporter == "joint":
        more = tuple(somebody("representative") for _ in range(rng.randint(1, 4)))
        return reporter, (first, *more), max(len(more) + 1, int(words.slot("count")))
    other = Person({"guardian": "ward", "attorney": "principal"}[reporter], person_name(rng))
    return reporter, (first, other), 1


def _fitting(texts: tuple[str, ...], reporter: str) -> tuple[str, ...]:
    """The texts that such a person would write: a firm says 我司, an attorney whose matter it is."""
    marks = {"firm": "我司", "attorney": "受{name}委托"}
    own = tuple(text for text in texts if reporter in marks and marks[reporter] in text)
    return own or tuple(text for text in texts if not any(mark in text for mark in marks.values())) or texts


def _text(rng: random.Random, matter: Matter, words: Wording, channel: str, reporter: str) -> str:
    body = words.say(rng.choice(_fitting(matter.texts, reporter)))
    angry = matter.kind == "redress" and "！" in body and rng.random() < 0.4
    tone = "phone" if channel == "hotline" else "angry" if angry else "plain"
    greeting = "suggestion" if matter.kind == "suggestion" and tone == "plain" else tone
    opening = "" if body.startswith(("尊敬", "您好", "领导", "报告")) else words.one_of("openings", greeting)
    closing = "" if matter.kind in ("report", "unclear") else words.one_of("closings", tone)
    return f"{opening}{body}{closing}"
