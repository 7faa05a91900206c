"""Which column of a foreign table is which: guessed from the headings, shown, adjusted, kept under a name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput
from xinqiao.kernel.words import N_

from .cells import Row
from .reading import UNDER


@dataclass(frozen=True)
class Field:
    """Something that a row may say. `many`: several columns are put together."""

    name: str
    label: str
    help: str = ""
    many: bool = False
    known_as: tuple[str, ...] = ()


FIELDS = (
    Field("text", N_("反映的事情"), N_("原话；可以由几列合成"), True, (
        "诉求内容", "反映内容", "信访内容", "留言详情", "留言内容", "来电内容", "来信内容", "投诉内容", "问题描述", "事项内容", "主要内容",
        "工单内容", "诉求描述", "内容", "详情", "正文", "text", "content", "description", "body", "message", "details",
        "complaint type", "descriptor", "complaint", "request", "comments")),
    Field("title", N_("标题"), N_("没有就取第一句话"), False, (
        "标题", "主题", "留言主题", "诉求标题", "信访标题", "概况信息", "事项名称", "诉求概要", "title", "subject", "summary")),
    Field("number", N_("原系统编号"), N_("有它就按它认出重复的行"), False, (
        "编号", "留言编号", "信访编号", "信访件编号", "工单编号", "工单号", "受理编号", "登记编号", "流水号", "件号", "id", "number", "case id",
        "unique key", "service request id", "request id", "ticket id", "case number", "sr number")),
    Field("received", N_("收到时间"), N_("有它就算带历史的事项：期限照算，只审计"), False, (
        "收到时间", "来件时间", "登记时间", "留言时间", "信访日期", "信访时间", "受理时间", "来电时间", "来信日期", "创建时间", "反映时间",
        "提交时间", "诉求时间", "日期", "时间", "created date", "created at", "received", "received at", "requested datetime", "date", "opened",
        "open date", "created", "requested_datetime")),
    Field("answered", N_("答复时间"), "", False, (
        "答复时间", "答复日期", "回复时间", "回复日期", "反馈时间", "answered", "answered at", "reply date", "response date",
        "resolution action updated date")),
    Field("reply", N_("答复内容"), "", True, (
        "答复内容", "答复意见", "回复内容", "处理结果", "办理结果", "处理意见", "反馈内容", "办理情况", "reply", "answer", "response",
        "resolution description", "resolution", "status notes")),
    Field("closed", N_("办结时间"), "", False, (
        "办结时间", "办结日期", "结案时间", "办理完成时间", "closed date", "closed", "closed at", "completed date", "resolved at")),
    Field("status", N_("状态"), N_("写着已办结、却没有日期的行会退回"), False, (
        "状态", "办理状态", "办理情况状态", "工单状态", "status", "state")),
    Field("place", N_("地点"), N_("可以由几列合成"), True, (
        "地址", "地点", "问题地址", "事发地址", "问题发生地", "发生地点", "详细地址", "诉求地址", "address", "incident address", "location address",
        "place", "address string")),
    Field("area", N_("属地"), N_("区划代码或者名称"), False, (
        "属地", "区划代码", "行政区划", "所属街道", "街道", "镇街", "所属区域", "问题属地", "所属社区", "area", "area code")),
    Field("wish", N_("希望怎样解决"), "", False, ("诉求目的", "信访目的", "希望", "诉求", "wish")),
    Field("name", N_("姓名"), N_("没有姓名的行按不留姓名登记"), False, (
        "姓名", "信访人", "来电人", "联系人", "诉求人", "投诉人", "信访人姓名", "来电人姓名", "留言用户", "留言人", "反映人", "name", "caller",
        "reporter", "contact name")),
    Field("phone", N_("电话"), "", False, (
        "电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "来电号码", "电话号码", "phone", "mobile", "telephone", "phone number")),
    Field("id_number", N_("证件号码"), "", False, ("证件号码", "身份证", "身份证号", "身份证号码", "证件号", "id number")),
    Field("email", N_("邮箱"), "", False, ("邮箱", "电子邮箱", "电子邮件", "email", "e mail")),
    Field("address", N_("通信地址"), N_("本人的住址，放进身份库"), False, (
        "住址", "通信地址", "联系地址", "家庭住址", "户籍地址", "home address")),
    Field("firm", N_("单位名称"), "", False, ("单位名称", "企业名称", "firm", "company")),
    Field("joint", N_("人数"), N_("多人共同提出的"), False, ("人数", "信访人数", "来访人数", "涉及人数")),
    Field("confidential", N_("要求保密身份"), N_("是或否"), False, ("是否保密", "身份保密", "是否要求保密", "保密", "confidential")),
    Field("sealed", N_("检举控告"), N_("是或否；是就密封"), False, ("是否检举", "检举控告", "是否检举控告", "举报", "是否举报", "about official")),
    Field("channel", N_("从哪里来"), N_("网上、来电、来访、来信"), False, (
        "来源", "渠道", "信访形式", "信访方式", "诉求来源", "受理渠道", "来源渠道", "channel", "open data channel type", "source", "method received")),
    Field("lead", N_("承办单位"), N_("认得出的单位会记为答复单位"), False, (
        "承办单位", "办理单位", "责任单位", "主办单位", "处理单位", "受理单位", "答复单位", "agency name", "department", "agency responsible",
        "handling unit")),
    Field("extra", N_("照原样保留"), N_("和原话放在一起，不作别用"), True, (
        "点赞数", "反对数", "内容分类", "一级分类", "二级分类", "分类", "类别", "评价", "满意度", "likes", "dislikes", "category",
        "location type", "city", "borough", "agency")),
)  # fmt: skip
BY_NAME = {each.name: each for each in FIELDS}
_NAMES = {known: each.name for each in FIELDS for known in each.known_as}
_NOISE = re.compile(r"[\s_\-*:：（）()\[\]【】/、.]+")
_SLASHED = re.compile(r"(\d{1,2})[/\-.](\d{1,2})[/\-.]\d{4}\b")

DAY_ORDERS = ("mdy", "dmy")


@dataclass(frozen=True)
class Columns:
    """Field name → headings, and how days like 05/01/2022 are to be read. `channel` is where rows come from that do not say."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day_order: str = "mdy"
    channel: str = "sheet"

    def as_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "fields": {name: list(headings) for name, headings in self.fields.items()},
            "day_order": self.day_order,
            "channel": self.channel,
        }


def columns_of(kept: Mapping[str, Any]) -> Columns:
    """Columns as they were kept. Raises BadInput for what is no mapping."""
    try:
        fields = {str(name): tuple(map(str, headings)) for name, headings in kept["fields"].items() if headings}
    except (KeyError, TypeError, AttributeError):
        raise BadInput({"mapping": "这个列对应关系读不懂，请重新设置。"}) from None
    unknown = set(fields) - set(BY_NAME)
    order = kept.get("day_order", "mdy")
    if unknown or order not in DAY_ORDERS:
        raise BadInput({"mapping": "这个列对应关系读不懂，请重新设置。"})
    return Columns(fields, order, str(kept.get("channel", "sheet"))[:16])


def guess(headings: Sequence[str], sample: Sequence[Row] = ()) -> Columns:
    """What the headings seem to mean: whole names first, then names below a shared one, then names that contain a known one;
    each column once."""
    found: dict[str, list[str]] = {}
    plain = {heading: _plain(heading) for heading in headings if heading}
    below = {heading: _plain(heading.rpartition(UNDER)[2]) for heading in plain if UNDER in heading}
    for heading, name in plain.items():
        wanted = _NAMES.get(_plain(heading.replace(UNDER, ""))) if heading in below else _NAMES.get(name)
        if wanted and (wanted not in found or BY_NAME[wanted].many):
            found.setdefault(wanted, []).append(heading)
    taken = {heading for several in found.values() for heading in several}
    for heading, name in below.items():
        wanted = _NAMES.get(name)
        if heading not in taken and wanted and wanted not in found:
            found[wanted] = [heading]
            taken.add(heading)
    for heading, whole in plain.items():
        name = below.get(heading, whole)
        if heading in taken or len(name) < 2:
            continue
        inside = max(
            (known for known in _NAMES if len(known) >= 2 and known in name and ord(known[0]) > 127),
            key=len,
            default="",
        )
        wanted = _NAMES.get(inside, "")
        if wanted and wanted not in found:
            found[wanted] = [heading]
    if "text" not in found and "title" in found:
        found["text"] = found.pop("title")
    fields = {each.name: tuple(found[each.name]) for each in FIELDS if each.name in found}
    return Columns(fields, _day_order(headings, fields, sample))


def _plain(heading: str) -> str:
    return " ".join(_NOISE.sub(" ", heading).split()).lower()


def _day_order(headings: Sequence[str], fields: Mapping[str, tuple[str, ...]], sample: Sequence[Row]) -> str:
    """Month first, unless a first figure is above 12 somewhere."""
    wanted = {heading for name in ("received", "answered", "closed") for heading in fields.get(name, ())}
    places = [place for place, heading in enumerate(headings) if heading in wanted]
    for row in sample:
        for place in places:
            cell = row.cells[place] if place < len(row.cells) else ""
            found = _SLASHED.match(cell) if isinstance(cell, str) else None
            if found and int(found[1]) > 12:
                return "dmy"
    return "mdy"


def faults(columns: Columns, headings: Sequence[str]) -> dict[str, str]:
    """What is missing or double in a mapping for this table, by field; empty when it can be used."""
    wrong: dict[str, str] = {}
    known = set(headings)
    if not columns.fields.get("text") and not columns.fields.get("title"):
        wrong["text"] = gettext("请指出哪一列写着反映的事情。")
    for name, wanted in columns.fields.items():
        missing = [heading for heading in wanted if heading not in known]
        if missing:
            wrong[name] = gettext("这个表格里没有“{heading}”这一列。").format(heading=missing[0])
        elif len(wanted) > 1 and not BY_NAME[name].many:
            wrong[name] = gettext("这一项只能对应一列。")
    if "received" not in columns.fields and {"answered", "closed"} & set(columns.fields):
        wrong["received"] = gettext("有答复时间或者办结时间的，也要指出收到时间。")
    return wrong
