"""The stream process: `uvicorn xinqiao.stream.app:app`, role seal. Pages listen at /live/?token=… for server-sent events.
A page listens with a short-lived pass and as long as its reader is still there: signed in, at the desk, in the post.

Events are called "change" and say which organs and cases of the token changed, never what. A page that hears one fetches
itself anew, through its own access. When the database is away the stream stays open and goes on by itself.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import django
import psycopg
import structlog
from django.db import Error as DatabaseError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

django.setup()

from xinqiao.stream import tokens  # noqa: E402
from xinqiao.stream.feed import Feed  # noqa: E402
from xinqiao.stream.guard import Guard  # noqa: E402
from xinqiao.stream.hub import Hub, Listener  # noqa: E402

EVERY = 1.0
HEARTBEAT = 15
LOOK_ROUND = 3.0  # seconds between two looks at who is still there
PATIENCE = (1.0, 2.0, 5.0, 10.0, 30.0)
MOST_OF_A_TOKEN = 4000

log = structlog.get_logger("xinqiao.stream")


def connection_parameters() -> dict[str, Any]:
    """How to reach the database, as Django's settings say, in libpq's words."""
    from django.conf import settings

    given = settings.DATABASES["default"]
    named = {
        "dbname": given["NAME"],
        "user": given["USER"],
        "password": given["PASSWORD"],
        "host": given["HOST"],
        "port": given["PORT"],
    }
    return {key: value for key, value in {**named, **given["OPTIONS"]}.items() if value}


def web_origins() -> list[str]:
    """The origins whose pages may listen (XINQIAO_WEB_ORIGINS, by commas)."""
    return [part.strip() for part in os.environ.get("XINQIAO_WEB_ORIGINS", "").split(",") if part.strip()]


async def poll(feed: Feed, hub: Hub, *, every: float = EVERY, patience: Sequence[float] = PATIENCE) -> None:
    """Look once a second and publish; when the database is gone, wait longer each time, and never give up."""
    failures = 0
    while True:
        try:
            if hub.listeners:
                hub.publish(await feed.news())
            else:
                await feed.pass_over()
            failures = 0
            await asyncio.sleep(every)
        except psycopg.Error as error:
            log.warning("stream.database", error=type(error).__name__, failures=failures)
            await feed.close()
            await asyncio.sleep(patience[min(failures, len(patience) - 1)])
            failures += 1


async def watch(guard: Guard, hub: Hub, *, every: float = LOOK_ROUND) -> None:
    """Look regularly who is still there, and end the streams of those who are not. Without the database they stay, until
    their passes are over.
    """
    while True:
        await asyncio.sleep(every)
        holders = hub.holders()
        try:
            hub.dismiss(holders - await guard.still_there(holders))
        except DatabaseError as error:
            log.warning("stream.presence", error=type(error).__name__)


async def _events(listener: Listener) -> AsyncIterator[ServerSentEvent]:
    while not listener.ended and (left := listener.until - time.time()) > 0:
        news = await listener.next(left)
        if news and not listener.ended:
            data = json.dumps({"organs": sorted(news.organs), "cases": sorted(news.cases)})
            yield ServerSentEvent(data, event="change")


def create_app(
    *,
    parameters: Mapping[str, Any],
    origins: Sequence[str],
    hub: Hub | None = None,
    every: float = EVERY,
    look_round: float = LOOK_ROUND,
) -> Starlette:
    """The application; `origins` may read it from a browser."""
    listeners, guard = hub or Hub(), Guard()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        feed = Feed(parameters)
        tasks = [
            asyncio.create_task(poll(feed, listeners, every=every)),
            asyncio.create_task(watch(guard, listeners, every=look_round)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await feed.close()
            await guard.close()

    def refused(status: int, word: str, **headers: str) -> Response:
        return PlainTextResponse(word + "\n", status_code=status, headers=headers)

    async def live(request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if origin and origin not in origins:
            return refused(403, "this origin may not listen")
        shared = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}
        headers = shared if origin else {}
        token = request.query_params.get("token", "")
        held = tokens.check(token) if len(token) <= MOST_OF_A_TOKEN else None
        try:
            there = held is not None and bool(await guard.still_there({held.holder}))
        except DatabaseError:
            return refused(503, "the database is away", **headers, **{"Retry-After": "30"})
        if held is None or not there:
            return refused(401, "reload the page: its pass is over", **headers)
        if listeners.full(token):
            return refused(503, "too many listeners", **headers, **{"Retry-After": "60"})

        async def told() -> AsyncIterator[ServerSentEvent]:
            async with listeners.listening(held, token) as listener:
                yield ServerSentEvent(comment="listening", retry=5000)
                async for event in _events(listener):
                    yield event

        return EventSourceResponse(told(), ping=HEARTBEAT, headers=headers)

    async def health(_request: Request) -> Response:
        return PlainTextResponse(f"ok {len(listeners.listeners)}\n")

    return Starlette(routes=[Route("/live/", live), Route("/healthz", health)], lifespan=lifespan)


app = create_app(parameters=connection_parameters(), origins=web_origins())
