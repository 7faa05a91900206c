"""One row of a foreign table, as what somebody said: words, person, moments. What is wrong with it is told by column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext

from xinqiao.intake import services as intake
from xinqiao.intake.models import Party, Submission
from xinqiao.kernel.errors import BadInput
from xinqiao.law.calendars import first_day
from xinqiao.people.identity import Identity, identity

from .cells import CHINA, DAY_0, Broken, Cell, Row
from .mapping import BY_NAME, Columns

_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:：时点](\d{1,2})(?:[:：分](\d{1,2})秒?)?(?:[.,]\d+)?分?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_YEAR_LAST = re.compile(
    r"(\d{1,2})[/\-.](\d{1,2})[/\-.](\d{4})(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*([AaPp][Mm])?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")
LONGEST_NUMBER, LONGEST_EXTRA = 100, 2000
NONE: Mapping[str, str] = {}
_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n+")
YES = frozenset({"是", "有", "对", "y", "yes", "true", "1", "√", "保密", "匿名", "检举", "举报", "检举控告"})
NO = frozenset({"", "否", "无", "不", "n", "no", "false", "0", "-", "/", "不保密"})
CHANNELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("portal", ("网", "app", "微信", "小程序", "公众号", "online", "mobile", "web", "邮件", "email", "portal")),
    ("hotline", ("电", "热线", "12345", "phone", "call", "hotline")),
    ("window", ("访", "窗口", "当面", "visit", "window", "walk")),
    ("letter", ("信", "letter", "mail")),
    ("transfer", ("上级", "转送", "交办", "transfer")),
)
ENDED: tuple[str, ...] = (
    "办结",
    "结案",
    "已完成",
    "完结",
    "归档",
    "已解决",
    "已答复",
    "已回复",
    "不予受理",
    "不再受理",
    "待评价",
    "待回访",
    "closed",
    "resolved",
    "completed",
    "done",
)
_NOT_ENDED = re.compile(
    r"(?:未|没有?|待|拟|申请|正在|not (?:yet )?|un)(?:能|予)?(?:办结|结案|完成|完结|解决|答复|回复|closed|resolved|completed|done)"
)
_AGAIN: tuple[str, ...] = ("重新办理", "重办", "重启", "reopen", "re-open")
RUNNING: tuple[str, ...] = (
    "未",
    "办理中",
    "处理中",
    "在办",
    "待",
    "受理",
    "open",
    "progress",
    "pending",
    "assigned",
    "started",
    "new",
)


@dataclass(frozen=True)
class Book:
    """What foreign names are looked up in: areas by name and code, organs by name."""

    areas: Mapping[str, str] = field(default_factory=dict)
    organs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A row that can be taken in. `past` when it says when it was received elsewhere."""

    row: int
    number: str
    words: intake.Words
    who: intake.Who
    identity: Identity | None
    channel: str
    received_at: datetime
    past: bool
    answered_at: datetime | None
    closed_at: datetime | None
    reply: str
    lead_id: int | None
    source: Mapping[str, str]
    notes: Mapping[str, str]  # by heading: what of it is not kept whole


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be taken in: what is wrong, by heading ('' for the row as a whole), and its cells as they came."""

    row: int
    faults: Mapping[str, str]
    cells: Sequence[str]


class Converter:
    """Turns rows of one table into what was said. `day_0`: from when it counts days.

    Whether rows are new or have a past is decided by the columns alone: where one says when they were received, none may be
    silent about it.
    """

    def __init__(
        self,
        columns: Columns,
        headings: Sequence[str],
        book: Book,
        at: datetime,
        *,
        day_0: datetime = DAY_0,
    ) -> None:
        places = {heading: place for place, heading in enumerate(headings) if heading}
        self._columns, self._book, self._at = columns, book, at
        self._headings = {name: wanted for name, wanted in columns.fields.items() if name in BY_NAME}
        self._places = {
            name: tuple(places[heading] for heading in wanted if heading in places)
            for name, wanted in self._headings.items()
        }
        self._month_first = columns.day_order == "mdy"
        self._day_0, self._shift = day_0, (day_0 - DAY_0).days

    def convert(self, row: Row) -> Said | Wrong:
        """The row as something said, or what is wrong with it."""
        if row.fault:
            return self.refuse(row, {"": row.fault})
        wrong: dict[str, str] = {}
        cells = row.cells
        get = _Getter(cells, self._places, wrong)
        channel = self._channel(get.text("channel"))
        received, answered, closed = (self._moment(get, name, wrong) for name in ("received", "answered", "closed"))
        past = received is not None
        if not past and self._places.get("received") and "received" not in wrong:
            wrong["received"] = gettext(
                "没有写收到时间。请补上；今天才来的，写上今天的日期。整列都空着的，请在核对列时把这一列选成“不导入”。"
            )
        notes: dict[str, str] = {}
        reply = get.lines("reply")
        source = self._source(cells, notes)
        answered, closed, reply = self._course(get, received, answered, closed, reply, wrong, source)
        area, place = self._area(get.text("area"), get.joined("place"))
        title, text = get.text("title"), get.lines("text") or get.text("title")
        words = intake.Words(
            text=text,
            title=self._short("title", title, 200, notes),
            place=self._short("place", place, 200, notes),
            area_code=area,
            wish=self._short("wish", get.text("wish"), 2000, notes),
        )
        person = intake.PersonData(
            name=get.text("name"), phone=get.text("phone"), id_number=get.text("id_number"), email=get.text("email"),
            address=get.text("address"), firm=get.text("firm"),
        )  # fmt: skip
        who, number = self._who(get, person, wrong), get.text("number")
        if len(number) > LONGEST_NUMBER:
            wrong["number"] = gettext("编号超过 100 个字，不像编号，请核对。")
        lead_text = get.text("lead")
        lead = self._book.organs.get(lead_text)
        if lead_text and lead is None:
            source[self._headings["lead"][0]] = lead_text
        known: Identity | None = None
        try:
            intake.check(words, who)
            if who.people:
                known = identity(**intake.vault_fields(person))
        except BadInput as error:
            wrong |= {name: str(message) for name, message in error.fields.items() if name not in wrong}
        if wrong:
            return self.refuse(row, wrong)
        return Said(
            row.number, number, words, who, known, channel, received or self._at, past,
            answered, closed, reply, lead, source, notes or NONE,
        )  # fmt: skip

    def refuse(self, row: Row, faults: Mapping[str, str]) -> Wrong:
        """The row as one that was not taken in; `faults` by field."""
        told = {" + ".join(self._headings.get(name, ())): message for name, message in faults.items()}
        return Wrong(row.number, told, [_shown(cell) for cell in row.cells])

    def _who(self, get: "_Getter", person: intake.PersonData, wrong: dict[str, str]) -> intake.Who:
        reporter = Submission.Reporter.ANONYMOUS.value
        joint = self._count(get.text("joint"), wrong)
        if person.name or person.firm:
            reporter = Submission.Reporter.PERSON if person.name else Submission.Reporter.FIRM
            if joint > 1:
                reporter = Submission.Reporter.JOINT
        given = bool(person.name or person.phone or person.firm or person.id_number or person.email or person.address)
        return intake.Who(
            reporter=reporter,
            people=[(Party.Role.PETITIONER.value, person)] if given else (),
            joint_count=joint,
            confidential=self._yes(get, "confidential", wrong),
            about_official=self._yes(get, "sealed", wrong),
        )

    def _course(
        self,
        get: "_Getter",
        received: datetime | None,
        answered: datetime | None,
        closed: datetime | None,
        reply: str,
        wrong: dict[str, str],
        source: dict[str, str],
    ) -> tuple[datetime | None, datetime | None, str]:
        """When it was answered and closed. What the source says is still open is not answered, whatever was noted meanwhile."""
        status = get.text("status").lower()
        again = any(word in status for word in _AGAIN)
        said_ended = _NOT_ENDED.sub("未", status)
        ended = not again and any(word in said_ended for word in ENDED)
        running = again or (not ended and not status.startswith("已") and any(word in said_ended for word in RUNNING))
        if running and closed is None:
            if reply:
                source[" + ".join(self._headings["reply"])] = reply
            return None, None, ""
        if ended and answered is None and closed is None and "status" not in wrong:
            wrong.setdefault("status", gettext("写着已经办结，却没有答复时间或者办结时间。"))
        if closed is not None and (answered is None or answered > closed):
            answered = closed
        if received is None and (answered or closed) and "received" not in wrong:
            wrong["received"] = gettext("有答复时间，却没有收到时间。")
        for name, moment in (("answered", answered), ("closed", closed)):
            if moment is not None and received is not None and moment < received:
                wrong.setdefault(name if name in self._headings else "closed", gettext("比收到时间还早，请核对。"))
        if answered is None and reply and "answered" not in wrong and received is not None:
            if "answered" in self._headings or "closed" in self._headings:
                wrong["answered" if "answered" in self._headings else "closed"] = gettext(
                    "有答复内容，却没有答复时间。"
                )
            else:
                source[" + ".join(self._headings["reply"])] = reply
                reply = ""
        elif reply and answered is None and received is None:
            source[" + ".join(self._headings["reply"])] = reply
            reply = ""
        return answered, closed, reply

    def _moment(self, get: "_Getter", name: str, wrong: dict[str, str]) -> datetime | None:
        cell = get.cell(name)
        if cell == "" or name in wrong:
            return None
        moment = self.moment_of(cell)
        if moment is None:
            wrong[name] = gettext("“{cell}”不是日期。").format(cell=str(cell)[:40])
        elif moment > self._at:
            wrong[name] = gettext("这个时间还没有到，请核对。")
        elif moment.year < first_day().year:
            wrong[name] = gettext("{year} 年以前没有工作日历，期限算不出来。").format(year=first_day().year)
        else:
            return moment
        return None

    def moment_of(self, cell: Cell) -> datetime | None:
        """The moment that a cell names, in China's time unless it says otherwise; None when it names none."""
        if isinstance(cell, datetime):
            return cell
        try:
            if found := _YEAR_FIRST.fullmatch(cell):
                year, month, day, hour, minute, second, zone = found.groups()
                moment = datetime(
                    int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=CHINA
                )
                return moment if not zone else datetime.fromisoformat(moment.strftime("%Y-%m-%dT%H:%M:%S") + zone)
            if found := _YEAR_LAST.fullmatch(cell):
                return self._year_last(found)
            if found := _COMPACT.fullmatch(cell):
                year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
                return datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
            days = float(cell)
        except ValueError:
            return None
        if 30_000 <= days + self._shift <= 70_000:  # a spreadsheet's own day number that lost its format
            return self._day_0 + timedelta(seconds=round(days * 86_400))
        return None

    def _year_last(self, found: re.Match[str]) -> datetime:
        first, second, year, hour, minute, seconds, half = found.groups()
        month, day = (int(first), int(second)) if self._month_first else (int(second), int(first))
        hours = int(hour or 0)
        if half:
            hours = hours % 12 + (12 if half.lower() == "pm" else 0)
        return datetime(int(year), month, day, hours, int(minute or 0), int(seconds or 0), tzinfo=CHINA)

    def _area(self, named: str, place: str) -> tuple[str, str]:
        code = self._book.areas.get(named, "") if named else ""
        if named and not code and named not in place:
            place = f"{named} {place}".strip()
        return code, place

    def _channel(self, named: str) -> str:
        if not named:
            return self._columns.channel
        lowered = named.lower()
        return next((code for code, words in CHANNELS if any(w in lowered for w in words)), self._columns.channel)

    def _count(self, text: str, wrong: dict[str, str]) -> int:
        if not text:
            return 1
        digits = re.sub(r"[人名位个\s]", "", text)
        if digits.isdecimal() and 0 < int(digits[:9]) <= 100_000:
            return int(digits[:9])
        wrong["joint"] = gettext("“{cell}”不是人数。").format(cell=text[:40])
        return 1

    def _yes(self, get: "_Getter", name: str, wrong: dict[str, str]) -> bool:
        text = get.text(name).lower()
        if text in YES:
            return True
        if text not in NO:
            wrong[name] = gettext("这里只能写“是”或者“否”，写的是“{cell}”。").format(cell=text[:40])
        return False

    def _short(self, name: str, text: str, most: int, notes: dict[str, str]) -> str:
        """The text, as much of it as is kept; what is left out is noted."""
        if len(text) > most:
            heading = " + ".join(self._headings.get(name, ()))
            notes[heading] = gettext("超过 {most} 个字，只留前 {most} 个字。").format(most=most)
        return text[:most]

    def _source(self, cells: Sequence[Cell], notes: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for heading, place in zip(self._headings.get("extra", ()), self._places.get("extra", ()), strict=False):
            cell = cells[place] if place < len(cells) else ""
            if cell != "":
                text = _shown(cell)
                if len(text) > LONGEST_EXTRA:
                    notes[heading] = gettext("超过 {most} 个字，只留前 {most} 个字。").format(most=LONGEST_EXTRA)
                kept[heading] = text[:LONGEST_EXTRA]
        return kept


class _Getter:
    """The cells of one row by field. A broken cell is a fault of its column, when the column is used."""

    def __init__(self, cells: Sequence[Cell], places: Mapping[str, tuple[int, ...]], wrong: dict[str, str]) -> None:
        self._cells, self._places, self._wrong, self._width = cells, places, wrong, len(cells)

    def cell(self, name: str) -> Cell:
        for place in self._places.get(name, ()):
            if place < self._width:
                return self._sound(name, self._cells[place])
        return ""

    def _sound(self, name: str, cell: Cell) -> Cell:
        if isinstance(cell, Broken):
            what = gettext("公式没有算出结果") if cell == "=" else gettext("写的是错误值 {cell}").format(cell=cell[:20])
            self._wrong[name] = gettext("{what}，请在表格里改成实际的内容。").format(what=what)
            return ""
        return cell

    def text(self, name: str) -> str:
        """One line."""
        if name not in self._places:
            return ""
        cell = self.cell(name)
        return "" if cell == "" else _BLANKS.sub(" ", _shown(cell).replace("\n", " ")).strip()

    def joined(self, name: str) -> str:
        """Several columns in one line."""
        return " ".join(dict.fromkeys(self._several(name)))

    def lines(self, name: str) -> str:
        """Words as they were said, of one or several columns, without runs of blanks and empty lines."""
        found = self._several(name)
        return (
            "\n".join(found) if len(found) < 2 else " · ".join(found) if max(map(len, found)) < 80 else "\n".join(found)
        )

    def _several(self, name: str) -> list[str]:
        if name not in self._places:
            return []
        cells = [self._cells[place] for place in self._places.get(name, ()) if place < self._width]
        texts = [_tidy(_shown(self._sound(name, cell))) for cell in cells if cell != ""]
        return [text for text in texts if text]


def _shown(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.strftime("%Y-%m-%d %H:%M:%S")


def _tidy(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text and "\t" not in text and "  " not in text:
        return text.strip()
    return _EMPTY_LINES.sub("\n\n", "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))).strip()
