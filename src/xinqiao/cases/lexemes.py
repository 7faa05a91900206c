"""From words to lexemes: what the word index keeps of a text, what a question asks of it, and what is lit up in between.

Kept: words as rjieba cuts them, the dictionary's two- and three-character words wherever they stand, and every pair of
characters where the cut is unsure. Never kept: names of persons, and telephone, identity and other long numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

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

_SURNAMES = frozenset(
    "王李张刘陈杨赵吴周徐孙朱郭何林罗郑梁谢宋唐韩曹邓冯彭曾肖蒋蔡贾丁魏薛叶阎潘袁董余苏吕程卢傅沈姜崔钟谭陆汪范石廖姚邹熊郝孔邱秦侯"
    "邵孟龙万段雷钱汤黎易常武乔贺赖龚文胡高马黄江史夏方任金戴田杜严尹樊顾毛殷邢柳陶莫庄颜梅洪霍涂康倪"
)
_PLAIN_SURNAMES = frozenset("王李张刘陈赵吴徐孙朱郭郑宋韩邓冯彭肖蒋蔡贾魏薛阎潘袁董吕沈姜崔谭廖姚邹熊郝邱秦侯邵孟")
_ALSO_WORDS = frozenset(
    "高武金石林叶何文丁庄田方时江万常易严康龙梅马黄钱程任"
)  # begin ordinary pairs as often as names
_NOT_NAMES = re.compile("张贴|张嘴|张扬|张狂|张榜|陈述|陈旧|孙子|孙女|孙儿|朱砂|王法|王道|王朝|王子|王府|秦汉|侯选人")
_PLACE = frozenset("路街道巷弄桥村苑社区园湖山江河镇乡站院馆城里坊楼厦桩塘坝洲岛港渡口库井寺庙校庄家湾冲岭坪")
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
_TITLED = re.compile(
    rf"([{''.join(sorted(_SURNAMES))}])((?:(?![局所院校区科处市县镇队])[\u4e00-\u9fff]){{0,2}}?)(?:{_TITLES})"
)
_CUED = re.compile(rf"(?:{_CUES})(?:是|为|叫|[:：,，\s])*([{''.join(sorted(_SURNAMES))}][\u4e00-\u9fff]{{1,2}})")
_BLANK = "\n"


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
    plain = without_identities(question)
    for run in _HAN.findall(plain):
        found += _asked(run)
    found += _latin(plain)
    return list(dict.fromkeys(found))[:MOST_TERMS]


def without_identities(text: str) -> str:
    """The text without names of persons and without long numbers; each leaves a break, so that nothing joins across it."""
    plain = _NUMBERS.sub(_BLANK, text.translate(_WIDE))
    plain = _CUED.sub(_BLANK, plain)
    plain = _TITLED.sub(_blank_title, plain)
    return "".join(_unnamed(plain))


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
    if len(run) == 2:
        return [run]
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


def _pairs(token: str) -> list[str]:
    return [token[at : at + 2] for at in range(len(token) - 1)]


def _blank_title(match: re.Match[str]) -> str:
    return _BLANK + match.group()[len(match.group(1)) + len(match.group(2)) :]


def _unnamed(text: str) -> Iterator[str]:
    tokens: list[tuple[str, str]] = _cutter().tag(text)
    for place, (token, tag) in enumerate(tokens):
        after = tokens[place + 1][0][:1] if place + 1 < len(tokens) else ""
        yield _BLANK if tag.startswith("nr") and _is_name(token, after) else token


def _is_name(token: str, after: str) -> bool:
    if not 2 <= len(token) <= 3 or token[0] not in _SURNAMES or _NOT_NAMES.fullmatch(token):
        return False
    if after in _PLACE or token[-1] in _PLACE:
        return False
    if _known(token):
        return token[0] in _PLAIN_SURNAMES
    return len(token) == 3 or token[0] not in _ALSO_WORDS
