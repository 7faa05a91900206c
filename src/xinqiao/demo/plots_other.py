"""How inquiries, suggestions, sealed reports and matters for another road run in the demonstration."""

from datetime import timedelta

from xinqiao.demo import matters
from xinqiao.demo.plots_redress import objections
from xinqiao.demo.scripts import PETITIONER, Ref
from xinqiao.demo.story import Story, organ
from xinqiao.law import terms

PATHS = {
    "litigation": ("litigation", "人民法院或者检察机关", "《信访工作条例》第三十一条第一项"),
    "police": ("litigation", "公安机关", "《信访工作条例》第三十一条第一项"),
    "arbitration": ("arbitration", "仲裁机构", "《信访工作条例》第三十一条第二项"),
    "reconsideration": ("administrative", "行政复议机构", "《信访工作条例》第三十一条第四项"),
    "mediation": ("administrative", "人民调解委员会", "《人民调解法》"),
    "duty": ("duty", "负有职责的行政机关", "《信访工作条例》第三十一条第五项"),
}
ADOPTION = {"adopted": "adopt", "partly": "partly", "not": "not"}


def inquiry(s: Story) -> None:
    """Asked; answered at once, or sent to somebody who looks and answers within days."""
    stop = s.plan["stop"]
    reply = s.words.say(s.matter.reply)
    if stop == "spot":
        s.line.minutes(2, 9).take(
            s.clerk if s.channel in ("hotline", "window") else s.officer, "answer_on_spot", reply=reply
        )
        if s.wants("rate"):
            s.line.home(s.rng.randint(0, 2))
            s.rate(s.rng.choice((3, 3, 2)), 3)
        return
    if stop == "registered":
        return
    s.classify(0)
    if stop == "sorted":
        return
    who = s.clerk if s.channel in ("hotline", "window") else s.officer
    if s.wants("send_back"):
        wrong = "gs-zhujian" if s.unit != "gs-zhujian" else "gs-chengguan"
        s.line.minutes(3, 15).take(who, "dispatch", lead=organ(wrong), task=s.pool("tasks"))
        s.line.work(0).take(matters.logins(wrong, "handler")[0], "send_back", reasons=s.pool("send_backs"))
        if stop == "sent_back":
            return
        s.line.work(0)
    else:
        s.line.minutes(3, 25)
    s.line.take(who, "dispatch", lead=organ(s.unit), handler=Ref("post", s.handler), task=s.pool("tasks"))
    if stop == "dispatched":
        if s.wants("formal"):
            s.line.home(1).take(PETITIONER, "ask_formal", reasons=s.pool("formals"))
        return
    s.line.work(0).take(s.handler, "sign_for")
    if stop == "at_unit":
        if s.wants("urge"):
            s.urge(2, answered=False)
        return
    if not s.matter.spot:
        s.site_visit(0)
    s.line.work(s.rng.choice((0, 1, 2))).take(s.handler, "answer", reply=reply, way=s.rng.choice(("phone", "message")))
    if stop == "answered":
        return
    s.line.work(s.rng.choice((0, 1)))
    if s.wants("redo"):
        s.line.take(who, "return_visit", resolved="no", words=s.pool("redos"))
        s.line.work(0).take(who, "redo", reasons=s.pool("redos"))
        if stop == "redone":
            return
        s.line.work(1).take(s.handler, "answer", reply="再次到场处理完毕，请您查看。", way="in_person")
        s.line.work(1)
    s.line.take(who, "return_visit", resolved="yes", words=s.pool("returns"))
    if s.wants("rate"):
        s.line.home(0)
        s.rate(3, 3)
    s.close(who)


def suggestion(s: Story) -> None:
    """Somebody proposes; somebody studies it and says what comes of it, and why not all."""
    stages = ("registered", "sorted", "referred", "at_unit", "studying", "drafted", "replied", "served", "closed")
    if s.plan["stop"] in ("objected", "returned", "jurisdiction"):
        return objections(s)
    stop = stages.index(s.plan["stop"])
    if stop < 1:
        return None
    s.classify()
    if stop < 2:
        return None
    s.refer()
    if stop < 3:
        return None
    s.sign_for()
    if stop < 4:
        return None
    s.line.work(s.rng.randint(1, 5)).take(
        s.handler, "study", process="我们会到实地看一看，请业务科室和有关专家一起论证。"
    )
    if s.wants("material"):
        s.add_material(3)
    if stop < 5:
        return None
    s.site_visit(s.rng.randint(2, 8))
    chosen = s.rng.choice(s.matter.outcomes)
    outcome = ADOPTION[chosen["as"]]
    reply = s.words.say(chosen["reply"])
    s.line.work(s.rng.randint(3, 10)).take(
        s.handler,
        "draft_reply",
        outcome=outcome,
        reply=reply,
        reasons=reply if outcome != "adopt" else None,
        measures="列入本单位工作计划，专人负责，完成后告诉您。" if outcome != "not" else None,
    )
    if stop < 6:
        return None
    s.line.work(1).take(s.head, "sign_reply")
    if stop < 7:
        return None
    s.line.work(0)
    s.line.take(s.handler, "serve", method="electronic", served_on=s.line.day.isoformat())
    if s.wants("rate"):
        s.line.home(2)
        s.rate()
    if stop < 8:
        return None
    s.close(s.officer, 2)
    return None


def report(s: Story) -> None:
    """Sealed from the first moment, handed to the one who may read it, and answered by them alone."""
    stages = ("received", "sorted", "transferred", "feedback", "closed")
    stop = stages.index(s.plan["stop"])
    if stop < 1:
        return
    s.line.work(s.rng.choice((0, 1)))
    s.line.take(
        s.confidential, "classify", route="report", content_code=s.matter.content, area_code=s.place.code,
        reasons="涉及检举控告，按规定密封。",
    )  # fmt: skip
    if stop < 2:
        return
    receiver = matters.logins(matters.DISCIPLINE, "discipline")[0]
    s.line.work(s.rng.choice((0, 1, 2))).take(
        s.confidential,
        "hand_over_report",
        lead=organ(matters.DISCIPLINE),
        reasons=s.words.say(s.matter.handover),
    )
    if s.wants("material"):
        s.add_material(2)
    if stop < 3:
        return
    s.line.work(s.rng.randint(15, 25)).take(receiver, "record_feedback", feedback=s.words.say(s.matter.feedback))
    if stop < 4:
        return
    s.close(s.confidential, 1)


def guidance(s: Story) -> None:
    """The law names another road: the citizen is told which, where, how and until when."""
    stages = ("registered", "sorted", "informed", "closed")
    stop = stages.index(s.plan["stop"])
    if stop < 1:
        return
    s.classify(route="guidance")
    if stop < 2:
        return
    path, body, basis = PATHS[s.matter.route]
    s.line.work(s.rng.choice((1, 2, 3))).take(
        s.officer, "inform", path=path, body=body, how=s.words.say(s.matter.reply), basis=basis,
        until="期限从您知道或者收到有关决定之日起算，实际可能更早，请尽快提出。告知不等于您已申请。",
    )  # fmt: skip
    if s.wants("rate"):
        s.line.home(1)
        s.rate(s.rng.choice((3, 2)), s.rng.choice((3, 2)))
    if stop < 3:
        return
    if not s.wants("rate"):
        s.line.on(terms.term("evaluation", s.line.day).due + timedelta(days=1))
    s.close(s.officer, 1)


def unclear(s: Story) -> None:
    """Not yet clear what is meant: somebody asks, or thanks, or listens."""
    stop = s.plan["stop"]
    who = s.clerk if s.channel in ("hotline", "window") else s.officer
    if not s.anonymous:
        s.line.work(0).take(
            who, "contact", way="phone", words="打电话请来信人把事情、单位和希望说清楚，一项一项记下来。"
        )
    if stop == "registered":
        s.line.work(0).take(s.officer, "note", text="内容还不清楚，正在联系来信人。")
        return
    s.line.work(1 if s.channel in ("letter", "portal") else 0).take(
        who, "answer_on_spot", reply=s.words.say(s.matter.reply)
    )
