"""Who may be signed in as in the demonstration. Pure: asks no database."""

from dataclasses import dataclass

from xinqiao.demo import matters


@dataclass(frozen=True)
class SignIn:
    """A sign-in of the demonstration and what it shows."""

    login: str
    name: str
    organ: str  # code
    role: str
    shows: str


def password() -> str:
    """The one password of all sign-ins of the demonstration; it works nowhere else."""
    return str(matters.read("staff.yaml")["password"])


def sign_ins() -> list[SignIn]:
    """The sign-ins worth trying first, in the order of the tour. Pure: says nothing about this database."""
    posts = {one.login: one for one in matters.staff()}
    return [
        SignIn(
            row["login"], posts[row["login"]].name, posts[row["login"]].organ, posts[row["login"]].role, row["shows"]
        )
        for row in matters.read("staff.yaml")["tour"]
    ]
