"""Nobody is found by name: names leave the word index and questions, and ordinary words that look like names stay."""

import argparse
from contextlib import nullcontext
from itertools import chain
from uuid import UUID

import pytest
from tests.support.world import World

from xinqiao.cases import finding, jobs, lexemes, names
from xinqiao.cases.models import Case, SearchRow
from xinqiao.cli import search as command
from xinqiao.cli import support
from xinqiao.people import access

PLACES = ("邻居{}半夜唱歌", "{}家楼上漏水", "请处理{}的违建", "{}，住三楼", "我找{}反映过")

HAN = (
    "王启怀 李建国 张秀英 刘志强 陈晓燕 杨丽华 赵永福 黄文涛 周国平 吴海燕 徐志明 孙玉兰 朱德才 胡晓东 郭建军 何志远 林秀珍 罗玉梅 郑国庆 梁志华 谢晓红 宋建平 唐秀芳 许文强 韩志刚",
    "冯晓明 邓小红 曹玉珍 彭德胜 曾志伟 肖建华 田秀兰 董志强 潘晓敏 袁志勇 蔡文静 蒋建华 余晓丽 于海波 杜晓峰 叶志明 程晓东 魏志强 苏晓梅 吕志刚 丁晓红 任志强 卢志远 姚晓燕 沈国华",
    "钟志明 姜晓东 崔志强 谭晓梅 陆志刚 范晓燕 汪志强 廖晓红 石志刚 金晓明 韦小军 贾志强 夏晓梅 付晓明 方志敏 温佳慧 欧阳修 邹晓燕 熊志强 白志红 孟晓东 秦志刚 邱晓红 侯志强 江晓燕 尹志明 薛晓梅",
    "闫志强 雷晓东 龙志刚 史晓红 陶志强 贺晓燕 顾志明 毛晓梅 郝志强 龚晓东 邵志刚 万晓红 钱志强 覃晓燕 武志明 戴晓梅 孔志强 汤晓东 庞志刚 樊晓红 兰志强 殷晓燕 施志明 洪晓梅 翟志强",
    "安志远 颜晓东 倪志刚 严晓红 牛志强 温晓燕 芦晓明 季志明 俞国强 章雨晴 鲁志强 葛兰花 伍志刚 申晓红 尤志强 毕晓燕 聂志明 柴晓梅 焦志强 向志刚 柳晓红 邢志强 岳晓燕 齐志明 梅晓东",
    "庄志强 辛晓红 管志刚 祝志强 左晓燕 涂志明 谷晓梅 祁志强 耿晓东 牟志刚 卜晓红 路志强 詹晓燕 关晓明 苗晓梅 凌晓国 费晓东 纪志刚 靳晓红 盛志强 童晓燕 欧志明 甄晓梅 项志强 曲晓东",
    "成志刚 游晓红 裴志强 席晓燕 卫晓明 查晓梅 屈志强 鲍晓东 欧晓红 霍志强 翁晓燕 隋志明 党晓明 甘晓东 景志刚 薄志红 单志强 包晓燕 司志明 柏晓梅 宁志强 柯晓东 阮志刚 桂晓红 闵志强",
    "仇和平 褚志强 禹世民 卞晓东 池志刚 佟晓红 刁志强 宗晓燕 郁志明 冀晓梅 滕建波 蒲志强 麦晓东 荆志刚 穆晓红 莫志强 娄晓燕 阎志明 房晓梅 解志强 应晓红 强志明 俞丽 韦敏",
)
COMPOUND = (
    "欧阳建国 欧阳雪梅 司马光明 上官婉云 诸葛志强 皇甫晓东 尉迟敬德 令狐志刚 慕容晓燕 夏侯志明 东方朔 司徒美堂 公孙志强 轩辕晓东 端木志刚 鲜于建国 独孤志强 呼延晓东 申屠志刚 宇文晓红",
)
OTHERS = (
    "买买提 阿不都热合曼 阿卜杜拉 阿依古丽 古丽娜尔 努尔古丽 艾尼瓦尔 麦合木提 玉素甫 吐尔逊 热依扎 库尔班江 买买提·艾力 阿不都热合曼·买买提 帕尔哈提·吐尔逊",
    "扎西顿珠 才让卓玛 次仁旺堆 洛桑 格桑 卓玛 乌云其其格 巴特尔 哈斯巴根",
)
WORDS = (
    "安全 温度 白天 路灯 施工 于是 高空 江水 水管 车位 马路 黄金 金额 方便 石头 林木 花园 牛奶 何时 时间 常常 任何 包装 计划 连续 管理 华灯 高峰 文明 阳光 公正 惠民 许可 陈述 顾客 周围 卫生 马上",
    "项目 张贴 程序 焦虑 王朝 孙子 明白 智慧 权威 胡同 师傅 和平 荣誉 段落 雷雨 童年 夏天 季节 舒适 辛苦 陆续 钱款 谈话 习惯 房产 居民 物业 电梯 噪音 垃圾 停水 漏水 油烟 广场舞 高空抛物 施工图 许可证",
    "安全感 红绿灯 花岗岩 通知书 养老院 养老金 方便面 白云山 高新区 石家庄 金华 余杭 萧山 温州 小河街道 古墩路 莫干山路 杭行路 金昌路 文一西路 天水 运河 严重 公安 平安 安装 单位 全部 包括 费用 收费 车辆 水费 水泥",
    "池塘 石油 花坛 高温 高考 黄河 华东 农民 国家 商店 宗教 宿舍 富裕 席位 常年 应该 庄稼 广场 强行 怀疑 慎重 成本 支付 文件 景区 曲线 木材 柏油 树木 桂花 楼道 楼栋 武警 毕业 毛病 沙发 洪水 游泳",
    "满意 滑坡 爱心 牛羊 田地 皮肤 盖章 盛大 祖国 祝福 童装 简易 管道 米饭 索赔 红包 纪念 经常 羊肉 花草 苗木 英语 蒙骗 蓝天 解决 计算 贝壳 贡献 路口 边界 邮局 都市 金融 铁路 门口 阴雨 青年 顺利 风险",
    "高铁 鱼塘 麦田 麻烦 齐全 龙头 国土登记 人群 牡丹 刚才 兰花 白桦 燕子 涂抹 文科生 安全法 陈旧 杜绝 程度 付款 钟点",
)


@pytest.mark.parametrize("name", [name for line in chain(HAN, COMPOUND, OTHERS) for name in line.split()])
def test_a_name_is_neither_kept_nor_asked_for(name: str) -> None:
    assert lexemes.terms_of(name) == []
    parts = {part for part in name.split("·") if len(part) > 1}
    for place in PLACES:
        found = lexemes.lexemes_of([place.format(name)])
        kept = {word for word in found if any(word in part for part in parts)}
        assert not {word for word in kept if word in parts or word[0] == name[0]}, place


@pytest.mark.parametrize("word", [word for line in WORDS for word in line.split()])
def test_an_ordinary_word_stays_findable(word: str) -> None:
    asked = lexemes.terms_of(word)
    assert asked
    for place in ("{}", "最近{}的事情一直没有人管。", "我们反映的是{}，请尽快处理"):
        assert set(asked) <= lexemes.lexemes_of([place.format(word)]), place


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("张自忠路的路灯坏了", {"路灯"}, {"坏了张"}),
        ("住在王家湾村", {"王家", "家湾"}, set()),
        ("俞国强路上打人", set(), {"俞国强", "国强"}),
        ("一张光盘，三段录像", {"光盘", "录像"}, set()),
        ("工程师傅来过，项目经理没来", {"工程", "项目", "经理"}, set()),
        ("于主任、安书记和施工队长", {"主任", "书记", "施工", "队长"}, set()),
        ("我叫葛兰花，联系人：许文", {"联系"}, {"兰花", "许文"}),
        ("三十余人上访", {"上访"}, set()),
        ("老王江和周大山来过", set(), {"王江", "周大山"}),
        ("我找俞国红借钱", {"借钱"}, {"国红", "俞国"}),
    ],
)
def test_what_stands_around_a_name_stays(text: str, kept: set[str], gone: set[str]) -> None:
    found = lexemes.lexemes_of([text])
    assert kept <= found
    assert not gone & found


def test_every_surname_is_in_one_list_only() -> None:
    assert len(names.FIRM | names.COMMON | names.ODD) >= 450
    assert not names.FIRM & names.COMMON
    assert not (names.FIRM | names.COMMON) & names.ODD
    assert not names.COMPOUND & names.DOUBTFUL


def test_rows_written_by_older_rules_are_written_anew_batch_by_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [world.receive().case for _ in range(3)]
    monkeypatch.setattr(finding, "RULES", "1")
    with access.acting(jobs.FINDER):
        finding.index(case.id for case in cases)
        SearchRow.objects.update(words="'俞国强'")
    monkeypatch.undo()
    written, rounds = 0, 0
    after: UUID | None = finding.FROM_THE_FIRST
    while after is not None:
        with access.acting(jobs.FINDER):
            count, after = finding.rebuild(after, limit=2)
        written, rounds = written + count, rounds + 1
    assert (written, rounds) == (3, 2)
    with access.acting(jobs.FINDER):
        assert not SearchRow.objects.extra(where=["words @@ '俞国强'::tsquery"]).exists()
        assert finding.rebuild(finding.FROM_THE_FIRST) == (0, None)
        assert Case.objects.count() == SearchRow.objects.count()


def test_the_command_says_how_many_rows_it_wrote(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.receive()
    monkeypatch.setattr(support, "database", lambda role: nullcontext())
    told: list[dict[str, int]] = []
    monkeypatch.setattr(support, "tell", lambda arguments, data, *lines: told.append(data))
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    asked = parser.parse_args(["search", "rebuild"])
    for _ in range(2):
        asked.run(asked)
    assert told == [{"written": 1}, {"written": 0}]
