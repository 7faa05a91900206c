"""Run as the owner before pages are served: migrations, first keys, and whether this profile may use this database."""

import hashlib
import os
import sys
from importlib.metadata import version

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.kernel.errors import XinqiaoError

_BRING_TABLES = ("Django", "django-allauth", "procrastinate")


def mark() -> str:
    """A word for all that `lay_out` looks at: migrations, key file, profile, places. '' when it has to look itself.

    It is left as the comment of the table django_migrations, and so goes where the database goes: when it is there at the next
    start, there is nothing to lay out, and two seconds of loading are saved.
    """
    found = hashlib.sha256()
    try:
        keys = environment.keyring_file().stat()
    except OSError:
        return ""
    places = (environment.keyring_file().resolve(), environment.home(), environment.profile())
    found.update(repr((keys.st_size, keys.st_mtime_ns, *map(str, places))).encode())
    found.update(repr([(name, version(name)) for name in _BRING_TABLES]).encode())
    for path in sorted(environment.PACKAGE.glob("*/migrations/*.py")):
        found.update(str(path.relative_to(environment.PACKAGE)).encode() + path.read_bytes())
    return f"laid out {found.hexdigest()}"


def lay_out() -> None:
    """Apply missing migrations and make sure of the keys. Raises BadEnvironment or XinqiaoError with the remedy."""
    os.environ["XINQIAO_DB_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)

    from xinqiao.people import access, keyring, keys
    from xinqiao.people.actors import SYSTEM
    from xinqiao.people.models import Instance

    with access.acting(SYSTEM("start")):
        keyring.check_outside(keys.keyring_path(), environment.home())
        keys.prepare()
        if environment.profile() == "production" and Instance.objects.filter(demonstration=True).exists():
            raise BadEnvironment(
                "This database was made as a demonstration and stays one; production refuses it. "
                "Name another XINQIAO_HOME or XINQIAO_DATABASE_URL."
            )
    _leave_mark()


def _leave_mark() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE django_migrations IS %s", [mark()])


if __name__ == "__main__":
    try:
        lay_out()
    except (BadEnvironment, XinqiaoError) as problem:
        sys.exit("\n".join(part for part in (str(problem), getattr(problem, "remedy", "")) if part))
