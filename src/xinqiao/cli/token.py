"""`xinqiao token make|list|revoke`: keys for programs, each working in one post."""

import argparse
from typing import Any
from uuid import UUID

from xinqiao.cli.support import database, tell
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, NotFound


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("token", help="make, list and revoke the keys by which programs use the interface")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    make = commands.add_parser("make", help="make a token for a post; it is printed now and never again")
    make.add_argument("username", help="whose post it is")
    make.add_argument("--post", type=int, help="the post's id, when somebody has several")
    make.add_argument("--name", default="xinqiao token", help="what the token is for")
    make.add_argument("--scopes", default="submit,read,step,search", help="submit, read, step, search (default: all)")
    make.add_argument("--days", type=int, default=90, help="how long it lives (default 90, at most 366)")
    make.set_defaults(run=_make)
    listed = commands.add_parser("list", help="the tokens of somebody's posts")
    listed.add_argument("username")
    listed.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="end a token now")
    revoke.add_argument("prefix", help="the ten letters after xq_")
    revoke.set_defaults(run=_revoke)


def _make(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, clock, tokens
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.models import Post, in_force

        with access.acting(SYSTEM("token make")) as actor:
            today = clock.today()
            posts = Post.objects.filter(in_force(today), account__username__iexact=arguments.username).order_by("pk")
            ids = [pk for pk in posts.values_list("pk", flat=True) if arguments.post in (None, pk)]
            if len(ids) != 1:
                raise BadInput({"post": f"{arguments.username} 有 {len(ids)} 个这样的岗位，请用 --post 指明：{ids}"})
            issued = tokens.token_create(
                post_id=ids[0],
                name=arguments.name,
                scopes=[word.strip() for word in arguments.scopes.split(",")],
                days=arguments.days,
                actor=actor,
                at=utc_now(),
                on=today,
            )
    expires = issued.token.expires_at.isoformat()
    tell(
        arguments,
        {"token": issued.text, "prefix": issued.token.prefix, "post": issued.token.post_id, "expires_at": expires},
        issued.text,
        "只显示这一次，请马上存好。",
    )
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, tokens
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.models import Account

        with access.acting(SYSTEM("token list")):
            account = Account.objects.filter(username__iexact=arguments.username).first()
            if account is None:
                raise NotFound(f"没有叫 {arguments.username} 的账号。")
            rows: list[dict[str, Any]] = [
                {
                    "prefix": one.prefix,
                    "name": one.name,
                    "post": one.post_id,
                    "scopes": one.scopes,
                    "expires_at": one.expires_at.isoformat(),
                    "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
                    "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
                }
                for one in tokens.tokens_of(account.pk)
            ]
    lines = [f"{row['prefix']}  {row['name']}  {','.join(row['scopes'])}  {row['expires_at'][:10]}" for row in rows]
    tell(arguments, {"tokens": rows}, *lines)
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, tokens
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.token_models import ApiToken

        with access.acting(SYSTEM("token revoke")) as actor:
            found: UUID | None = ApiToken.objects.filter(prefix=arguments.prefix).values_list("pk", flat=True).first()
            if found is None:
                raise NotFound("没有这个密钥。")
            tokens.token_revoke(token_id=found, actor=actor, at=utc_now())
    tell(arguments, {"prefix": arguments.prefix, "revoked": True}, "已停用。")
    return 0
