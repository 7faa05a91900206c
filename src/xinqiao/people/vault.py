"""The identity vault: what goes in is encrypted, what comes out asks a reason and leaves a trace (PIPL Art. 5-6, 51)."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.kernel.ids import uuid7
from xinqiao.ledger.batch import Batch
from xinqiao.people import keys
from xinqiao.people.actors import Actor
from xinqiao.people.identity import FIELDS, NORMALISE, Identity, identity
from xinqiao.people.models import AccessLog, Domain, Organ, Person, PersonIndex

LOOKUP_ROLES = frozenset({"clerk", "officer"})
LOOKUP_ORGANS = frozenset({Organ.Kind.PETITION_OFFICE.value, Organ.Kind.HOTLINE.value})


def open_person(person: Person) -> Identity:
    """The plain data of a person. Only the vault and its selectors call this."""
    plain = keys.decrypt(person.domain, person.ciphertext, person.id.bytes)
    known = json.loads(plain)
    return Identity(**{name: known.get(name, "") for name in FIELDS})


def _write(person: Person, data: Identity, at: datetime) -> None:
    plain = json.dumps({k: v for k, v in data.as_dict().items() if v}, ensure_ascii=False, sort_keys=True).encode()
    person.ciphertext = keys.encrypt(person.domain, plain, person.id.bytes)
    person.key_version = keys.version_of(person.ciphertext)
    person.changed_at = at
    batch = Batch()
    if person._state.adding:
        batch.insert(person)
    else:
        batch.update(person, ("domain", "ciphertext", "key_version", "changed_at"))
        batch.add("DELETE FROM people_personindex WHERE person_id = %s", [person.id])
    for kind, normalise in NORMALISE.items():
        value = normalise(getattr(data, kind))
        if value:
            version, digest = keys.blind(person.domain, kind, value)
            batch.insert(
                PersonIndex(
                    id=uuid7(), person=person, kind=kind, domain=person.domain, key_version=version, hash=digest
                )
            )
    batch.send()


def person_store(*, domain: str, actor: Actor, at: datetime, **data: str) -> Person:
    """Put somebody's identity into the vault of `domain` ("open" or "sealed"); data: name, phone, id_number, address, …

    Raises BadInput for a field that is too long.
    """
    row = Person(id=uuid7(), domain=Domain(domain).value, created_at=at, changed_at=at)
    _write(row, identity(**data), at)
    return row


def _person(person: Person | UUID, *, lock: bool = False) -> Person:
    rows = Person.objects.select_for_update() if lock else Person.objects.all()
    found = rows.filter(pk=person.pk if isinstance(person, Person) else person).first()
    if found is None:
        raise NotFound()
    return found


@transaction.atomic
def person_correct(*, person: Person | UUID, actor: Actor, at: datetime, case_id: UUID | None, **data: str) -> Person:
    """Replace the given fields (PIPL Art. 46); the former values are gone, that they changed is on the access log."""
    row = _person(person, lock=True)
    before = open_person(row).as_dict()
    clean = identity(**data).as_dict()
    after = before | {key: clean[key] for key in data}
    changed = sorted(key for key in FIELDS if before[key] != after[key])
    if changed:
        _write(row, Identity(**after), at)
        access_record(
            kind="correct",
            reason="更正身份信息",
            actor=actor,
            at=at,
            case_id=case_id,
            person_id=row.id,
            sealed=row.domain == Domain.SEALED,
            detail={"fields": changed},
        )
    return row


@transaction.atomic
def person_reveal(
    *, person: Person | UUID, fields: Iterable[str], reason: str, actor: Actor, at: datetime, case_id: UUID | None
) -> dict[str, str]:
    """The plain values of `fields`, with a trace of who asked, why, and on which case.

    The caller has made sure that `actor` may see this case and its identity. Raises BadInput without a reason,
    Refused for anybody but staff.
    """
    wanted = [name for name in FIELDS if name in set(fields)]
    wrong: dict[str, str] = {}
    if not wanted or set(fields) - set(FIELDS):
        wrong["fields"] = "请选择要查看哪些信息。"
    if len(reason.strip()) < 2:
        wrong["reason"] = "请写明为什么要查看，例如“电话核实情况”。信访人能看到这条记录。"
    if wrong:
        raise BadInput(wrong)
    if not actor.is_staff:
        raise Refused("只有工作人员可以查看身份信息。")
    row = _person(person)
    access_record(
        kind="reveal",
        reason=reason.strip(),
        actor=actor,
        at=at,
        case_id=case_id,
        person_id=row.id,
        sealed=row.domain == Domain.SEALED,
        detail={"fields": wanted},
    )
    plain = open_person(row).as_dict()
    return {name: plain[name] for name in wanted}


@transaction.atomic
def person_lookup(*, kind: str, value: str, contact_id: UUID, actor: Actor, at: datetime) -> list[UUID]:
    """Ids of the persons with this exact phone or id number, newest first; open domain only, logged.

    `contact_id` is the contact of this very clerk that the caller knows to be open. Raises Refused for other posts than
    clerks and officers of a petition office or hotline, BadInput for a value that cannot be one.
    """
    if kind not in NORMALISE:
        raise BadInput({"kind": "只能按手机号或证件号码查找。"})
    exact = NORMALISE[kind](value)
    if len(exact) < 7:
        raise BadInput({"value": "请输入完整的号码，不能只输入一部分。"})
    organ = Organ.objects.filter(pk=actor.organ_id).first() if actor.is_staff and actor.organ_id else None
    if organ is None or actor.role not in LOOKUP_ROLES or organ.kind not in LOOKUP_ORGANS:
        raise Refused("只有窗口、热线和信访工作人员在接待中可以按号码查找。")
    found = _matching(Domain.OPEN, kind, exact)
    access_record(
        kind="lookup",
        reason="接待中核对来访来电人",
        actor=actor,
        at=at,
        detail={"by": kind, "found": len(found), "contact": str(contact_id)},
    )
    return found


def persons_with(*, kind: str, value: str, domains: Iterable[str] = ("open", "sealed")) -> list[UUID]:
    """Ids of the persons with this exact value, for somebody who has just proven that it is their own."""
    exact = NORMALISE[kind](value)
    return [found for domain in domains for found in _matching(domain, kind, exact)] if exact else []


def _matching(domain: str, kind: str, exact: str) -> list[UUID]:
    rows = PersonIndex.objects.filter(domain=domain, kind=kind, hash__in=keys.blind_all(domain, kind, exact))
    return list(rows.order_by("-person_id").values_list("person_id", flat=True))


@transaction.atomic
def person_move_domain(
    *, person: Person | UUID, domain: str, actor: Actor, at: datetime, case_id: UUID | None, reason: str
) -> Person:
    """Encrypt and index a person anew in the other domain: when a matter is sealed or unsealed."""
    row = _person(person, lock=True)
    if row.domain == domain:
        return row
    data = open_person(row)
    row.domain = Domain(domain).value
    _write(row, data, at)
    access_record(
        kind="move",
        reason=reason or "转换保密域",
        actor=actor,
        at=at,
        case_id=case_id,
        person_id=row.id,
        sealed=True,
        detail={"to": domain},
    )
    return row


@transaction.atomic
def access_record(
    *,
    kind: str,
    reason: str,
    actor: Actor,
    at: datetime,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
    sealed: bool = False,
    detail: dict[str, Any] | None = None,
    again_after: timedelta | None = None,
) -> AccessLog | None:
    """Add a row to the access log. `again_after`: nothing is added when the same account did the same to the same case
    more recently than that (a page made of several requests); None is returned then. Raises BadInput without a reason.
    """
    if not reason.strip():
        raise BadInput({"reason": "请写明理由。"})
    if again_after is not None:
        same = {"kind": kind, "account_id": actor.account_id, "case_id": case_id, "person_id": person_id}
        if AccessLog.objects.filter(**same, at__gt=at - again_after).exists():
            return None
    row = AccessLog(
        id=uuid7(),
        at=at,
        kind=AccessLog.Kind(kind).value,
        actor_kind=actor.kind,
        account_id=actor.account_id,
        post_id=actor.post_id,
        case_id=case_id,
        person_id=person_id,
        sealed=sealed,
        reason=reason.strip()[:400],
        detail={**(detail or {}), **({"by_system": actor.name} if actor.kind == "system" else {})},
    )
    row.save(force_insert=True)
    return row
