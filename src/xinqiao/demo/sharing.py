"""Where a process that helps to load the demonstration begins: Django stands first, then the scripts are told."""

from typing import Any

import django


def run(where: dict[str, Any], *told: Any) -> None:
    """Set up the application on the database `where` (a Django database setting) and tell one share of the scripts."""
    django.setup()
    from django.db import connections

    connections.databases["default"].update(where)
    from xinqiao.demo import services

    services.tell_share(*told)
