"""Terms: from a day on which something happened to the day by which something is owed, with every step explained.

The first day is not counted (民法典 201). A term in days counts every day; a term in working days counts worked days only.
A last day that is a rest day gives way to the next worked day (民法典 203): `due` is rolled, `due_unrolled` is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from xinqiao.kernel.words import N_
from xinqiao.law import calendars
from xinqiao.law.parameters import Value, parameters, value
from xinqiao.law.types import Due, TraceLine


@dataclass(frozen=True)
class Term:
    """A named term. `starts` says in plain words which day it runs from, `side` whether it binds an organ or protects the citizen."""

    name: str
    title: str
    starts: str
    side: str = "duty"  # duty | window


_TERMS = (
    Term("register", N_("登记来件"), N_("信访部门收到来件")),
    Term("referral", N_("转送有权处理的单位"), N_("信访部门收到来件")),
    Term("sign_for", N_("承办单位签收"), N_("转送到达承办单位")),
    Term("notice", N_("书面告知接收情况和处理途径"), N_("承办单位收到转送的事项")),
    Term("direct_notice", N_("书面告知接收情况和处理途径"), N_("单位直接收到信访人提出的事项")),
    Term("objection", N_("提出不属于本单位职权的异议"), N_("承办单位收到转送的事项"), "window"),
    Term("objection.answer", N_("核实异议"), N_("承办单位提出异议")),
    Term("refer_again", N_("重新转送"), N_("事项退回信访部门")),
    Term("ruling", N_("裁定由谁受理"), N_("提请裁定")),
    Term("decision", N_("出具处理意见书并送达"), N_("单位受理")),
    Term("extension", N_("延期后出具处理意见书并送达"), N_("单位受理")),
    Term("execution", N_("执行支持的意见"), N_("处理意见书送达")),
    Term("serve.again", N_("更正后重新送达"), N_("更正处理意见书")),
    Term("review.apply", N_("申请复查"), N_("信访人收到书面答复"), "window"),
    Term("review.decide", N_("作出复查意见"), N_("复查机关收到复查请求")),
    Term("rereview.apply", N_("申请复核"), N_("信访人收到复查意见"), "window"),
    Term("rereview.decide", N_("作出复核意见"), N_("复核机关收到复核请求")),
    Term("simplified.accept", N_("决定是否简易办理"), N_("单位收到事项")),
    Term("simplified.answer", N_("简易办理答复"), N_("简易办理受理")),
    Term("simplified.hop", N_("转给办理的人"), N_("收到事项")),
    Term("suggestion.notice", N_("书面告知建议已收到"), N_("承办单位收到转送的建议")),
    Term("suggestion.reply", N_("研究论证并回复建议"), N_("开始研究论证")),
    Term("report.hand_over", N_("按管理权限移送"), N_("信访部门收到来件")),
    Term("evaluation", N_("评价"), N_("答复送达"), "window"),
    Term("withdraw.undo", N_("反悔撤回"), N_("信访人申请撤回"), "window"),
    Term("urge.answer", N_("回应催办"), N_("信访人催办")),
    Term("assist", N_("提交协办情况"), N_("转送到达协办单位")),
    Term("recusal", N_("决定是否回避"), N_("提出回避")),
    Term("recommendations.feedback", N_("书面反馈采纳情况"), N_("收到信访部门的建议")),
)
TERMS = {t.name: t for t in _TERMS}


class UnknownTerm(LookupError):
    """No term has this name."""


def term(
    name: str,
    start: date,
    *,
    jurisdiction: str = "",
    on: date | None = None,
    days: int | None = None,
    paused: Sequence[tuple[date, date]] = (),
) -> Due:
    """When the term `name` that runs from `start` ends, and why.

    `start` is the day described by the term's `starts` (for `notice` the unit's receipt, for `decision` acceptance, for
    `review.apply` the petitioner's receipt, ...) and is not counted. `on` is the day whose law governs (default: `start`),
    `days` a length set in the single case (extension granted, term of execution), `paused` stretches of days that do not count
    (hearing in a re-review, Art. 36), first and last day included.
    Raises UnknownTerm, ParameterError (no value, or two, in force), CalendarMissing, ValueError (`days` below 1).
    """
    if name not in TERMS:
        raise UnknownTerm(name)
    what = TERMS[name]
    day = on or start
    length, working, cites = _length(name, day, jurisdiction)
    if days is not None:
        length = days
    if length < 1:
        raise ValueError(f"a term lasts at least one day: {length}")
    zero, rule = value("day.zero", day), value(f"roll.{what.side}", day)
    return _reckoned(what, start, length, working, cites, zero.cite, rule, tuple(paused))


@lru_cache(maxsize=8192)  # the law of many days gives the same term
def _reckoned(
    what: Term,
    start: date,
    length: int,
    working: bool,
    cites: tuple[str, ...],
    zero: str,
    rule: Value,
    paused: tuple[tuple[date, date], ...],
) -> Due:
    trace = [
        TraceLine(what.starts, start, cite=cites[0]),
        TraceLine(N_("当天不算，从第二天起算。"), start + timedelta(days=1), cite=zero),
    ]
    if working:
        last = _count_workdays(start, length, trace, cites[0])
        near = calendars.add_workdays(start, _two_thirds(length))
    else:
        last = _count_days(start, length, paused, trace, cites[0], what.name)
        near = start + timedelta(days=_two_thirds(length) + (last - start).days - length)
    due = _rolled(last, rule, trace)
    provisional = calendars.is_provisional(due)
    if provisional:
        trace.append(TraceLine(N_("国务院还没有公布这一年的放假安排，先只按周末推算，公布后会重新计算。"), due))
    named = (*cites, zero, *((rule.cite,) if due != last else ()))
    return Due(what.name, start, due, last, near, provisional, tuple(trace), tuple(dict.fromkeys(named)), length)


def _length(name: str, day: date, jurisdiction: str) -> tuple[int, bool, tuple[str, ...]]:
    if name == "extension":
        base = value("term.decision", day, jurisdiction)
        more = value("extension.days", day, jurisdiction)
        return base.value + more.value, False, (more.cite,)
    found = value(f"term.{name}", day, jurisdiction)
    return found.value, parameters()[f"term.{name}"].unit == "working", (found.cite,)


def _two_thirds(length: int) -> int:
    return -(-2 * length // 3)


def _count_workdays(start: date, length: int, trace: list[TraceLine], cite: str) -> date:
    last = calendars.add_workdays(start, length)
    for name in _holidays_between(start, last):
        trace.append(TraceLine(N_("中间的{holiday}假期不算工作日。"), values={"holiday": name}))
    for day in _days(start, last):
        if calendars.is_makeup(day):
            trace.append(TraceLine(N_("这个周末调休上班，算工作日。"), day))
    trace.append(TraceLine(N_("数满 {n} 个工作日，到这一天。"), last, {"n": str(length)}, cite))
    return last


def _count_days(
    start: date, length: int, paused: Sequence[tuple[date, date]], trace: list[TraceLine], cite: str, name: str
) -> date:
    resting = {day for first, final in paused for day in _days(first - timedelta(days=1), final)}
    last, counted = start, 0
    while counted < length:
        last += timedelta(days=1)
        counted += last not in resting
    skipped = (last - start).days - length
    if name == "extension":
        trace.append(TraceLine(N_("办理期限和延长的日子连着算，都从受理那天起。"), cite=cite))
    if skipped:
        trace.append(
            TraceLine(N_("听证用去的 {n} 天不算在内。"), values={"n": str(skipped)}, cite="xinfang-2022:36(2)")
        )
    trace.append(TraceLine(N_("数满 {n} 天，到这一天。"), last, {"n": str(length)}, cite))
    return last


def _rolled(last: date, rule: Value, trace: list[TraceLine]) -> date:
    due = calendars.roll(last) if rule.value else last
    if due != last:
        holiday = calendars.holiday_name(last)
        if holiday:
            trace.append(TraceLine(N_("这一天是{holiday}假期，休息。"), last, {"holiday": holiday}))
        else:
            trace.append(TraceLine(N_("这一天是周末，休息。"), last))
        trace.append(TraceLine(N_("所以顺延到休息日后的第一个工作日。"), due, cite=rule.cite))
    return due


def _days(after: date, last: date) -> list[date]:
    return [after + timedelta(days=n) for n in range(1, (last - after).days + 1)]


def _holidays_between(after: date, last: date) -> list[str]:
    return list(dict.fromkeys(name for day in _days(after, last) if (name := calendars.holiday_name(day))))


def chinese_day(day: date) -> str:
    """A day as people read it: 2026年10月8日（周四）."""
    return f"{day.year}年{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"


def explain(due: Due) -> list[str]:
    """The trace as Chinese lines, ready to be read out."""
    lines = []
    for line in due.trace:
        text = line.text.format(**line.values)
        lines.append(f"{chinese_day(line.day)}：{text}" if line.day else text)
    return lines
