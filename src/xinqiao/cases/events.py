"""What can happen to a case: every step that a procedure declares, and a duty missed. Bodies hold references only."""

from xinqiao import law
from xinqiao.kernel.words import N_
from xinqiao.ledger.events import Privacy, declare


def declare_all() -> None:
    """Declare the events of all procedures to the ledger."""
    declare("obligation.missed", label=N_("超过了期限"), privacy=Privacy.reference_only)
    for event in law.events():
        declare(event, label=law.event_label(event), privacy=Privacy.reference_only)
