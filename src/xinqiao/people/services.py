"""Everything that people writes, under one roof."""

from xinqiao.people.accounts import (
    account_add,
    account_end,
    password_reset,
    post_add,
    post_end,
    second_factor_reset,
)
from xinqiao.people.administration import (
    area_add,
    area_close,
    area_rename,
    competence_add,
    competence_change,
    organ_add,
    organ_change,
    organ_dissolve,
    reviewer_add,
    reviewer_end,
)
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
    "account_add",
    "account_end",
    "area_add",
    "area_close",
    "area_rename",
    "areas_import",
    "attempt_allowed",
    "attempt_guard",
    "attempt_record",
    "attempts_forget",
    "clock_move",
    "competence_add",
    "competence_change",
    "instance_create",
    "organ_add",
    "organ_change",
    "organ_dissolve",
    "password_reset",
    "person_correct",
    "person_lookup",
    "person_move_domain",
    "person_reveal",
    "person_store",
    "persons_with",
    "phone_code_check",
    "phone_code_send",
    "phone_codes_forget",
    "post_add",
    "post_changes_seen",
    "post_end",
    "post_set_deputy",
    "post_set_leave",
    "post_switch",
    "register_sender",
    "reviewer_add",
    "reviewer_end",
    "second_factor_reset",
]
