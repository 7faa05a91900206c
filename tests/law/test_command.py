"""`xinqiao law`: words that a person reads and JSON that a program reads."""

import argparse
import json
from typing import Any

import pytest

from xinqiao.cli import law as command


def run(*words: str, as_json: bool = False) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    asked = parser.parse_args(["law", *words])
    asked.json = as_json
    return int(asked.run(asked) or 0)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str) -> Any:
        assert run(*words, as_json=True) == 0
        return json.loads(capsys.readouterr().out)

    return call


def test_due_answers_with_its_reasons(ask: Any) -> None:
    answer = ask("due", "notice", "--from", "2026-09-16")
    assert answer["due"] == "2026-10-08"
    assert answer["due_unrolled"] == "2026-10-01"
    assert answer["provisional"] is False
    assert answer["trace"][0] == {"text": "承办单位收到转送的事项", "day": "2026-09-16", "cite": "xinfang-2022:23(3)"}
    assert "minfadian:203" in answer["cites"]


@pytest.mark.parametrize(
    "term",
    [
        "referral",
        "notice",
        "objection",
        "decision",
        "extension",
        "review.apply",
        "review.decide",
        "rereview.apply",
        "rereview.decide",
        "simplified.accept",
        "simplified.answer",
        "simplified.hop",
    ],
)
def test_every_promised_term_can_be_asked(ask: Any, term: str) -> None:
    assert set(ask("due", term, "--from", "2026-03-02")) >= {"due", "due_unrolled", "provisional", "trace", "cites"}


def test_hearing_days_and_single_lengths(ask: Any) -> None:
    paused = ask("due", "rereview.decide", "--from", "2026-04-01", "--paused", "2026-04-10..2026-04-15")
    assert paused["due"] == "2026-05-07"
    assert ask("due", "execution", "--from", "2026-08-31", "--days", "30")["due"] == "2026-09-30"


def test_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("due", "objection", "--from", "2026-06-01") == 0
    assert capsys.readouterr().out.startswith("2026-06-08\n  2026年6月1日（周一）")
    assert run("explain", "evaluation", "--from", "2026-06-01") == 0
    assert "依据：本系统办事规则：评价；中华人民共和国民法典第二百零一条" in capsys.readouterr().out


def test_terms_name_what_binds_whom(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["term"]: row for row in ask("terms")}
    assert (rows["extension"]["length"], rows["objection"]["unit"]) == (90, "working")
    assert rows["review.apply"]["side"] == "window"
    assert "objection" not in {row["term"] for row in ask("terms", "--on", "2020-01-01")}
    assert run("terms") == 0
    assert "待核实" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("due", "soon", "--from", "2026-01-01"), "没有叫 soon 的期限"),
        (("explain", "soon", "--from", "2026-01-01"), "没有叫 soon 的期限"),
        (("due", "objection", "--from", "2020-01-01"), "这一天算不出来"),
        (("due", "notice", "--from", "2001-01-01"), "这一天算不出来"),
        (("due", "execution", "--from", "2026-01-01", "--days", "0"), "天数不对"),
        (("diagram", "moon"), "没有叫 moon 的程序"),
    ],
)
def test_a_wrong_question_gets_a_clear_word(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("due", "notice", "--from", "tomorrow"),
        ("due", "notice", "--from", "2026-01-01", "--paused", "2026-01-05"),
        ("due", "notice", "--from", "2026-01-01", "--paused", "2026-01-05..2026-01-01"),
    ],
)
def test_a_day_is_written_one_way(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(*words)
    assert "written like 2026" in capsys.readouterr().err


def test_check_diagram_coverage_questions(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("check") == {"problems": []}
    assert "accepted --> drafted" in ask("diagram", "redress")["mermaid"]
    assert {"encoded", "question", "not_modelled"} == {row["status"] for row in ask("coverage")}
    assert "roll.duty" in {row["id"] for row in ask("questions")}
    for words in (("check",), ("diagram", "intake"), ("coverage",), ("questions",)):
        assert run(*words) == 0
        assert capsys.readouterr().out


def test_check_fails_aloud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("xinqiao.law.checks.problems", lambda: ["nobody is waited for"])
    assert run("check") == 1
    assert "nobody is waited for" in capsys.readouterr().out
