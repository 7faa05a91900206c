"""The `xinqiao` command.

Each module of this package with a function `add(subparsers)` brings one or more commands. A command's parser sets
`run=function`; the function takes the parsed arguments (`json` is always among them) and returns an exit status or None.
Modules import what is heavy inside their functions, so that `--help` stays quick.
"""

import argparse
import json
import pkgutil
import sys
from importlib import import_module

from xinqiao.config.environment import BadEnvironment
from xinqiao.kernel.errors import XinqiaoError

BROKEN, MISUSED = 1, 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao",
        description="Xinqiao (心桥): one system for petitions, suggestions and complaints.",
        epilog="Every command takes --json and --help. Data lies in XINQIAO_HOME, the database may be named by "
        "XINQIAO_DATABASE_URL, the kind of instance by XINQIAO_PROFILE (demo or production).",
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "add"):
            module.add(subparsers)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0 when it worked, 1 when it could not (with a clear word), 2 when it was misused."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    parsed = _parser().parse_args([word for word in given if word != "--json"])
    parsed.json = as_json
    if not hasattr(parsed, "run"):
        raise SystemExit("This command needs another word; add --help to see which.")
    try:
        return int(parsed.run(parsed) or 0)
    except (BadEnvironment, XinqiaoError) as error:
        return complain(str(error), remedy=getattr(error, "remedy", ""), as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return BROKEN


def complain(message: str, *, remedy: str = "", as_json: bool = False) -> int:
    """Say on standard error what went wrong and what to do; returns the exit status."""
    if as_json:
        print(json.dumps({"error": message, "remedy": remedy}, ensure_ascii=False), file=sys.stderr)
    else:
        print("\n".join(line for line in (message, remedy) if line), file=sys.stderr)
    return BROKEN
