"""Invented data for the style guide: long names, late dates, empty lists, wrong fields."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict

from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.law.types import Choice, Input, Option, Station, TraceLine
from xinqiao.people import clock
from xinqiao.ui.forms import DEMAND_PARTS, PREFIX, StepForm

LONG_NAME = (
    "某某区住房和城乡建设局建筑行业管理与历史遗留问题协调处置工作专班办公室"
    + "（城北片区）老旧小区综合改造提升工程群众联络组"
)


@dataclass(frozen=True)
class Duty:
    """An obligation as the chips see it."""

    due: date
    near: date
    state: str = "open"


NOTHING = {"id": "", "text": "", "mood": "", "papers": (), "cites": ()}  # of an entry
STATIONS = (
    Station("received", "收到", ("received",)),
    Station("passed", "转出", ("referred",)),
    Station("accepted", "受理", ("accepted",)),
    Station("in-hand", "办理中", ("investigating",)),
    Station("answered", "答复", ("decided", "served")),
    Station("rated", "评价", ("rated", "closed")),
)

OPTION = Option(
    step="decide",
    label="作出处理意见",
    hint="写好后由负责人核对签发。当事人会收到书面处理意见书和申请复查的期限。",
    inputs=(
        Input("title", "标题", "text", required=True, max_length=60),
        Input("note", "内部说明", "long", help="只有经办单位看得到。"),
        Input(
            "result",
            "总的结论",
            "choice",
            required=True,
            choices=(Choice("yes", "支持"), Choice("part", "部分支持"), Choice("no", "不支持")),
        ),
        Input(
            "ways",
            "联系方式",
            "many",
            choices=(Choice("phone", "电话"), Choice("visit", "上门"), Choice("letter", "书信")),
        ),
        Input("lead", "主办单位", "organ", required=True, help="按职权表建议的单位排在前面。"),
        Input("assists", "协办单位", "organs"),
        Input("visited_on", "到现场的日子", "date"),
        Input("heard", "已当面听取来访人意见", "bool", required=True),
        Input("proof", "现场照片和材料", "files", help="照片会自动缩小，拍摄地点等信息会去掉。"),
        Input("demands", "逐项答复", "demands", required=True),
    ),
    cites=("信访工作条例 第三十一条", "信访工作条例 第三十二条"),
    weight="primary",
)

ORGANS = [(number, f"{name}局") for number, name in enumerate(("城市管理", "住房和城乡建设", "人力资源和社会保障", "教育", "卫生健康",
          "市场监督管理", "生态环境", "交通运输", "民政", "农业农村", "水利", "文化和旅游", "应急管理"), start=1)] + [(99, LONG_NAME)]  # fmt: skip


def form(data: Any = None, files: Any = None, *, wrong: bool = False) -> StepForm:
    """The sample step's form: empty, as sent, or (with `wrong`) sent with mistakes."""
    if wrong:
        data = QueryDict(mutable=True)
        data.update({"in-key": "sample", "in-note": "已与社区核实。", "in-visited_on": "2026-02-31"})
        data.update({f"{PREFIX}-demands-0-{part}": "修剪树枝" if part == "demand" else "" for part in DEMAND_PARTS})
        files = {}
    return StepForm(OPTION, {"organ": ORGANS}, data, files)


def guide(step: StepForm) -> dict[str, Any]:
    """The context of the style guide's pages around the form `step`."""
    today = day_of(clock.now())
    moment = datetime.combine(today, time(10, 5), SHANGHAI)
    duties = [
        Duty(today + timedelta(days=40), today + timedelta(days=20)),
        Duty(today + timedelta(days=2), today - timedelta(days=1)),
        Duty(today - timedelta(days=3), today - timedelta(days=20)),
        Duty(today, today, "met"),
        Duty(today, today, "lifted"),
    ]
    titles = (
        "小区门口的树叶发黄，像是树根被石板压住了",
        "老旧电梯三天两头停运，" + "老人上下楼很不方便，" * 4,
        LONG_NAME + "没有答复",
    )
    return {
        "form": step,
        "stations": STATIONS,
        "passed": {"received": today - timedelta(days=20), "passed": today - timedelta(days=12)},
        "duties": duties,
        "rows": [
            {"number": f"{4837_2910_5560 + at}", "title": titles[at % 3], "duty": duties[at % 3], "organ": (LONG_NAME if at == 2 else "区城市管理局")}
            for at in range(9)
        ],
        "long_name": LONG_NAME,
        "start": today - timedelta(days=40),
        "due": today + timedelta(days=20),
        "late": today - timedelta(days=3),
        "soon": today + timedelta(days=2),
        "lines": [
            TraceLine("收到日期，当天不算在内", today - timedelta(days=40), cite="民法典 第二百零一条"),
            TraceLine("从第二天起算 {days} 天", today - timedelta(days=39), {"days": "60"}, "信访工作条例 第三十四条"),
            TraceLine("最后一天是休息日，顺延到下一个工作日", today + timedelta(days=20), cite="民法典 第二百零三条"),
        ],
        "entries": [{**NOTHING, **entry} for entry in (
            {"title": "现场查看", "at": moment, "who": "区城市管理局 · 绿化科", "text": "到现场看过，树根四周被石板封死。\n当天下午撬开两块。", "kind": "visit"},
            {"title": "超过期限", "at": moment - timedelta(days=1), "who": LONG_NAME, "kind": "watch", "mood": "late"},
            {"title": "决定受理", "at": moment - timedelta(days=6), "who": "区城市管理局", "kind": "step",
             "papers": [{"url": "#", "label": "受理告知书（PDF）"}], "cites": ["信访工作条例 第二十三条"]},
        )],
    }  # fmt: skip
