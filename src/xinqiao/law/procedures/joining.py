"""Matters that belong together: linked and unlinked by hand, and one answer that serves many (one main matter, its others)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, field_
from xinqiao.law.types import Actor, Choice, Decision, Facts, Input

LINKS = (
    Choice("repeat_of", N_("这件是那件的重复来件")),
    Choice("repeated_by", N_("那件是这件的重复来件")),
    Choice("joint", N_("两件是一起提出的")),
    Choice("child_of", N_("那件是主件，这件随它一并答复")),
    Choice("parent_of", N_("这件是主件，那件随它一并答复")),
)
_BY = ("intake", "officer", "handler", "head")
_OTHER = field_("other", N_("另一件的编号"), "text")
_KIND = field_("kind", N_("怎么关联"), "choice", choices=LINKS)


def _counted(sign: int) -> Callable[[Facts, Mapping[str, Any], Actor, datetime, Decision], Decision]:
    """A main matter knows how many others follow it; one that follows carries a flag."""

    def effect(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
        if inputs["kind"] == "parent_of":
            return replace(decision, counts_added={"children": sign})
        if inputs["kind"] == "child_of":
            flag = frozenset({"child"})
            return replace(decision, flags_set=flag) if sign > 0 else replace(decision, flags_cleared=flag)
        return decision

    return effect


def linking(states: tuple[str, ...]) -> tuple[Edge, ...]:
    """Linking two matters, and taking the link back. Each of the two gets its own entry; the petitioner is not shown the other."""
    everywhere = (*states, "closed")
    return (
        Edge(
            "link",
            everywhere,
            "",
            _BY,
            N_("关联另一件"),
            ("local:link",),
            N_("重复的、一起提出的、同类的，由人来认定；各件的期限不变，随时可以撤销"),
            needs=(_OTHER, _KIND, field_("reasons", N_("凭什么认定"), "text")),
            effect=_counted(1),
            shared=True,
            private=True,
            done=N_("与另一件关联"),
        ),
        Edge(
            "unlink",
            everywhere,
            "",
            _BY,
            N_("撤销关联"),
            ("local:link",),
            N_("关联和撤销都留在案卷里"),
            needs=(_OTHER, _KIND, field_("reasons", N_("为什么撤销"), "text")),
            effect=_counted(-1),
            shared=True,
            private=True,
            done=N_("撤销与另一件的关联"),
        ),
    )


def answering(states: tuple[str, ...], by: tuple[str, ...], *cites: str) -> Edge:
    """The answer of this main matter is given to the others that follow it, each by a step of its own."""
    return Edge(
        "answer_children",
        states,
        "",
        by,
        N_("随附各件一并答复"),
        (*cites, "local:link"),
        N_("各件得到同样的答复、各自的文号和通知；答复里不要写来信人的个人信息"),
        guards=(_has_children, _not_sealed),
        flags=("children_answered",),
        shared=True,
        private=True,
        done=N_("答复随附各件"),
    )


def _has_children(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    return "" if facts.counts.get("children", 0) > 0 else N_("没有随它一并答复的事项。")


def _not_sealed(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    return N_("密封的事项只能单独答复。") if facts.sealed else ""


def follows(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    """Only what somebody has put under a main matter is answered with it."""
    return "" if "child" in facts.flags else N_("这一件没有随主件一并答复。")


MAIN = Input("main", N_("主件"), "text", required=True)  # the link by which the answer came; never the other's number
WITH_MAIN = N_("与同类事项一并作出答复")
