"""What others ask of the demonstration: who may be signed in as, and whether it was loaded to its end."""

from xinqiao.demo.sign_ins import SignIn, password, sign_ins
from xinqiao.people.selectors import demonstration
from xinqiao.triage.models import KnowledgeEntry

__all__ = ["SignIn", "complete", "password", "sign_ins"]


def complete() -> bool:
    """Whether this database is a demonstration that was loaded to its end: knowledge is stored last."""
    return demonstration() and KnowledgeEntry.objects.exists()
