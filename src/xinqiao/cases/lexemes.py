"""From words to lexemes: what the word index keeps of a text, what a question asks of it, and what is lit up in between.

Kept: words as rjieba cuts them, the dictionary's two- and three-character words wherever they stand, and every pair of
characters where the cut is unsure. Never kept: names of persons, and telephone, identity and other long numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from . import names

MOST_TERMS = 8
SNIPPET = 90

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z0-9]*|[0-9]+", re.IGNORECASE)
_STOP = frozenset("的了和是在我有就不都也要这那吗呢吧啊与及或等被把对从到为以之其")
_NUMBERS = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+"  # mail addresses
    r"|(?<![A-Za-z0-9])[A-Za-z]?\d(?:[\s-]?\d){5,}[\s-]?[xX]?"  # telephones, identity numbers, numbers of cases and accounts
    r"|[\u4e00-\u9fff][A-Z][·\s]?[A-Z0-9]{5,6}"  # number plates
    r"|[零〇一二三四五六七八九幺]{7,}"
)
_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")

_TITLES = "|".join(
    (
        *(
            "先生",
            "女士",
            "小姐",
            "老师",
            "师傅",
            "书记",
            "局长",
            "主任",
            "科长",
            "处长",
            "所长",
            "院长",
            "校长",
            "镇长",
            "区长",
        ),
        *("市长", "县长", "经理", "老板", "医生", "警官", "队长", "大爷", "大妈", "阿姨", "同志", "律师", "某"),
    )
)
_CUES = "|".join(
    (
        "我叫",
        "名叫",
        "本人叫",
        "姓名",
        "联系人",
        "申请人",
        "投诉人",
        "举报人",
        "反映人",
        "业主代表",
        "法定代表人",
        "身份证名",
    )
)


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


_FIRM = f"[{''.join(sorted(names.FIRM))}]"
_ANY = f"[{''.join(sorted(names.FIRM | names.COMMON))}]"
_MET = f"[{''.join(sorted(names.GIVEN))}]"
_TITLE = re.compile(_TITLES)
_BEFORE_TITLE = re.compile(rf"(?:{_FIRM}(?:(?![局所院校区科处市县镇队])[\u4e00-\u9fff]){{0,2}}|{_ANY}{_MET}{{1,2}})\Z")
_CUED = re.compile(rf"((?:{_CUES})(?:是|为|叫|[:：,，\s])*)({_ANY}[\u4e00-\u9fff]{{1,2}})")
_SOUND = f"[{''.join(sorted(names.SOUNDS))}]"
_PART = re.compile(_either(names.PARTS))
_SOUNDS = f"{_either(names.PARTS | names.SHORT_PARTS)}|{_SOUND}"
_PARTS = re.compile(rf"(?:{_either(names.SHORT_PARTS)}|{_SOUND}){{0,4}}(?:{_PART.pattern})(?:{_SOUNDS}){{0,6}}")
_DOT = re.compile("[·•・‧．]")
_SPOKEN = re.compile(rf"(?:{_either(names.PARTS | names.SHORT_PARTS)}|[{''.join(sorted(names.DOTTED))}])+")
_DOTTED = re.compile(rf"{_SPOKEN.pattern}(?:{_DOT.pattern}{_SPOKEN.pattern})+")
_COMPOUNDS = re.compile(rf"(?:{_either(names.COMPOUND)})(?:{_MET}{{1,2}})?")
_SHAPED = re.compile(rf"(?:{_ANY}|{_either(names.DOUBTFUL)}){_MET}{{1,2}}|[{''.join(sorted(names.ODD))}]{_MET}{{2}}")
_BLANK = "\n"
_ALONE = names.FIRM | names.COMMON | names.DOUBTFUL
_BEGIN = names.FIRM | names.COMMON | names.ODD | {name[0] for name in names.DOUBTFUL}
_HESITANT = frozenset("于曾任钱余许谢付程舒叶苏夏谈范")  # surnames that stand alone as words
_PERSONS = frozenset(
    (
        "邻居",
        "居民",
        "村民",
        "业主",
        "住户",
        "租户",
        "房东",
        "老板",
        "员工",
        "职工",
        "工人",
        "干部",
        "司机",
        "老人",
        "女子",
        "男子",
        "女儿",
        "儿子",
        "丈夫",
        "妻子",
    )
)
_CALLS = frozenset("找被向和与跟同给让叫由对是替帮请问告")  # what persons are called with
_FUNCTION = _STOP | frozenset(
    "大小多少上下中有到来去能都是在里会可向为不之后前入出至自先同如由家"
)  # words of one character


def lexemes_of(texts: Iterable[str]) -> set[str]:
    """What the index keeps of these texts."""
    found: set[str] = set()
    for text in texts:
        plain = without_identities(text)
        for run in _HAN.findall(plain):
            found |= _of_run(run)
        found |= set(_latin(plain))
    return found


def terms_of(question: str) -> list[str]:
    """What a question asks for: each of these lexemes must be there. Empty when nothing can be looked for."""
    found: list[str] = []
    whole = _HAN.sub(lambda run: _BLANK if _asks_for_a_person(run.group()) else run.group(), question)
    plain = without_identities(whole)
    for run in _HAN.findall(plain):
        found += _asked(run)
    found += _latin(plain)
    return list(dict.fromkeys(found))[:MOST_TERMS]


def without_identities(text: str) -> str:
    """The text without names of persons and without long numbers; each leaves a break, so that nothing joins across it."""
    plain = _NUMBERS.sub(_BLANK, text.translate(_WIDE))
    plain = _COMPOUNDS.sub(_BLANK, plain)
    plain = _CUED.sub(_without_cued, plain)
    plain = _without_titled(plain)
    if _DOT.search(plain):
        plain = _DOTTED.sub(_BLANK, plain)
    if _PART.search(plain):
        plain = _PARTS.sub(_BLANK, plain)
    return "".join(_unnamed(_cutter().tag(plain)))


def masked(text: str) -> str:
    """The text with its long numbers made unreadable, for showing a piece of it in a list."""
    return _NUMBERS.sub("＊＊＊", text.translate(_WIDE))


def snippet(texts: Sequence[str], terms: Sequence[str], length: int = SNIPPET) -> tuple[tuple[str, bool], ...]:
    """A piece of the first text in which a term stands, as (words, lit up) in order; its beginning when none does."""
    if not texts:
        return ()
    lit = re.compile("|".join(re.escape(t) for t in sorted(terms, key=len, reverse=True)), re.IGNORECASE)
    shown = [" ".join(masked(text).split()) for text in texts if text.strip()]
    if not shown:
        return ()
    first = next(((text, hit) for text in shown if (hit := lit.search(text))), None) if terms else None
    if first is None:
        text = shown[0]
        return ((text[:length] + ("…" if len(text) > length else ""), False),)
    text, hit = first
    begin = max(0, hit.start() - length // 3)
    end = min(len(text), begin + length)
    parts: list[tuple[str, bool]] = [("…", False)] if begin else []
    place = begin
    for each in lit.finditer(text, begin, end):
        if each.start() > place:
            parts.append((text[place : each.start()], False))
        parts.append((each.group(), True))
        place = each.end()
    rest = text[place:end] + ("…" if end < len(text) else "")
    return (*parts, (rest, False)) if rest else tuple(parts)


@cache
def _cutter() -> Any:
    """rjieba with its dictionary: 28 MB and a third of a second, only in processes that cut words."""
    return import_module("rjieba")


@lru_cache(maxsize=50_000)
def _known(word: str) -> bool:
    return bool(_cutter().has_word(word))


def _latin(text: str) -> list[str]:
    return [word.lower() for word in _LATIN.findall(text) if not (word.isdigit() and len(word) > 4)]


def _of_run(run: str) -> set[str]:
    found: set[str] = set()
    sure: list[bool] = []
    for token in _cutter().cut(run):
        known = len(token) > 1 and _known(token)
        sure += [known] * len(token)
        if len(token) > 2:
            found.add(token)
            found |= {part for at in range(len(token) - 2) if _known(part := token[at : at + 3])}
    for at in range(len(run) - 1):
        pair = run[at : at + 2]
        unsure = not (sure[at] and sure[at + 1]) and pair[0] not in _STOP and pair[1] not in _STOP
        if unsure or _known(pair):
            found.add(pair)
    return found


def _asked(run: str) -> list[str]:
    """The terms of one run of characters in a question. Two characters are one term; what is unsure is asked in pairs."""
    if _asks_for_a_person(run):
        return []
    found: list[str] = []
    tokens = list(_cutter().cut(run))
    single = ""  # single characters beside each other are asked as pairs
    for token in [*tokens, ""]:
        if len(token) == 1 and token not in _STOP:
            single += token
            continue
        found += _pairs(single)
        single = ""
        if len(token) == 2 or (len(token) == 3 and _known(token)):
            found.append(token)
        elif len(token) > 2:
            known = [token[at : at + 2] for at in range(len(token) - 1) if _known(token[at : at + 2])]
            found += known if _known(token) and known else _pairs(token)
    return found


def _asks_for_a_person(run: str) -> bool:
    """Whether this is a name as somebody would type it."""
    if _SPOKEN.fullmatch(run):
        return not _is_word(run)
    if len(run) > 4 or _SHAPED.fullmatch(run) is None or _is_word(run):
        return False
    if run[0] in names.FIRM:
        return True
    word = _known(run) and (run[0] in names.ODD or run[:2] in names.ORDINARY)  # 通知书, 安全法
    return run[-1] not in names.PLACE and not word


def _pairs(token: str) -> list[str]:
    return [token[at : at + 2] for at in range(len(token) - 1)]


def _without_cued(match: re.Match[str]) -> str:
    cue, name = match.groups()
    return match.group() if _is_word(name) or _is_word(name[:2]) else cue + _BLANK


def _without_titled(text: str) -> str:
    """The text without the names that stand before titles: 陈建华局长."""
    parts, done = [], 0
    for title in _TITLE.finditer(text):
        end = title.start()
        found = _BEFORE_TITLE.search(text, max(done, end - 3), end)
        if found is None:
            continue
        name, begin = found.group(), found.start()
        inside = len(name) == 1 and begin > 0 and _is_word(text[begin - 1 : end])  # the end of another word
        if not inside and not _is_word(name):
            parts += [text[done:begin], _BLANK]
            done = end
    return "".join([*parts, text[done:]])


def _unnamed(tokens: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The tokens with a break for each that names a person, alone or with what follows."""
    place, end = 0, len(tokens)
    while place < end:
        token, tag = tokens[place]
        length = 0
        person = tag[:2] == "nr"
        if token[0] in _BEGIN:
            if token in _ALONE or (len(token) > 1 and (person or not _known(token))):
                length = _named(tokens, place, person)
        elif token[0] in _CALLS and len(token) > 1 and _calls(token):
            length = 1 if len(token) > 2 else 0
            if place + 1 < end and _is_given(tokens[place + 1][0], 5 - max(len(token), 3)):
                length = 2
        elif person and len(token) > 1 and _foreign(token):
            length = 1
        if person and not length and place and tokens[place - 1][0][-1] in _ALONE and _is_given(token, 2):
            length = 0 if _is_word(token) else 1  # 处理费|晓东
        if length:
            yield _BLANK
            place += length
        else:
            yield token
            place += 1


def _named(tokens: Sequence[tuple[str, str]], place: int, person: bool) -> int:
    """How many tokens a name takes up that begins here with a surname; 0 when there is none."""
    token = tokens[place][0]
    after = tokens[place + 1][0] if place + 1 < len(tokens) else ""
    before, kind = tokens[place - 1] if place else ("", "")
    if 1 < len(token) < 5 and kind != "m" and _is_name(token, person, after):  # 三十余人
        return 1
    if token in _ALONE:
        return _joined(tokens, place, before in _PERSONS)
    if len(token) == 2 and token[0] in _ALONE and kind != "m" and _is_given(after.removesuffix("家"), 1):
        return 2 if token[1] in names.GIVEN and not _known(token) else 0  # 石志|刚家
    return 0


def _joined(tokens: Sequence[tuple[str, str]], place: int, told: bool) -> int:
    """How many tokens a name takes up whose surname stands alone; 0 when there is none. `told`: a word for a person stands before."""
    token, tag = tokens[place]
    given, kind = tokens[place + 1] if place + 1 < len(tokens) else ("", "")
    if not _is_given(given, 2):
        return 0
    hesitant = token in _HESITANT or (token not in names.FIRM and (len(given) == 1 or _known(given)))
    if hesitant and not told and kind[:2] != "nr":
        return 0
    if tag == "q" and place and tokens[place - 1][1] in {"m", "r"}:  # 一张, 每段
        return 0
    if len(given) == 1 and place + 2 < len(tokens) and _is_given(tokens[place + 2][0], 1):
        return 3
    return 2


def _is_given(token: str, most: int) -> bool:
    return 0 < len(token) <= most and token not in _FUNCTION and names.GIVEN.issuperset(token)


@lru_cache(maxsize=50_000)
def _calls(token: str) -> bool:
    """Whether a verb that takes a person is glued to a name here: 找俞国强 cut as one."""
    begins = token[1] in names.FIRM or token[1] in names.COMMON
    return (
        begins
        and len(token) < 5
        and names.GIVEN.issuperset(token[2:])
        and not _known(token)
        and (len(token) == 2 or not _is_word(token[1:]))
    )


@lru_cache(maxsize=100_000)
def _is_name(token: str, person: bool, after: str) -> bool:
    """Whether a word that begins with a surname is a name. `person`: the tagger takes it for one; `after`: what follows."""
    first, length = token[0], len(token)
    if token in names.ORDINARY or (length == 2 and token[1] == "家"):
        return False
    if token[-1] == "家" and length > 2 and not _known(token):  # 俞国强家
        return _is_name(token[:-1], person, after)
    doubtful = token[:2] in names.DOUBTFUL
    met = names.GIVEN.issuperset(token[2 if doubtful and length > 2 else 1 :])
    firm, common, known = first in names.FIRM, first in names.COMMON, _known(token)
    if after in names.NAMED_PLACE or _ends_as_place(token, firm or common, met):
        return False
    if length == 4:
        return person and (doubtful or (met and not known and (firm or common)))
    if length == 2:
        if person:
            return firm or (common and met)
        return firm and met and not known and token[1] not in _FUNCTION
    if not met and _is_word(token[:2]):
        return False  # 施工图
    if not person:
        return met and not known and (firm or common)
    if known:
        return firm or doubtful or (common and met and token[:2] not in names.ORDINARY)
    return firm or common or met


def _ends_as_place(token: str, likely: bool, met: bool) -> bool:
    if token[-1] not in names.PLACE:
        return False
    alike = token[-1] in names.NATURE and (token[0] in names.FIRM if len(token) == 2 else token[1] not in "家公里")
    return not (likely and met and alike)


@lru_cache(maxsize=50_000)
def _foreign(token: str) -> bool:
    """Whether a word that the tagger takes for a person is a name by its sounds, or has one behind its first character."""
    if _known(token):
        return token in names.SHORT_PARTS
    behind = len(token) == 4 and token[1] in names.FIRM and names.GIVEN.issuperset(token[2:])
    return behind or _SPOKEN.fullmatch(token.removesuffix("家")) is not None


@lru_cache(maxsize=50_000)
def _is_word(text: str) -> bool:
    """Whether this is an ordinary word: in the dictionary and not as a person, or one that only looks like a person."""
    return text in names.ORDINARY or (_known(text) and all(tag[:2] != "nr" for _, tag in _cutter().tag(text)))
