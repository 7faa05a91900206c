"""Who acts: one plain value that every service takes and every transaction is bound to."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

ActorKind = Literal["staff", "citizen", "system"]


@dataclass(frozen=True)
class Actor:
    """Somebody who acts.

    staff: `account_id` signed in, working in `post_id` (`role`, `area_code` and `organ_id` are that post's);
    `acting_for` is the name of the absent holder when a deputy works in somebody else's post.
    citizen: `case_ids` are the cases proven by number and code or by phone; none for a stranger.
    system: a job or a command; `name` says which.
    """

    kind: ActorKind
    account_id: int | None = None
    post_id: int | None = None
    organ_id: int | None = None
    role: str = ""
    area_code: str = ""
    name: str = ""
    case_ids: frozenset[UUID] = field(default_factory=frozenset)
    acting_for: str = ""

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    @property
    def account(self) -> int:
        """The id of the account of somebody on the staff. Raises TypeError for anybody else."""
        if self.account_id is None:
            raise TypeError("only staff have an account")
        return self.account_id

    @property
    def post(self) -> int:
        """The id of the post that somebody on the staff works in. Raises TypeError for anybody else."""
        if self.post_id is None:
            raise TypeError("only staff in a post have one")
        return self.post_id

    @property
    def organ(self) -> int:
        """The id of the organ of somebody in a post. Raises TypeError for anybody else."""
        if self.organ_id is None:
            raise TypeError("only staff in a post have an organ")
        return self.organ_id

    @property
    def is_citizen(self) -> bool:
        return self.kind == "citizen"


def SYSTEM(name: str) -> Actor:
    """The actor of a job or a command; `name` is kept with what it does, e.g. "watcher"."""
    return Actor(kind="system", name=name)


def CITIZEN(case_ids: frozenset[UUID] | set[UUID] = frozenset()) -> Actor:
    """A citizen who has proven these cases; a stranger when there are none."""
    return Actor(kind="citizen", case_ids=frozenset(case_ids))
