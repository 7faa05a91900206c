"""Procedures drawn from their edges, as Mermaid text."""

from xinqiao.law.engine import Edge, Procedure
from xinqiao.law.procedures import PROCEDURES


def targets(procedure: Procedure, edge: Edge, state: str) -> tuple[tuple[str, str], ...]:
    """Every (procedure, state) to which `edge` may lead from `state`."""
    found = list(edge.routes.values()) if edge.turn else [(procedure.name, edge.to or state)]
    for other in edge.also:
        name, _, key = other.rpartition(":")
        found.append((name or procedure.name, key))
    return tuple(dict.fromkeys(found))


def diagram(name: str) -> str:
    """The procedure `name` as a Mermaid state diagram: moves only, not the steps that keep the state."""
    procedure = PROCEDURES[name]
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    {s.key}: {s.label}" for s in procedure.states]
    if name != "intake":
        lines.append(f"    [*] --> {procedure.entry}")
    drawn = dict.fromkeys(
        f"    {state or '[*]'} --> {key if where == name else where}: {edge.label}"
        for edge in procedure.edges
        if edge.step != "finalise_withdrawal"
        for state in edge.frm
        for where, key in targets(procedure, edge, state)
        if (where, key) != (name, state)
    )
    lines += drawn
    lines += [f"    {s.key} --> [*]" for s in procedure.states if s.end]
    return "\n".join(lines) + "\n"
