"""Receiving and sorting: nothing is ever rejected; everything is registered and finds its route (Arts. 19-23, 31)."""

from dataclasses import replace

from xinqiao.kernel.words import N_
from xinqiao.law.engine import OFFICE, Edge, Opens, Procedure, State, field_, tell
from xinqiao.law.procedures.records import records
from xinqiao.law.procedures.sorting import ROUTES, SORTING, seals_reports
from xinqiao.law.types import DocMove, Station

# fmt: off
STATES = (
    State("received", N_("已收到"), "office", N_("您的来件已收到，工作人员正在看。"),
          (("register", N_("您的来件已收到，最晚{due}登记。")),)),
    State("registered", N_("已登记"), "office", N_("您的来件已登记，正在看应该由谁来办。"),
          (("refer", N_("您的来件已登记，最晚{due}转给有权处理的单位，并告诉您去向。")),)),
    State("closed", N_("已结束"), "", N_("这件事已经结束。"), end=True),
)
# fmt: on

ANSWER = Edge(
    "answer_on_spot",
    ("received", "registered"),
    "",
    OFFICE,
    N_("当场答复"),
    ("xinfang-2022:23(2)", "xinfang-2022:31"),
    N_("说得清的事当场说清，说完就结束；不满意可以再提"),
    needs=(field_("reply", N_("答复内容"), "long"), field_("knowledge", N_("依据的知识条目"), "text", required=False)),
    settles=("register", "refer"),
    turn="",
    routes={},
    documents=(DocMove("on_the_spot_reply", "sealed"),),
    dates=("registered", "answered", "served"),
    notices=tell("answered", "petitioner"),
    lifts=("withdraw.undo",),
    clears=("withdrawing",),
    closes="answered_on_spot",
    also=("inquiry:closed",),
    effect=lambda facts, inputs, actor, at, decision: replace(decision, procedure="inquiry", state="closed"),
    weight="plain",
    done=N_("当场答复"),
)

# fmt: off
EDGES = (
    Edge(
        "receive", ("",), "received", ("petitioner", *OFFICE, "system"), N_("收到来件"), ("xinfang-2022:17(1)", "xinfang-2022:22"),
        opens=(
            Opens("register", "office", "register", "received", N_("登记")),
            Opens("refer", "office", "referral", "received", N_("转送有权处理的单位")),
        ),
        notices=tell("received", "petitioner"), done=N_("收到您的来件"), staff=N_("收到来件"),
    ),
    Edge(
        "register", ("received",), "registered", (*OFFICE, "system"), N_("登记"), ("xinfang-2022:21(2)", "xinfang-2022:22"),
        N_("登记后给来信人编号、查询码和回执"), settles=("register",), dates=("registered",),
        documents=(DocMove("receipt", "sealed"),), weight="primary", done=N_("已登记"),
    ),
    ANSWER,
    Edge(
        "classify", ("received", "registered"), "", ("officer", "intake"), N_("分类"), ("xinfang-2022:22", "xinfang-2022:31"),
        N_("一件事一条路；分错了，转送以前都可以改"), needs=SORTING, settles=("register",), dates=("sorted",),
        assigns=("title", "content_code", "area_code"), turn="route", routes=ROUTES, effect=seals_reports,
        weight="primary", done=N_("已分清由哪条路办理"),
    ),
    *records(("received", "registered")),
)

# fmt: on
PROCEDURE = Procedure(
    "intake",
    N_("登记分类"),
    STATES,
    (
        Station("received", N_("收到"), ("received", "registered")),
        Station("passed", N_("转送"), ()),
        Station("answered", N_("答复"), ("closed",)),
    ),
    EDGES,
    "received",
)
