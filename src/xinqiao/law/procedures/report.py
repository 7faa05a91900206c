"""Reports and accusations: sealed from the first moment, handed over to the organ with authority, never shown to those reported."""

from dataclasses import replace

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, Procedure, State, field_, tell
from xinqiao.law.procedures.closing import close
from xinqiao.law.procedures.records import records
from xinqiao.law.procedures.sorting import reclassify
from xinqiao.law.types import DocMove, Station

# fmt: off
STATES = (
    State("sorted", N_("已密封，待移送"), "office", N_("您反映的情况已密封保管，正在移送有权机关。"),
          (("refer", N_("您反映的情况已密封保管，最晚{due}移送有权机关。")), ("refer_again", N_("您反映的情况已密封保管，最晚{due}移送有权机关。")))),
    State("transferred", N_("已移送"), "discipline", N_("您反映的情况已移送有权机关，由他们按规定办理并反馈。")),
    State("feedback", N_("已收到反馈"), "office", N_("有权机关已经反馈，信访部门正在告诉您。")),
    State("closed", N_("已办结"), "", N_("这件事的移送已经办结；后续由有权机关直接与您联系。"), end=True),
)
# fmt: on
OPEN = tuple(s.key for s in STATES if not s.end)
NEVER = {"withdraw", "undo_withdraw", "finalise_withdrawal", "relay"}  # a report does not end by being taken back


# fmt: off
EDGES = (
    Edge(
        "hand_over_report", ("sorted",), "transferred", ("officer",), N_("密封移送"), ("xinfang-2022:22(2)", "xinfang-2022:30(1)", "xinfang-2022:30(3)"),
        N_("按管理权限移送；反映本机关负责人的，直接送上级"),
        needs=(field_("lead", N_("移送给哪个机关"), "organ"), field_("reasons", N_("按什么权限移送"), "long"),
               field_("summary", N_("简要情况"), "long", required=False, help=N_("写进移送函，不写举报人是谁"))),
        settles=("refer", "refer_again"), dates=("referred",), documents=(DocMove("transfer_letter", "sealed", fresh=True),),
        assigns=("lead",), notices=(*tell("progress", "discipline"), *tell("progress", "petitioner")), weight="primary",
        done=N_("已移送有权机关"),
    ),
    Edge(
        "record_feedback", ("transferred",), "feedback", ("discipline", "officer"), N_("记录反馈"), ("xinfang-2022:30(1)",),
        needs=(field_("feedback", N_("反馈内容"), "long"), field_("files", N_("材料"), "files", required=False)),
        dates=("answered",), notices=tell("progress", "petitioner"), weight="primary", done=N_("有权机关已反馈"),
    ),
    replace(
        close(("feedback",), (), "transferred", "xinfang-2022:30(1)", by=("officer", "discipline")),
        notices=tell("progress", "petitioner"),
    ),
    reclassify("sorted"),
    *(edge for edge in records(OPEN) if edge.step not in NEVER),
)

# fmt: on
PROCEDURE = Procedure(
    "report",
    N_("检举控告（密封）"),
    STATES,
    (
        Station("received", N_("收到"), ("sorted",)),
        Station("passed", N_("移送"), ("transferred",)),
        Station("answered", N_("反馈"), ("feedback",)),
        Station("closed", N_("办结"), ("closed",)),
    ),
    EDGES,
    "sorted",
)
