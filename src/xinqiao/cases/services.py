"""The one door: every change of a case is a step that the law decides on. `outcome` writes it, with its ledger entry."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext

from xinqiao import law
from xinqiao.files import services as files
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.law import types as law_types
from xinqiao.ledger import services as ledger
from xinqiao.ledger.batch import Batch
from xinqiao.people.actors import Actor

from . import access, effects, holding, outcome, seals
from .holding import Held
from .models import Assist, Case, Document, Obligation, Recusal

MOST_AT_ONCE = 100
KEPT_KEYS = (
    "missed/",
    "missed-step/",
    "lapse/",
    "succeed/",
)  # keys of the system; nobody else may use them up


@dataclass(frozen=True)
class Upload:
    """A file as it came in, not yet looked at."""

    name: str
    data: bytes
    kind: str = "photo"  # photo | paper | authority | evidence | scan

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Move:
    """One step of one case, as `take_steps` takes it. `uploads` are stored and become inputs of kind `files`."""

    case_id: UUID
    step: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    uploads: Mapping[str, Sequence[Upload]] = field(default_factory=dict)


@dataclass(frozen=True)
class StepResult:
    """What a step did, and where it left the case (which may have gone on since). `replayed`: it had been done before."""

    case: Case
    seq: int
    event: str = ""
    documents: tuple[Document, ...] = ()
    replayed: bool = False
    procedure: str = ""  # right after this step; `case` may have gone on since
    state: str = ""


@dataclass(frozen=True)
class Standing:
    """What the law asks of a case beside its own row: who assists, what is open, which papers live, who stepped back."""

    assists: frozenset[int]
    acts: frozenset[str]
    documents: Mapping[str, str]
    recused: bool = False


def facts_of(case: Case, standing: Standing | None = None) -> law_types.Facts:
    """What the law needs to know of `case`. Reads its open obligations, live documents and assisting organs if not given."""
    kept = case.facts
    seen = standing or Standing(
        assists=frozenset(case.assists.filter(closed_at__isnull=True).values_list("organ_id", flat=True)),
        acts=frozenset(case.obligations.filter(settled_at__isnull=True).values_list("act", flat=True)),
        documents=dict(case.documents.filter(live=True).values_list("kind", "state")),
    )
    return law_types.Facts(
        procedure=case.procedure,
        version=case.version,
        state=case.state,
        jurisdiction=case.jurisdiction,
        received_on=case.received_on,
        office=case.office_id,
        lead=case.lead_id,
        assists=seen.assists,
        dates={name: date.fromisoformat(day) for name, day in kept.get("dates", {}).items()},
        flags=frozenset(kept.get("flags", ())),
        counts=dict(kept.get("counts", {})),
        open_acts=seen.acts,
        documents=seen.documents,
        anonymous=case.anonymous,
        sealed=case.sealed,
        channel=case.channel,
        stamped=seals.current().by_hand,
    )


def options(*, case: Case, actor: Actor, at: datetime, standing: Standing | None = None) -> list[law_types.Option]:
    """The steps that `actor` may take on `case` at `at`, with their forms. `standing`: what has been read already."""
    if standing is None:
        return options_of([case], actor=actor, at=at)[case.id]
    return _options(case, standing, actor, at)


def options_of(cases: Sequence[Case], *, actor: Actor, at: datetime) -> dict[UUID, list[law_types.Option]]:
    """The steps that `actor` may take on each of `cases`, by their ids: four queries however many there are."""
    standing = standings(cases, actor)
    return {case.id: _options(case, standing[case.id], actor, at) for case in cases}


def _options(case: Case, standing: Standing, actor: Actor, at: datetime) -> list[law_types.Option]:
    roles = access.roles(case, actor, assists=standing.assists)
    seen_as = law_types.Actor(roles=roles, organ=actor.organ_id, recused=standing.recused)
    return law.options(facts_of(case, standing), seen_as, at)


def standings(cases: Sequence[Case], actor: Actor) -> dict[UUID, Standing]:
    """What has to be read beside each case before the law can be asked: four queries however many there are."""
    ids = [case.id for case in cases]
    assists: dict[UUID, set[int]] = {each: set() for each in ids}
    acts: dict[UUID, set[str]] = {each: set() for each in ids}
    papers: dict[UUID, dict[str, str]] = {each: {} for each in ids}
    for each, organ in Assist.objects.filter(case_id__in=ids, closed_at__isnull=True).values_list(
        "case_id", "organ_id"
    ):
        assists[each].add(organ)
    for each, act in Obligation.objects.filter(case_id__in=ids, settled_at__isnull=True).values_list("case_id", "act"):
        acts[each].add(act)
    for each, kind, state in Document.objects.filter(case_id__in=ids, live=True).values_list(
        "case_id", "kind", "state"
    ):
        papers[each][kind] = state
    recused = set()
    if actor.account_id is not None:
        mine = Recusal.objects.filter(case_id__in=ids, account_id=actor.account_id)
        recused = set(mine.values_list("case_id", flat=True))
    return {
        each: Standing(frozenset(assists[each]), frozenset(acts[each]), papers[each], each in recused) for each in ids
    }


def take_step(
    *,
    case_id: UUID,
    step: str,
    actor: Actor,
    at: datetime,
    inputs: Mapping[str, Any] | None = None,
    uploads: Mapping[str, Sequence[Upload]] | None = None,
    key: str,
) -> StepResult:
    """Take one step of a case. The same `key` again gives the same result and does nothing more.

    Raises NotFound (absent or not for this actor), Refused (with what would be allowed), BadInput (by field),
    Conflict (same key, other content).
    """
    return take_steps([Move(case_id, step, inputs or {}, uploads or {})], actor=actor, at=at, key=key)[0]


def take_steps(moves: Sequence[Move], *, actor: Actor, at: datetime, key: str) -> list[StepResult]:
    """Take steps of up to a hundred cases in one transaction: all or none. The cases are locked in the order of their ids.

    Several steps of one case are taken in the order given.
    """
    keys = _keys(key, len(moves))
    with _Whole() as whole:
        claim = holding.hold({move.case_id for move in moves}, actor=actor, keys=keys)
        return _take_all(claim, moves, actor=actor, at=at, key=key, whole=whole)


def take_steps_of(
    number: str,
    steps: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    actor: Actor,
    at: datetime,
    key: str,
    ready: Callable[[Case, Move], Move],
) -> list[StepResult]:
    """Take steps, each with its inputs, of the one case with that number, in the order given: all or none.

    `ready` looks a move over when its turn has come, with the case as the moves before have left it, and returns the move as
    it is taken; the request is the move as it was given. Sealed cases are not found here.
    """
    keys = _keys(key, len(steps))
    with _Whole() as whole:
        claim = holding.hold(number, actor=actor, keys=keys)
        case = next((one.case for one in claim.held.values()), None)
        if case is None or case.sealed:
            raise NotFound()
        moves = [Move(case.id, step, inputs) for step, inputs in steps]
        return _take_all(claim, moves, actor=actor, at=at, key=key, whole=whole, ready=ready)


def _keys(key: str, count: int) -> list[str]:
    """The keys to claim: the request's own is the first move's, so that one move and a list never share a key. Formerly a
    list had key/0 instead.
    """
    if not 0 < count <= MOST_AT_ONCE:
        raise ValueError(f"between 1 and {MOST_AT_ONCE} moves at once")
    return [key] if count == 1 else [key, *(f"{key}/{place}" for place in range(count))]


def _requests(
    claim: holding.Claim, moves: Sequence[Move], actor: Actor, key: str
) -> list[tuple[str, bytes, tuple[UUID, int] | None]]:
    """For each move its key, what its key is kept with, and what it did when the request came before.

    The hash of a move in a list covers the whole list. What was formerly kept of lists covers each move alone, the first
    under key/0: such a list is recognised when all its moves are the same. Raises Conflict for other content.
    """
    own = [_hash_of_request(move, actor) for move in moves]
    if len(own) == 1:
        return [(key, own[0], claim.replays([(key, own[0])])[0])]
    places = [f"{key}/{place}" for place in range(len(own))]
    former = claim.replays([(places[0], own[0])])[0]
    if former is not None:
        done = claim.replays(list(zip(places, own, strict=True)))
        if None in done:
            raise ledger.other_content()
        return list(zip(places, own, done, strict=True))
    whole = hashlib.sha256(b"".join(own)).digest()
    requests = [(each, hashlib.sha256(one + whole).digest()) for each, one in zip([key, *places[1:]], own, strict=True)]
    return [(each, digest, done) for (each, digest), done in zip(requests, claim.replays(requests), strict=True)]


class _Whole(contextlib.ExitStack):
    """All or none. Within the caller's transaction a savepoint is set only when something is about to be written by itself:
    what goes out with the last batch needs none.
    """

    def __enter__(self) -> "_Whole":
        self._safe = not connection.in_atomic_block
        if self._safe:
            self.enter_context(transaction.atomic())
        return super().__enter__()

    def before_writing(self) -> None:
        """Files, or effects of a step, are written next."""
        if not self._safe:
            self.enter_context(transaction.atomic())
            self._safe = True


def _take_all(
    claim: holding.Claim,
    moves: Sequence[Move],
    *,
    actor: Actor,
    at: datetime,
    key: str,
    whole: _Whole,
    ready: Callable[[Case, Move], Move] | None = None,
) -> list[StepResult]:
    results, batch = [], Batch()
    for move, (each, digest, done) in zip(moves, _requests(claim, moves, actor, key), strict=True):
        one = claim.held.get(move.case_id)
        if one is None:
            raise NotFound()
        if done is not None:
            case = one.case
            results.append(StepResult(case, done[1], replayed=True, procedure=case.procedure, state=case.state))
        else:
            roles = access.roles(one.case, actor, assists=one.assists)
            seen_as = law_types.Actor(roles=roles, organ=actor.organ_id, recused=one.recused)
            taken = ready(one.case, move) if ready else move
            result = _take(one, taken, seen_as, actor=actor, at=at, key=each, digest=digest, batch=batch, whole=whole)
            results.append(result)
    ledger.send(batch)
    return results


def begin(
    held: Held,
    *,
    step: str,
    inputs: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    key: str,
    digest: bytes = b"",
    batch: Batch,
) -> StepResult:
    """Take a step of a case that was made in this transaction and that nobody else can see yet: no lock, no look-up.

    Whoever brings a matter in does so as a petitioner or as intake, whatever their post. The caller sends the batch.
    """
    role = {"citizen": "petitioner", "staff": "intake", "system": "system"}[actor.kind]
    seen_as = law_types.Actor(roles=frozenset({role}), organ=actor.organ_id)
    move = Move(held.case.id, step, inputs)
    digest = digest or _hash_of_request(move, actor)
    return _take(held, move, seen_as, actor=actor, at=at, key=key, digest=digest, batch=batch)


def _hash_of_request(move: Move, actor: Actor) -> bytes:
    asked = {"case": move.case_id, "step": move.step, "inputs": move.inputs, "by": [actor.kind, actor.account_id]}
    if move.uploads:
        asked["files"] = {name: [upload.digest for upload in uploads] for name, uploads in move.uploads.items()}
    return hashlib.sha256(canonical(asked)).digest()


def _take(
    held: Held,
    move: Move,
    seen_as: law_types.Actor,
    *,
    actor: Actor,
    at: datetime,
    key: str,
    digest: bytes,
    batch: Batch,
    whole: _Whole | None = None,
) -> StepResult:
    case = held.case
    if actor.kind != "system" and key.startswith(KEPT_KEYS):
        raise Conflict("这张表单不完整，没有办成。请刷新页面后再试。", remedy="刷新页面，核对后重新提交。")
    facts = facts_of(case, _standing_of(held))
    inputs, uploaded = dict(move.inputs), dict(move.uploads)
    if facts.state:  # what a step does not declare is not kept; only bringing a matter in carries references of its own
        declared = law.input_names(facts, move.step)
        inputs = {name: value for name, value in inputs.items() if name in declared}
        uploaded = {name: value for name, value in uploaded.items() if name in declared}
    for name, uploads in uploaded.items():
        if whole:
            whole.before_writing()
        stored = [
            files.blob_store(
                name=u.name, data=u.data, kind=u.kind, case_id=case.id, sealed=case.sealed, actor=actor, at=at
            )
            for u in uploads
        ]
        inputs[name] = [blob.id for blob in stored]
    decision = law.decide(facts, move.step, inputs, seen_as, at)
    if isinstance(decision, law_types.Refusal):
        if decision.fields:
            raise BadInput(decision.fields)
        raise Refused(
            gettext("；").join(gettext(why) for why in decision.reasons), allowed=decision.allowed, cites=decision.cites
        )
    seq = case.head_seq + 1
    context = effects.Context(case=case, decision=decision, inputs=inputs, actor=actor, at=at, seq=seq)
    effects.check(context)
    ahead = whole.before_writing if whole else None
    papers = outcome.write(held, context, key=key, digest=digest, batch=batch, ahead=ahead)
    return StepResult(case, seq, decision.event, papers, procedure=decision.procedure, state=decision.state)


def _standing_of(held: Held) -> Standing:
    return Standing(
        assists=frozenset(held.assists),
        acts=frozenset(one.act for one in held.obligations),
        documents={one.kind: one.state for one in held.documents},
        recused=held.recused,
    )
