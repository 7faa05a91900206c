"""`xinqiao keys new|rotate|escrow`: the key file that opens what is encrypted."""

import argparse
import getpass
import os
import sys
from pathlib import Path

from xinqiao.cli.support import database, tell
from xinqiao.config import environment, secret
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import XinqiaoError

PASSPHRASE = "XINQIAO_ESCROW_PASSPHRASE"  # noqa: S105 - the name of a variable


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("keys", help="make, rotate and put into escrow the keys of identities and files")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    new = commands.add_parser("new", help="make the key file of a new installation (never replaces one)")
    new.add_argument("--algorithm", choices=("aes-256-gcm", "sm4-gcm"), default="aes-256-gcm")
    new.set_defaults(run=_new)
    rotate = commands.add_parser("rotate", help="wrap all data keys with a new master key; new data gets new data keys")
    rotate.set_defaults(run=_rotate)
    escrow = commands.add_parser(
        "escrow",
        help="write the key file under a passphrase, to be kept elsewhere; --recover brings it back",
        description=f"The passphrase is asked for, or taken from {PASSPHRASE}.",
    )
    escrow.add_argument("file", type=Path, metavar="FILE", help="the escrow copy")
    escrow.add_argument("--recover", action="store_true", help="make the key file from the copy (never replaces one)")
    escrow.set_defaults(run=_escrow)


def _path() -> Path:
    from xinqiao.people import keyring

    path = keyring.default_path()
    keyring.check_outside(path, environment.home())
    return path


def _new(arguments: argparse.Namespace) -> int:
    from xinqiao.people import keyring

    path = _path()
    if keyring.read(path) is not None:
        raise XinqiaoError(f"密钥文件 {path} 已经有了，没有动它。", remedy="换新的主密钥请用 xinqiao keys rotate。")
    purpose: keyring.Purpose = "production" if environment.profile() == "production" else "demonstration"
    keyring.create(path, purpose=purpose, algorithm=arguments.algorithm, at=utc_now())
    secret.make(environment.keys_folder())
    tell(
        arguments,
        {"file": str(path), "purpose": purpose, "version": 1},
        f"已生成密钥文件 {path}。",
        "请马上做一份托管副本，放到另一个地方：xinqiao keys escrow FILE",
    )
    return 0


def _rotate(arguments: argparse.Namespace) -> int:
    _path()
    with database("app"):
        from xinqiao.people import access, keys
        from xinqiao.people.actors import SYSTEM

        with access.acting(SYSTEM("keys rotate")):
            done = keys.rotate(at=utc_now())
    tell(
        arguments,
        {"master_version": done.master_version, "rewrapped": done.rewrapped, "fresh": done.fresh},
        f"主密钥换到第 {done.master_version} 版，重新包装 {done.rewrapped} 把数据密钥，新增 {done.fresh} 把。",
        "旧版本要留着，旧备份靠它打开。请重新做一份托管副本：xinqiao keys escrow FILE",
    )
    return 0


def _passphrase(*, twice: bool) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise XinqiaoError("没有口令。", remedy=f"请在终端里执行，或者把口令放进环境变量 {PASSPHRASE}。")
    first = getpass.getpass("口令：")
    if twice and getpass.getpass("再输一遍：") != first:
        raise XinqiaoError("两次输入的口令不一样。", remedy="请再执行一次。")
    return first


def _escrow(arguments: argparse.Namespace) -> int:
    from xinqiao.people import keyring

    path, copy = _path(), arguments.file.expanduser()
    if arguments.recover:
        return _recover(arguments, path, copy)
    ring = keyring.read(path)
    if ring is None:
        raise keyring.KeyTrouble(f"没有找到密钥文件 {path}。", remedy="新装请执行 xinqiao keys new。")
    data = keyring.escrow(ring, _passphrase(twice=True))
    try:
        handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise XinqiaoError(f"写不了 {copy}：{error.strerror}。", remedy="请换一个还没有的文件名。") from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    versions = len(ring.keys)
    tell(
        arguments,
        {"file": str(copy), "versions": versions},
        f"托管副本写到了 {copy}（{versions} 个版本的主密钥）。",
        "口令和副本请分开保管。",
    )
    return 0


def _recover(arguments: argparse.Namespace, path: Path, copy: Path) -> int:
    from xinqiao.people import keyring

    try:
        data = copy.read_bytes()
    except OSError as error:
        raise XinqiaoError(f"读不了 {copy}：{error.strerror}。", remedy="请核对托管副本的位置。") from None
    ring = keyring.recover(data, _passphrase(twice=False))
    with keyring.locked(path):
        if keyring.read(path) is not None:
            raise XinqiaoError(f"密钥文件 {path} 已经有了，没有动它。", remedy="确定要换，请先把它移到别处。")
        keyring.write(path, ring)
    tell(
        arguments,
        {"file": str(path), "versions": len(ring.keys), "purpose": ring.purpose},
        f"密钥文件已恢复到 {path}（{len(ring.keys)} 个版本的主密钥）。",
    )
    return 0
