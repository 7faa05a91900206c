"""Run as the owner before pages are served: migrations, first keys, and whether this profile may use this database."""

import os
import sys

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.kernel.errors import XinqiaoError


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


if __name__ == "__main__":
    try:
        lay_out()
    except (BadEnvironment, XinqiaoError) as problem:
        sys.exit("\n".join(part for part in (str(problem), getattr(problem, "remedy", "")) if part))
