"""A program with a token, and a client that speaks JSON."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.support.world import MORNING, World

from xinqiao.api import limits
from xinqiao.people import access, clock, tokens
from xinqiao.people.actors import SYSTEM

ALL = tuple(tokens.SCOPES)


@dataclass
class Program:
    """Speaks to /api/v1 with a token, or without one."""

    token: str = ""
    address: str = "127.0.0.1"

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return Client(REMOTE_ADDR=self.address).get(f"/api/v1{path}", query or {}, headers=self.headers(headers))

    def post(self, path: str, body: Any, *, key: str = "", **headers: str) -> Any:
        more = self.headers({"Idempotency-Key": key or str(uuid4())} | headers)
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        client = Client(REMOTE_ADDR=self.address)
        return client.post(f"/api/v1{path}", data, content_type="application/json", headers=more)

    def upload(self, name: str, data: bytes) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        given = {"file": SimpleUploadedFile(name, data)}
        return Client(REMOTE_ADDR=self.address).post("/api/v1/files", given, headers=self.headers({}))

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return named | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


@dataclass
class Programs:
    """Makes programs that work in the world's posts."""

    world: World

    def of(self, login: str, *, scopes: tuple[str, ...] = ALL, days: int = 30) -> Program:
        issued = self.issue(login, scopes=scopes, days=days)
        return Program(issued.text)

    def issue(self, login: str, *, scopes: tuple[str, ...] = ALL, days: int = 30) -> tokens.Issued:
        from xinqiao.kernel.clock import utc_now

        with access.acting(SYSTEM("test")):
            return tokens.token_create(
                post_id=self.world.posts[login].pk, name="业务系统", scopes=scopes, days=days, actor=SYSTEM("test"),
                at=utc_now(), on=MORNING.date(),
            )  # fmt: skip


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is the world's morning, and nobody has asked for anything yet; what runs beside counts elsewhere."""
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    counts = tmp_path_factory.getbasetemp() / "limits"
    monkeypatch.setattr(limits, "place", lambda: counts)
    limits.forget()


@pytest.fixture
def programs(world: World, now: None) -> Programs:
    return Programs(world)
