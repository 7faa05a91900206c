"""How a claim for redress runs its course in the demonstration, up to the point where today finds it."""

from collections.abc import Mapping
from datetime import date, timedelta

from xinqiao.demo import matters
from xinqiao.demo.scripts import Ref
from xinqiao.demo.story import Story, photo
from xinqiao.demo.wording import pools
from xinqiao.law import calendars, terms

STAGES = (
    "registered", "sorted", "referred", "at_unit", "accepted", "heard", "looked", "drafted", "checked", "signed",
    "decided", "served", "executed", "closed",
)  # fmt: skip


def tell(s: Story) -> None:
    """Tell the case as its plan says: `stop` names the last stage, the rest are turns on the way."""
    plan = s.plan
    stop = STAGES.index(plan["stop"]) if plan["stop"] in STAGES else -1

    def goes_on(stage: str) -> bool:
        return stop >= STAGES.index(stage) and not s.line.over

    if plan["stop"] in ("objected", "returned", "jurisdiction"):
        return objections(s)
    if not goes_on("sorted"):
        return None
    s.classify()
    if not goes_on("referred"):
        return None
    if s.wants("ruling"):
        objections(s)
    elif s.wants("object") and s.matter.object:
        _first_to_the_wrong_one(s)
        s.object_and_return(second=False)
        s.goes_to(s.organ_of(s.matter.organ))
        s.refer("refer_again")
    else:
        s.refer(workdays=1)
    if not goes_on("at_unit"):
        return None
    s.sign_for()
    if s.wants("reject"):
        s.line.work(1).take(s.handler, "object", reasons=s.pool("objections"))
        s.line.work(1).take(s.officer, "reject_objection", reasons=s.pool("objection_refusals"))
    if not goes_on("accepted"):
        return None
    _accept(s)
    _turns_while_open(s)
    if not goes_on("heard"):
        return None
    _hear(s)
    _assist(s)
    if not goes_on("looked"):
        return None
    _look(s)
    _extend(s)
    if not goes_on("drafted"):
        return None
    _decide(s, stop)
    return None


def objections(s: Story) -> None:
    """Twice to the wrong unit: the second return goes to a ruling. Also how a suggestion gets there."""
    stop = s.plan["stop"]
    if stop in ("objected", "returned", "jurisdiction"):
        s.classify()
    _first_to_the_wrong_one(s)
    s.object_and_return(second=False)
    if stop in ("objected", "returned"):
        return
    s.goes_to(matters.street_organ(s.place.street_code))
    s.refer("refer_again")
    s.sign_for()
    s.object_and_return(second=True)
    if stop != "jurisdiction":
        s.rule()


def _first_to_the_wrong_one(s: Story) -> None:
    right = s.organ_of(s.matter.organ)
    s.goes_to(s.matter.object.get("wrong") or ("gs-zhujian" if right != "gs-zhujian" else "gs-chengguan"))
    s.refer()
    s.sign_for()


def _accept(s: Story) -> None:
    if "accept_on" in s.plan:
        s.line.on(s.plan["accept_on"])
    elif s.wants("late_notice"):
        s.line.on(calendars.add_workdays(s.line.day + timedelta(days=15), 2))
    else:
        s.line.work(s.rng.randint(1, 6))
    if s.rng.random() < 0.5:
        s.line.take(s.head, "assign_handler", handler=_post(s.handler))
        s.line.work(0)
    s.line.take(s.handler, "accept", process=s.pool("processes"))


def _post(login: str) -> Ref:
    return Ref("post", login)


def _turns_while_open(s: Story) -> None:
    if s.wants("recuse"):
        s.line.work(1).take(s.handler, "declare_recusal", reasons="来信人是我的堂兄，应当回避。")
        others = [login for login in matters.logins(s.unit, "handler") if login != s.handler]
        new = others[0] if others else s.head
        s.line.work(1).take(s.head, "approve_recusal", handler=_post(new), reasons="同意回避，换人办理，已告知来信人。")
        s.handler = new
    if s.wants("material"):
        s.add_material(s.rng.randint(1, 4))
    if "urge_on" in s.plan:
        s.urge(max(0, (s.plan["urge_on"] - s.line.day).days), answered=False)
    elif s.wants("urge"):
        s.urge(s.rng.randint(4, 9), answered=s.plan["urge"] != "unanswered")
    if s.wants("undo"):
        s.withdraw(s.rng.randint(2, 5), undo_after=s.rng.randint(1, 5))
    if s.wants("withdraw"):
        days = s.plan["withdraw"]
        s.withdraw(s.rng.randint(1, 6) if days is True else days)


def _hear(s: Story) -> None:
    way = "attempts" if s.anonymous else s.rng.choice(("in_person", "in_person", "phone"))
    s.line.work(s.rng.randint(1, 4))
    statement = (
        "匿名提出，没有留下联系方式：已在查询页面留言请其补充，并按所写地点走访核实。"
        if s.anonymous
        else s.words.say(s.matter.hearing or "来信人陈述与来件一致，没有新的请求。")
    )
    s.line.take(s.handler, "hear", way=way, heard_on=s.line.day.isoformat(), statement=statement)


def _assist(s: Story) -> None:
    if s.wants("assist_missing"):
        return
    for code in s.assists:
        helpers = matters.logins(code, "handler")
        if helpers:
            s.line.work(1).take(
                helpers[0], "assist_report", words="已会同主办单位到现场，属于本单位的部分已经办好，情况和照片附后。"
            )


def _look(s: Story) -> None:
    s.site_visit(s.rng.randint(1, 3))
    s.line.work(s.rng.randint(1, 3)).take(
        s.handler,
        "investigate",
        way=s.pool("investigations"),
        findings=s.words.say(_outcome(s).get("facts") or "情况属实。"),
    )
    s.small_talk()


def _extend(s: Story) -> None:
    if not s.wants("extend"):
        return
    reasons = s.words.say(s.matter.extend) if s.matter.extend else s.pool("extensions")
    if "extend_on" in s.plan:
        s.line.on(s.plan["extend_on"])
    else:
        s.line.work(2)
    s.line.take(s.handler, "ask_extension", days=str(s.plan["extend"]), reasons=reasons)
    if s.plan.get("stop_extension") == "asked":
        return
    s.line.work(1)
    if s.plan.get("stop_extension") == "refused":
        s.line.take(s.head, "refuse_extension", reasons="材料已经齐备，请在原期限内办结。")
    else:
        s.line.take(s.head, "approve_extension", reasons=reasons)


def _outcome(s: Story) -> Mapping[str, str]:
    if not s.chosen:
        s.chosen = s.rng.choice(s.matter.outcomes)
    return s.chosen


def _draft(s: Story) -> bool:
    """Draft the decision; True when the demand is supported and must be carried out."""
    chosen = _outcome(s)
    kind = {"supported": "support", "explained": "explain", "not_supported": "not_support"}[chosen["as"]]
    say = s.words.say
    rows = [
        {
            "demand": say(s.matter.demand),
            "facts": say(chosen["facts"]),
            "reasons": say(chosen["reasons"]),
            "basis": chosen["basis"],
            "opinion": say(chosen["reply"]),
            "outcome": kind,
        }
    ]
    total = kind
    if kind == "support" and s.rng.random() < 0.2:
        rows.append({**{key: say(text) for key, text in pools()["partly"].items()}, "outcome": "explain"})
        total = "partly"
    supported = total in ("support", "partly")
    s.line.take(
        s.handler,
        "draft_decision",
        demands=rows,
        outcome=total,
        opinion=say(chosen["reply"]),
        remedy=say(chosen.get("done") or "按意见落实到位，完成后告诉来信人。") if supported else None,
        execution_days=s.plan.get("execution_days", s.rng.choice(("15", "30", "30", "60"))) if supported else None,
    )
    return supported


def _decide(s: Story, stop: int) -> None:
    if "draft_on" in s.plan:
        s.line.on(s.plan["draft_on"])
    else:
        s.line.work(s.rng.randint(3, 12))
    supported = _draft(s)
    if stop < STAGES.index("checked"):
        return
    if s.wants("sent_back"):
        s.line.work(0).take(s.head, "return_draft", reasons="事实部分请写清楚哪一天到过现场，再报。")
        s.line.work(1)
        supported = _draft(s)
    s.line.work(s.rng.choice((0, 1))).take(s.handler, "check_decision", remarks=s.pool("remarks_check"))
    if stop < STAGES.index("signed"):
        return
    s.line.work(s.rng.choice((0, 1))).take(s.head, "sign_decision", remarks=s.pool("remarks_sign"))
    if stop < STAGES.index("decided"):
        return
    s.line.work(0).take(s.handler, "seal_decision", scan=photo("盖章扫描件"))
    if stop < STAGES.index("served"):
        return
    _serve(s)
    if s.wants("correct"):
        s.line.work(2).take(s.head, "correct_decision", what="第二段日期写错一天。", correction="“10日”更正为“11日”。")
        s.line.work(0).take(s.handler, "seal_decision", scan=photo("盖章扫描件"))
        _serve(s)
    if s.wants("recall"):
        s.line.work(3).take(s.head, "recall_decision", reasons="发现漏查一处事实，撤回重新办理。")
        s.line.work(2)
        supported = _draft(s)
        s.line.work(0).take(s.handler, "check_decision", remarks=s.pool("remarks_check"))
        s.line.work(1).take(s.head, "sign_decision", remarks=s.pool("remarks_sign"))
        s.line.work(0).take(s.handler, "seal_decision", scan=photo("盖章扫描件"))
        _serve(s)
    _after(s, stop, supported=supported)


def _serve(s: Story) -> None:
    s.line.work(s.rng.choice((0, 1)))
    in_person = s.channel == "window" or s.rng.random() < 0.15
    s.line.take(
        s.handler,
        "serve",
        method="in_person" if in_person else "electronic",
        served_on=s.line.day.isoformat(),
        receiver="本人" if in_person else None,
        proof=photo("送达回证") if in_person else None,
    )


def _after(s: Story, stop: int, *, supported: bool) -> None:
    served: date = s.line.day
    rates = s.plan.get("rate")
    if stop == STAGES.index("served"):
        if supported and s.rng.random() < 0.5:
            s.line.work(3).take(s.handler, "report_execution", words=s.pool("progress"))
        if rates:
            s.line.home(2)
            s.rate()
        return
    if supported:
        s.line.work(s.rng.randint(3, 8)).take(
            s.handler,
            "execute",
            result=s.words.say(_outcome(s).get("done") or "已按意见落实，来信人在现场确认。"),
            evidence=photo("落实照片"),
        )
    content = True
    if rates:
        s.line.home(s.rng.randint(1, 3))
        before = len(s.line.steps)
        s.rate()
        content = any(step.step == "rate_unit" and step.inputs["score"] != "not" for step in s.line.steps[before:])
    if stop < STAGES.index("closed"):
        return
    if not (rates and content):
        s.line.on(terms.term("review.apply", served).due + timedelta(days=1))
    s.close(s.head if s.rng.random() < 0.5 else s.officer, 1)
