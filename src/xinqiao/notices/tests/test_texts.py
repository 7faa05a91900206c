"""What people read: plain, whole sentences; number or code, never both; nothing about a sealed matter."""

import re
from pathlib import Path

import pytest

import xinqiao.law
from xinqiao.notices import texts

FULL = {
    "number": "123456789012",
    "code": "1234567890",
    "organ": "城管局",
    "due": "2026-10-08",
    "act": "告知是否受理",
    "count": 3,
    "minutes": 5,
}
BOOKS = [(kind, text) for kind, book in (("petitioner", texts.PETITIONER), ("organ", texts.STAFF)) for text in book]


@pytest.mark.parametrize(("kind", "text"), BOOKS)
def test_every_text_is_whole_whatever_is_known(kind: str, text: str) -> None:
    for params in (FULL, {"number": FULL["number"], "code": "1", "count": 3, "minutes": 5}, {}):
        words = texts.write(text, kind, params)
        assert words.subject
        assert words.body.endswith("。")
        assert "{" not in words.subject + words.body


@pytest.mark.parametrize(("kind", "text"), BOOKS)
def test_number_or_code_never_both(kind: str, text: str) -> None:
    assert not {"number", "code"} <= texts.find(text, kind).fields


@pytest.mark.parametrize(("kind", "text"), BOOKS)
def test_sealed_matters_are_told_of_in_the_same_neutral_words(kind: str, text: str) -> None:
    words = texts.write(text, kind, FULL, sealed=True)
    assert "城管局" not in words.body
    assert "受理" not in words.body
    neutral = ("received", "code", "phone_code", "data_changed", "progress")
    allowed = {texts.write(each, kind, FULL, sealed=True) for each in neutral}
    assert words in allowed


def test_a_text_without_words_of_its_own_says_that_there_is_something_new() -> None:
    assert not texts.known("never_heard_of", "petitioner")
    assert texts.write("never_heard_of", "petitioner", FULL) == texts.write("progress", "petitioner", FULL)
    assert "有新的进展" in texts.write("never_heard_of", "organ", FULL).body


def test_every_message_of_the_law_has_words_of_its_own() -> None:
    folder = Path(xinqiao.law.__file__).parent
    told = re.findall(r"tell\(([^)]*)\)", "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py")))
    found = [re.findall(r'"([a-z_]+)"', each) for each in told]
    assert len([each for each in found if each]) > 5
    missing = {
        (text, owner)
        for text, *owners in filter(None, found)
        for owner in owners or ["lead"]
        if not texts.known(text, "petitioner" if owner == "petitioner" else "organ")
    }
    assert not missing


def test_dates_are_sentences_and_numbers_are_read_in_fours() -> None:
    words = texts.write("passed_on", "petitioner", FULL)
    assert words.body.startswith("您的来件（编号 1234 5678 9012）已转给城管局。接下来：告知是否受理，最晚 10 月 8 日（")
    assert "查询码" in words.body


def test_a_sentence_whose_values_are_unknown_is_left_out() -> None:
    body = texts.write("passed_on", "petitioner", {"number": "123456789012-2", "organ": "城管局"}).body
    assert body == "您的来件（编号 1234 5678 9012-2）已转给城管局。随时可以用编号和查询码在网上查看进展。"


@pytest.mark.parametrize("sealed", [False, True])
def test_whoever_answered_the_old_telephone_reads_that_it_was_changed(sealed: bool) -> None:
    words = texts.write("data_changed", "phone", {}, sealed=sealed)
    assert words.body.startswith("有人到窗口更正了您来件上的联系信息。")
    assert "登录系统" not in words.body
