"""What follows an answer in every procedure: service, the petitioner's own judgement, windows that run out, the end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, field_, tell
from xinqiao.law.parameters import value
from xinqiao.law.procedures.guards import after, as_day, is_open, lacks, within
from xinqiao.law.types import Actor, Choice, Decision, Facts, Settle

METHODS = (
    Choice("in_person", N_("当面送交")),
    Choice("post", N_("邮寄")),
    Choice("electronic", N_("网上送达（来信人在进度页面查阅）")),
    Choice("refused", N_("拒收，留置")),
    Choice("announcement", N_("公告")),
)
SCORES = (Choice("satisfied", N_("满意")), Choice("basically", N_("基本满意")), Choice("not", N_("不满意")))

SERVICE = (
    field_("method", N_("怎么送达的"), "choice", choices=METHODS),
    field_("served_on", N_("送达日期"), "date", help=N_("来信人收到的那一天；公告的，是公告期满那一天")),
    field_("receiver", N_("谁收的"), "text", required=False),
    field_("published_on", N_("公告日期"), "date", required=False, when=N_("公告送达要填")),
    field_("proof", N_("送达回证或者凭证"), "files", required=False, when=N_("当面、邮寄、留置都要附")),
    field_("remarks", N_("说明"), "long", required=False),
)

# An answer that was made before a withdrawal took effect stands: the withdrawal falls away, every right to it stays.
ANSWER_MADE: Mapping[str, Any] = {"lifts": ("withdraw.undo",), "clears": ("withdrawing",)}


def check_service(since: str) -> Any:
    """Service is no earlier than the day `since`, is proven, and an announcement has run its days (民事诉讼法, by analogy)."""

    def check(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
        served = as_day(inputs["served_on"])
        if served < facts.dates[since]:
            return {"served_on": N_("送达不会早于文书作出的那一天，请核对日期。")}
        if inputs["method"] in ("in_person", "post", "refused") and not inputs.get("proof"):
            return {"proof": N_("请附上送达回证、邮寄凭证或者留置时的照片。")}
        if inputs["method"] == "announcement":
            if not inputs.get("published_on"):
                return {"published_on": N_("请填写公告日期。")}
            if served < as_day(inputs["published_on"]) + timedelta(days=value("announcement.days", served).value):
                return {"served_on": N_("公告期还没有满，期满那一天才算送达。")}
        return {}

    return check


def served_day(inputs: Mapping[str, Any], decision: Decision, *acts: str) -> Decision:
    """The decision with the day of service and `acts` met on that day."""
    day = as_day(inputs["served_on"])
    met = tuple(Settle(act, "met", on=day) for act in acts)
    return replace(decision, dates={**decision.dates, "served": day}, settles=decision.settles + met)


def _explained_when_not(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    if inputs["score"] == "not" and not str(inputs.get("reasons") or "").strip():
        return {"reasons": N_("请说说哪里不满意，我们才能改进。")}
    return {}


def _rated(mine: str, other: str) -> Any:
    def effect(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
        flags = {f"rated_{mine}"} | ({f"satisfied_{mine}"} if inputs["score"] != "not" else set())
        settles = decision.settles
        if f"rated_{other}" in facts.flags and "evaluation" in facts.open_acts:
            settles = (*settles, Settle("evaluation", "met"))
        return replace(decision, flags_set=frozenset(flags), settles=settles)

    return effect


def rating(*states: str) -> tuple[Edge, ...]:
    """The petitioner judges petition office and responsible unit apart, once each, within the window; also after the end."""
    over = N_("评价期已经过了，或者还没有答复可以评价。")
    needs = (
        field_("score", N_("您满意吗"), "choice", choices=SCORES),
        field_("reasons", N_("说说理由"), "long", required=False, when=N_("不满意的请写明"), help=N_("我们会回头看")),
    )
    return tuple(
        Edge(
            f"rate_{mine}",
            (*states, "closed"),
            "",
            ("petitioner",),
            label,
            ("xinfang-2022:21(2)", "local:evaluation"),
            N_("两个评价分开，互不影响；没有人能替您评价"),
            needs=needs,
            guards=(lacks(f"rated_{mine}", N_("您已经评价过了，谢谢。")), within("evaluation", "served", over)),
            checks=(_explained_when_not,),
            effect=_rated(mine, other),
            may_settle=("evaluation",),
            notices=tell("rated", "office", "lead"),
            shared=True,
            weight="primary" if mine == "unit" else "plain",
            done=done,
            staff=staff,
        )
        for mine, other, label, done, staff in (
            ("unit", "office", N_("评价承办单位"), N_("您评价了承办单位"), N_("来信人评价承办单位")),
            ("office", "unit", N_("评价信访部门"), N_("您评价了信访部门"), N_("来信人评价信访部门")),
        )
    )


def lapse(act: str, step: str, start: str, cite: str, label: str, *states: str) -> Edge:
    """The window `act` runs out by itself. Nothing is barred by it (Art. 36 para 3 bars only after a re-review)."""
    return Edge(
        step,
        states,
        "",
        ("system",),
        label,
        (cite,),
        guards=(is_open(act, N_("没有开着的期限。")), after(act, start, N_("期限还没有过。"))),
        lifts=(act,),
        flags=(f"lapsed_{act}",),
        shared=True,
        private=True,
        lapses=act,
    )


def close(
    states: tuple[str, ...], guards: tuple[Any, ...], cause: str, *cites: str, by: tuple[str, ...] = ("officer", "head")
) -> Edge:
    """The end of a case that was answered."""
    return Edge(
        "close",
        states,
        "closed",
        by,
        N_("办结归档"),
        cites,
        N_("结束以后，来信人照样可以查看；有新的情况随时可以再提"),
        needs=(field_("remarks", N_("办结说明"), "long", required=False),),
        guards=guards,
        dates=("closed",),
        closes=cause,
        notices=tell("closed", "petitioner"),
        shared=True,
        done=N_("这件事办结"),
    )
