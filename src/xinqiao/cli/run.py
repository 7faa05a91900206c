"""xinqiao run web|worker|stream|archive|migrate|check: one process each, for systemd and the like"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from xinqiao.cli import support
from xinqiao.config.environment import Role


def add(subparsers: Any) -> None:
    """Register `run`."""
    words = subparsers.add_parser(
        "run",
        help="run one process in the foreground (deploy/systemd does it so); everything at once is `server`",
        description="Looks whether surroundings and database are as the profile asks, refuses with a word and a remedy when "
        "they are not, and then becomes the process. XINQIAO_DATABASE_URL is the login of that process alone.",
    ).add_subparsers(title="processes", metavar="PROCESS", required=True)
    web = words.add_parser("web", help="portal and desk (role app)")
    web.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    web.add_argument("--port", type=int, default=8000)
    web.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    web.set_defaults(run=_web)
    stream = words.add_parser("stream", help="live events (role seal)")
    stream.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    stream.add_argument("--port", type=int, default=8001)
    stream.set_defaults(run=_stream)
    words.add_parser("worker", help="jobs: watcher, papers, messages (role seal)").set_defaults(run=_worker)
    words.add_parser("archive", help="keeps the archive XINQIAO_BACKUP up to date (role backup)").set_defaults(
        run=_archive
    )
    words.add_parser("migrate", help="lays out tables, then ends (role owner)").set_defaults(run=_migrate)
    check = words.add_parser("check", help="says whether web would start (role app), then ends")
    check.add_argument("--host", default="127.0.0.1")
    check.set_defaults(run=_check)


def _prepare(role: Role, *, host: str = "127.0.0.1") -> None:
    from xinqiao.config import environment
    from xinqiao.server import guard, places

    os.environ["XINQIAO_DB_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")
    if role in ("app", "seal"):
        guard.check_all(role, host=host)
    else:
        from xinqiao.config import production

        production.check()
    places.claim_home(environment.home())
    places.incoming(environment.home())


def _become(module: str, *words: str) -> int:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *words])  # noqa: S606 - no shell is wanted


def _web(arguments: argparse.Namespace) -> int:
    from xinqiao.server.supervisor import web_words

    _prepare("app", host=arguments.host)
    return _become(*web_words(arguments.host, arguments.port, arguments.workers))


def _stream(arguments: argparse.Namespace) -> int:
    from xinqiao.server.supervisor import stream_words

    _prepare("seal", host=arguments.host)
    os.environ.setdefault("XINQIAO_WEB_ORIGINS", os.environ.get("XINQIAO_ORIGINS", ""))
    return _become(*stream_words(arguments.host, arguments.port))


def _worker(_arguments: argparse.Namespace) -> int:
    _prepare("seal")
    return _become("xinqiao.server.worker")


def _archive(_arguments: argparse.Namespace) -> int:
    _prepare("backup")
    return _become("xinqiao.server.archiver")


def _migrate(_arguments: argparse.Namespace) -> int:
    _prepare("owner")
    return _become("xinqiao.server.tables")


def _check(arguments: argparse.Namespace) -> None:
    _prepare("app", host=arguments.host)
    from xinqiao.config import environment

    support.tell(
        arguments,
        {"profile": environment.profile(), "home": str(Path(environment.home()))},
        f"Surroundings and database are as the profile {environment.profile()} asks.",
    )
