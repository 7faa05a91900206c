"""Reads the facts of a paper: what must be there is asked for by name, what may be missing falls away quietly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput
from xinqiao.papers.model import Because
from xinqiao.papers.text import day_words, lines, one_line

LABELS: Mapping[str, str] = {
    "about": "事项标题",
    "accepted_on": "受理日期",
    "addressee": "送达对象",
    "answer": "答复内容",
    "basis": "依据",
    "body": "向哪个机关提出",
    "case_number": "编号",
    "channel": "提出方式",
    "day": "日期",
    "demand": "请求",
    "demands": "各项请求",
    "document": "文书名称",
    "due": "期限",
    "facts": "查明的事实",
    "heard": "听取陈述的记录",
    "how": "怎样办理",
    "issued_on": "落款日期",
    "lead": "主办单位",
    "new_due": "延长后的期限",
    "old_due": "原期限",
    "opinion": "意见",
    "organ": "发文单位",
    "outcome": "处理结果",
    "query_code": "查询码",
    "question": "咨询的问题",
    "reason": "理由",
    "reasons": "理由",
    "received_on": "收到日期",
    "recipient": "受送达人",
    "serial": "文号",
    "to_organ": "收文单位",
    "undo_until": "可以恢复的期限",
    "withdrawn_on": "撤回日期",
    "words": "来件内容",
}


class MissingFact(BadInput):
    """A fact that this paper cannot do without is missing or has the wrong form. `fields` names it."""

    code = "missing-fact"


@dataclass(frozen=True)
class Day:
    """A day with the reason why it is this one."""

    day: date
    why: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    provisional: bool = False

    @property
    def words(self) -> str:
        return day_words(self.day, weekday=True)

    @property
    def cited(self) -> str:
        """The articles in brackets, or nothing."""
        return f"（{'、'.join(self.cites)}）" if self.cites else ""

    def because(self) -> tuple[Because, ...]:
        """The block that answers "why this day"; nothing when nothing is known but the day."""
        reasons = list(self.why)
        if self.cites:
            reasons.append(f"依据：{'、'.join(self.cites)}。")
        if self.provisional:
            reasons.append("这一天所在年份的放假安排尚未公布，公布后可能调整，调整时会再告诉您。")
        return (Because("为什么是这一天？", tuple(reasons)),) if reasons else ()


class Facts:
    """The facts of one paper, or of one part of it."""

    def __init__(self, values: Mapping[str, Any], *, paper: str, path: str = "") -> None:
        self._values, self._paper, self._path = values, paper, path

    def wrong(self, name: str, complaint: str = "缺少") -> MissingFact:
        """The error for the fact `name`, with its full path."""
        label = LABELS.get(name, name)
        path = self._path + name
        return MissingFact(
            {path: f"《{self._paper}》{complaint}“{label}”（{path}）。"}, remedy=f"请补上“{label}”再出具文书。"
        )

    def has(self, name: str) -> bool:
        """Whether there is anything under `name`."""
        return self._values.get(name) not in (None, "", [], (), {})

    def text(self, name: str) -> str:
        """A text on one line. Raises MissingFact when it is absent or empty."""
        value = self.maybe(name)
        if not value:
            raise self.wrong(name)
        return value

    def maybe(self, name: str, default: str = "") -> str:
        """A text on one line, or `default`."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, Mapping | list | tuple | set):
            raise self.wrong(name, "需要一段文字作为")
        return one_line(str(value)) or default

    def flag(self, name: str) -> bool:
        return bool(self._values.get(name))

    def paragraphs(self, name: str) -> list[str]:
        """A long text, one string a paragraph. Raises MissingFact when it is absent or empty."""
        found = self.maybe_paragraphs(name)
        if not found:
            raise self.wrong(name)
        return found

    def maybe_paragraphs(self, name: str) -> list[str]:
        value = self._values.get(name)
        if value is None:
            return []
        if isinstance(value, list | tuple):
            return [line for part in value for line in lines(str(part))]
        return lines(str(value))

    def names(self, name: str) -> tuple[str, ...]:
        """Several short texts; one alone may be given as it is."""
        value = self._values.get(name)
        if value is None:
            return ()
        parts = value if isinstance(value, list | tuple) else [value]
        return tuple(word for word in (one_line(str(part)) for part in parts) if word)

    def day(self, name: str) -> date:
        """A date, or a moment (its day in Shanghai), or an ISO text. Raises MissingFact when there is none."""
        found = self.maybe_day(name)
        if found is None:
            raise self.wrong(name)
        return found

    def maybe_day(self, name: str) -> date | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            return _as_day(value)
        except ValueError as error:
            raise self.wrong(name, "需要一个日期作为") from error

    def due(self, name: str) -> Day:
        """A day with its reasons: {"day", "why", "cites", "provisional"}, or the day alone."""
        found = self.maybe_due(name)
        if found is None:
            raise self.wrong(name)
        return found

    def maybe_due(self, name: str) -> Day | None:
        value = self._values.get(name)
        if not isinstance(value, Mapping):
            day = self.maybe_day(name)
            return None if day is None else Day(day)
        part = self.part(name)
        return Day(part.day("day"), tuple(part.maybe_paragraphs("why")), part.names("cites"), part.flag("provisional"))

    def part(self, name: str) -> "Facts":
        """A mapping inside; an empty one when there is none."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(name, "需要分项填写")
        return Facts(value or {}, paper=self._paper, path=f"{self._path}{name}.")

    def each(self, name: str) -> Iterator["Facts"]:
        """The mappings of a list."""
        value = self._values.get(name) or ()
        if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
            raise self.wrong(name, "需要逐项填写")
        for index, item in enumerate(value):
            yield Facts(item, paper=self._paper, path=f"{self._path}{name}[{index}].")


def _as_day(value: object) -> date:
    if isinstance(value, datetime):
        return day_of(value)
    if isinstance(value, date):
        return value
    text = str(value)
    return day_of(datetime.fromisoformat(text)) if "T" in text else date.fromisoformat(text)
