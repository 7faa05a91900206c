"""Short guided tours as data: where to look, and one sentence about it. Faces show them; nothing here knows a template.

`page` is the name of a URL, `anchor` a CSS selector on it ('' is the page as a whole). A face leaves out a stop whose anchor is not there.
"""

from dataclasses import dataclass

from xinqiao.kernel.words import N_


@dataclass(frozen=True)
class Stop:
    page: str
    anchor: str
    words: str  # gettext id


@dataclass(frozen=True)
class Tour:
    key: str
    title: str  # gettext id
    login: str  # a sign-in of the demonstration; '' for a citizen
    stops: tuple[Stop, ...]


TOURS = (
    Tour(
        "citizen",
        N_("我是市民：说一件事，看它怎么办"),
        "",
        (
            Stop("portal:front", "#front-text", N_("不用选部门，不用选类别：在这里用自己的话说。")),
            Stop("portal:say", "[name=text]", N_("写到一半断了网也不要紧，草稿会留着。")),
            Stop("portal:say", "[name=area]", N_("地方可以从列表里选，也可以自己写。")),
            Stop(
                "portal:say",
                "[name=about_official]",
                N_("可以不留姓名；反映工作人员的问题，勾一下就会密封，只有指定的人看得到。"),
            ),
            Stop(
                "portal:receipt",
                "#receipt-code",
                N_("发出去以后就是回执：编号和查询码只在这里出现一次，请拍照或者保存。"),
            ),
            Stop("portal:track", "", N_("凭编号和查询码，随时看谁在办、下一步是什么、最晚哪一天。")),
            Stop("portal:matter", ".xq-line", N_("这条线就是事情的路程；点“为什么是这一天”，每个日期都能说明自己。")),
            Stop(
                "portal:matter", "#acts", N_("补充、催一下、评价都由您自己来做，没有人能替您；答复作出以前还可以撤回。")
            ),
            Stop("portal:knowledge", "", N_("先看看别人怎么办，也许马上就有答案。")),
        ),
    ),
    Tour(
        "officer",
        N_("我是信访局工作人员：分清来件，转对单位"),
        "xinfang",
        (
            Stop(
                "desk:worklist",
                "#xq-rows",
                N_("所有来件在一张表里，按最近的期限排；j、k 上下，回车打开，? 看全部按键。"),
            ),
            Stop(
                "desk:worklist",
                "#xq-views",
                N_("旁边是存好的视图，下面数着超期、今天到期和临近的件数，点一下就只看那些。"),
            ),
            Stop("desk:worklist", "#xq-rows", N_("琥珀色是用掉三分之二期限，红色是过了期限，旁边都有字。")),
            Stop("desk:case", "#now", N_("中间永远是“现在可以做什么”：按钮来自程序，点开就能填，发出去的话先给您看。")),
            Stop(
                "desk:case",
                "#xq-options",
                N_("先点“分类”；分好了再点“转送”，职权表会推荐主办和协办单位，并说明理由；由您决定。"),
            ),
            Stop("desk:case", "#xq-timeline", N_("每一步都在案卷里，谁、什么时候、依据哪一条，只能增加，不能改。")),
            Stop("desk:case", "#xq-dates", N_("右边是期限和理由，文书在下面，一份内容两种格式。")),
        ),
    ),
    Tour(
        "handler",
        N_("我是承办人：受理、办理、答复"),
        "chengguan",
        (
            Stop("desk:worklist", "#xq-rows", N_("这里只有本单位主办和协办的件，最急的排在最前面。")),
            Stop("desk:case", "#now", N_("签收以后十五天内告知受理；不归本单位的，五个工作日内说明理由退回。")),
            Stop("desk:case", "#who", N_("姓名电话默认遮住；确实要看，写明理由，来信人会看到您看过。")),
            Stop("desk:case", "#now", N_("先听来信人说，再到现场看：没有这两条记录，处理意见书不能签发。")),
            Stop(
                "desk:case",
                "#xq-papers",
                N_("意见书逐项写事实、理由、依据和意见，核稿、签发、用印、送达，一步一步走。"),
            ),
            Stop("desk:case", "#xq-dates", N_("送达以后期限才算完成；支持的请求，还要附上落实的证据。")),
        ),
    ),
)


def tour(key: str) -> Tour:
    """The tour called `key`. Raises KeyError."""
    return {one.key: one for one in TOURS}[key]
