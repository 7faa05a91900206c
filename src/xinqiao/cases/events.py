"""What can happen to a case: every step that a procedure declares, and a duty missed. Bodies hold references only."""

from xinqiao import law
from xinqiao.ledger.events import Privacy, declare


def declare_all() -> None:
    """Declare the events of all procedures to the ledger."""
    for kind in law.events():
        declare(kind.event, label=kind.staff, privacy=Privacy.reference_only)
