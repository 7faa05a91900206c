"""xinqiao server"""

import argparse
import sys
import time
from typing import Any


def add(subparsers: Any) -> None:
    """Register `server`."""
    parser = subparsers.add_parser(
        "server",
        help="run everything: database, web, worker, stream",
        description="Starts the database, brings its tables up to date, loads the demonstration into a new one, "
        "and serves portal and desk until Ctrl-C.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="port of the pages (default 8000)")
    parser.add_argument("--stream-port", type=int, default=0, help="port of live events (default: the next free one)")
    parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="leave a new database empty")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the supervisor in the foreground."""
    from xinqiao.server import supervisor

    began = time.monotonic()

    def say(text: str) -> None:
        if arguments.json:
            import json

            print(
                json.dumps({"seconds": round(time.monotonic() - began, 1), "text": text}, ensure_ascii=False),
                flush=True,
            )
        else:
            print(text if text.startswith(("\n", " ")) else f"{time.monotonic() - began:5.1f} s  {text}", flush=True)

    options = supervisor.Options(
        host=arguments.host,
        port=arguments.port,
        stream_port=arguments.stream_port,
        workers=arguments.workers,
        demo=arguments.demo,
    )
    try:
        supervisor.run(options, say)
    finally:
        sys.stdout.flush()
    return 0
