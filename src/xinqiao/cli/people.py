"""`xinqiao people add|reset|end`: accounts of staff from the command line; the first administrator of a new instance."""

import argparse
from typing import Any

from xinqiao.cli.support import database, tell
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, NotFound

ROLES = ("admin", "clerk", "officer", "confidential", "handler", "head", "arbiter", "discipline")


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "people", help="make staff accounts, reset a lost password or second factor, end one"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    make = commands.add_parser(
        "add",
        help="make an account in a post; its one-time password is printed now and never again",
        description="On a new instance: xinqiao people add NAME --name 姓名 --organ CODE --organ-name 单位全称 --area 330105",
    )
    make.add_argument("username")
    make.add_argument("--name", required=True, help="the person's name")
    make.add_argument("--email", default="")
    make.add_argument("--role", choices=ROLES, default="admin")
    make.add_argument("--title", default="", help="the post's title (default: the role's name)")
    make.add_argument("--organ", required=True, metavar="CODE", help="the organ's code")
    make.add_argument(
        "--organ-name", default="", help="makes a petition office of that name when there is no such organ"
    )
    make.add_argument("--area", default="", metavar="CODE", help="the area of the organ that is made")
    make.set_defaults(run=_make)
    reset = commands.add_parser(
        "reset", help="a new one-time password; with --second-factor, forget the second factor too"
    )
    reset.add_argument("username")
    reset.add_argument("--second-factor", action="store_true")
    reset.set_defaults(run=_reset)
    end = commands.add_parser("end", help="end an account: it signs in no more, its posts end today")
    end.add_argument("username")
    end.set_defaults(run=_end)


def _make(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, clock, services
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.models import Post

        with access.acting(SYSTEM("people add")) as actor:
            today, at = clock.today(), utc_now()
            organ = _organ(arguments, today, actor, at)
            given = services.account_add(
                username=arguments.username, name=arguments.name, email=arguments.email, actor=actor, at=at
            )
            post = services.post_add(
                account_id=given.account.pk,
                organ_id=organ.pk,
                role=arguments.role,
                title=arguments.title or Post.Role(arguments.role).label,
                valid_from=today,
                actor=actor,
                at=at,
            )
    tell(
        arguments,
        {"username": given.account.username, "password": given.password, "until": given.until, "post": post.pk},
        f"账号 {given.account.username}（{organ.name}）",
        f"一次性密码：{given.password}",
        f"只显示这一次。{given.until:%Y-%m-%d} 以前第一次登录，登录后马上改成自己的密码。",
    )
    return 0


def _organ(arguments: argparse.Namespace, today: Any, actor: Any, at: Any) -> Any:
    from xinqiao.people import services
    from xinqiao.people.models import Organ, in_force

    organ = Organ.objects.filter(in_force(today), code=arguments.organ).first()
    if organ is not None:
        return organ
    if not arguments.organ_name:
        raise BadInput(
            {"organ": f"没有代号为 {arguments.organ} 的单位。"},
            remedy="新装请加上 --organ-name 和 --area，会一并设立。",
        )
    return services.organ_add(
        code=arguments.organ,
        name=arguments.organ_name,
        short_name=arguments.organ_name[-40:],
        kind="petition_office",
        level="district",
        area_code=arguments.area,
        valid_from=today,
        actor=actor,
        at=at,
    )


def _found(username: str) -> int:
    from xinqiao.people.models import Account

    found = Account.objects.filter(username__iexact=username).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(f"没有叫 {username} 的账号。")
    return found


def _reset(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, services
        from xinqiao.people.actors import SYSTEM

        with access.acting(SYSTEM("people reset")) as actor:
            account_id, at = _found(arguments.username), utc_now()
            factors = 0
            if arguments.second_factor:
                factors = services.second_factor_reset(account_id=account_id, actor=actor, at=at)
            given = services.password_reset(account_id=account_id, actor=actor, at=at)
    tell(
        arguments,
        {"username": given.account.username, "password": given.password, "until": given.until, "forgotten": factors},
        f"一次性密码：{given.password}",
        "只显示这一次。" + ("二次验证已取消，登录后重新设置。" if factors else ""),
    )
    return 0


def _end(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, services
        from xinqiao.people.actors import SYSTEM

        with access.acting(SYSTEM("people end")) as actor:
            account = services.account_end(account_id=_found(arguments.username), actor=actor, at=utc_now())
    tell(arguments, {"username": account.username, "active": False}, f"账号 {account.username} 已停用，岗位今天结束。")
    return 0
