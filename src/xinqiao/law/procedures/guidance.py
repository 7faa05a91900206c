"""Matters for which the law names another road (Art. 31(1)-(5)): the citizen is told where, how and until when. No refusal."""

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, Opens, Procedure, State, field_, tell
from xinqiao.law.procedures.closing import ANSWER_MADE, close, lapse, rating
from xinqiao.law.procedures.records import records
from xinqiao.law.procedures.sorting import reclassify
from xinqiao.law.types import Choice, DocMove, Station

# fmt: off
STATES = (
    State("sorted", N_("已登记，待告知途径"), "office", N_("这件事法律规定了别的办法，信访部门正在写明路径。"),
          (("refer", N_("这件事法律规定了别的办法，最晚{due}书面告诉您找谁、怎么办、什么时候以前办。")),
           ("refer_again", N_("信访部门最晚{due}告诉您这件事怎么办。")))),
    State("informed", N_("已告知途径"), "petitioner", N_("途径已经告诉您。告知不等于您已申请，请您本人在期限内向有权机关提出。")),
    State("closed", N_("已办结"), "", N_("途径已经告诉您。那边不受理的，随时可以再来找我们。"), end=True),
)
# fmt: on
OPEN = tuple(s.key for s in STATES if not s.end)
PATHS = (
    Choice("litigation", N_("诉讼、检察监督、公安程序")),
    Choice("arbitration", N_("仲裁")),
    Choice("party", N_("党员申诉、申请复审")),
    Choice("administrative", N_("行政复议、裁决、确认、许可、处罚")),
    Choice("duty", N_("查处违法、履行保护职责")),
)

# fmt: off
EDGES = (
    Edge(
        "inform", ("sorted",), "informed", ("officer",), N_("告知途径"),
        ("xinfang-2022:23(2)", "xinfang-2022:31(1)", "xinfang-2022:31(2)", "xinfang-2022:31(3)", "xinfang-2022:31(4)", "xinfang-2022:31(5)"),
        N_("写明找谁、怎么办、期限从哪天推算；起点不清楚的不写日期"),
        needs=(field_("path", N_("哪条途径"), "choice", choices=PATHS), field_("body", N_("找哪个机关"), "text"),
               field_("how", N_("怎么办理，带什么材料，地址电话"), "long"), field_("basis", N_("法律依据"), "text"),
               field_("known_on", N_("来信人说哪天知道此事"), "date", required=False, help=N_("不清楚就空着，不写期限")),
               field_("until", N_("提出的期限"), "long", required=False, help=N_("写明从哪天推算，并提醒实际可能更早"))),
        settles=("refer", "refer_again"), dates=("answered", "served"), documents=(DocMove("path_notice", "sealed", fresh=True),),
        opens=(Opens("evaluation", "petitioner", "evaluation", "served", N_("可以评价"), "window"),),
        notices=tell("guided", "petitioner"), weight="primary", done=N_("已告知办理途径"), **ANSWER_MADE,
    ),
    *rating("informed"),
    lapse("evaluation", "lapse_evaluation", "served", "local:evaluation", N_("评价期已过"), "informed"),
    close(("informed",), (), "informed", "xinfang-2022:31"),
    reclassify("sorted", "informed"),
    *records(OPEN, ("informed",)),
)

# fmt: on
PROCEDURE = Procedure(
    "guidance",
    N_("告知法定途径"),
    STATES,
    (
        Station("received", N_("收到"), ("sorted",)),
        Station("answered", N_("告知途径"), ("informed",)),
        Station("closed", N_("办结"), ("closed",)),
    ),
    EDGES,
    "sorted",
)
