"""Everything that people writes, under one roof."""

from xinqiao.people.attempts import attempt_allowed, attempt_guard, attempt_record, attempts_forget
from xinqiao.people.imports import areas_import
from xinqiao.people.instance import clock_move, instance_create
from xinqiao.people.phone import (
    PhoneProof,
    phone_code_check,
    phone_code_send,
    phone_codes_forget,
    register_sender,
)
from xinqiao.people.posts import post_changes_seen, post_set_deputy, post_set_leave, post_switch
from xinqiao.people.vault import (
    access_record,
    person_correct,
    person_lookup,
    person_move_domain,
    person_reveal,
    person_store,
    persons_with,
)

__all__ = [
    "PhoneProof",
    "access_record",
    "areas_import",
    "attempt_allowed",
    "attempt_guard",
    "attempt_record",
    "attempts_forget",
    "clock_move",
    "instance_create",
    "person_correct",
    "person_lookup",
    "person_move_domain",
    "person_reveal",
    "person_store",
    "persons_with",
    "phone_code_check",
    "phone_code_send",
    "phone_codes_forget",
    "post_changes_seen",
    "post_set_deputy",
    "post_set_leave",
    "post_switch",
    "register_sender",
]
