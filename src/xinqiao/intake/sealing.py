"""What intake keeps of a case that is sealed or unsealed: the submission's words and the identities behind it."""

from datetime import datetime

from xinqiao.cases import sealing, words
from xinqiao.cases.models import Case
from xinqiao.people import services as people
from xinqiao.people.actors import Actor

from .models import Party, Submission


def register() -> None:
    """Take part in sealing."""
    sealing.register_rewriter(_rewrite)


def _rewrite(case: Case, sealed: bool, actor: Actor, at: datetime) -> None:
    for submission in Submission.objects.filter(items__case=case):
        kept = words.get(submission) or {}
        words.put(submission, kept, sealed=sealed)
        submission.sealed = sealed
        submission.title = "" if sealed else str(kept.get("title", ""))
        submission.save(update_fields=["words", "words_sealed", "sealed", "title"])
        for person_id in Party.objects.filter(submission=submission).values_list("person_id", flat=True):
            people.person_move_domain(
                person=person_id,
                domain="sealed" if sealed else "open",
                actor=actor,
                at=at,
                case_id=case.id,
                reason="密封" if sealed else "解除密封",
            )
