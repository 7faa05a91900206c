"""What the profile `production` insists on before anything is served: keys, names, addresses. Needs no database.

Each refusal says what is wrong and what to do; all of them are told at once.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from xinqiao.config import environment, secret
from xinqiao.config.environment import BadEnvironment
from xinqiao.people import keyring

SHORTEST_SECRET = 50


@dataclass(frozen=True)
class Refusal:
    """Why production does not start, and the remedy."""

    word: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.word} {self.remedy}"


def _listed(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _names() -> Iterator[Refusal]:
    hosts, origins = _listed("XINQIAO_HOSTS"), _listed("XINQIAO_ORIGINS")
    if not hosts:
        yield Refusal(
            "XINQIAO_HOSTS is missing: it says under which names this instance may be called.",
            "Set it, e.g. XINQIAO_HOSTS=xinqiao.example.gov.cn",
        )
    for host in hosts:
        if host == "*" or host.startswith("."):
            yield Refusal(
                f"XINQIAO_HOSTS holds {host}: anybody could call this instance by a name of theirs.",
                "Write out each name.",
            )
    if not origins:
        yield Refusal(
            "XINQIAO_ORIGINS is missing: it says from which addresses forms may come.",
            "Set it, e.g. XINQIAO_ORIGINS=https://xinqiao.example.gov.cn",
        )
    for name, given in (("XINQIAO_ORIGINS", origins), ("XINQIAO_STREAM_URL", _listed("XINQIAO_STREAM_URL"))):
        for origin in given:
            if not origin.startswith("https://"):
                yield Refusal(f"{name} holds {origin}: words and sign-ins would travel in the open.", "Use https://.")
    if int(os.environ.get("XINQIAO_TRUSTED_PROXIES") or 1) < 1:
        yield Refusal(
            "XINQIAO_TRUSTED_PROXIES is 0: production stands behind a proxy that ends TLS.",
            "Put one in front (deploy/nginx) and leave this setting out.",
        )


def _gateway() -> Iterator[Refusal]:
    """Text messages hold telephone numbers and codes: they leave this machine over TLS or not at all."""
    given = os.environ.get("XINQIAO_SMS_URL", "").strip()
    try:
        url = urlsplit(given)
        host = url.hostname or ""
    except ValueError:
        url, host = urlsplit(""), ""
    if given and not (host and (url.scheme == "https" or (url.scheme == "http" and _loopback(host)))):
        yield Refusal(
            f"XINQIAO_SMS_URL is no https:// address ({url.scheme or 'no scheme'}): telephone numbers and codes would "
            "travel in the open.",
            "Use https://, or http:// to a gateway on this very machine (127.0.0.1).",
        )
    try:
        key = secret.given("XINQIAO_SMS_KEY")
    except BadEnvironment as trouble:
        yield Refusal(str(trouble), "Name a file with the key, or leave the setting out.")
    else:
        if given and not key:
            yield Refusal(
                "XINQIAO_SMS_URL is set, and there is no key that signs: no text message would go out, and nobody would be told.",
                "Name the file with the key in XINQIAO_SMS_KEY_FILE (mode 0600), or leave XINQIAO_SMS_URL out.",
            )


def _mail() -> Iterator[Refusal]:
    """Letters hold names of matters and codes, the sign-in at the mail server a password: over TLS or not at all."""
    host = os.environ.get("XINQIAO_SMTP_HOST", "").strip()
    if host and not _loopback(host) and os.environ.get("XINQIAO_SMTP_TLS") != "1":
        yield Refusal(
            f"XINQIAO_SMTP_HOST names {host}, and XINQIAO_SMTP_TLS is not 1: letters and the mail server's password would travel "
            "in the open.",
            "Set XINQIAO_SMTP_TLS=1 (STARTTLS, usually port 587), or send through a mail server on this very machine (127.0.0.1).",
        )


def _open_to_others(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o077


def _keys() -> Iterator[Refusal]:
    path, folder, home = environment.keyring_file(), environment.keys_folder(), environment.home()
    if path.is_relative_to(home):
        yield Refusal(
            f"The keys lie in {folder}, inside the data folder: whoever copies the data has the keys.",
            "Move them out and name their folder in XINQIAO_KEYS.",
        )
    if folder.exists() and _open_to_others(folder):
        yield Refusal(f"Others may enter the folder of keys {folder}.", f"Close it: chmod 700 {folder}")
    try:
        ring = keyring.read(path)
    except keyring.KeyTrouble as trouble:
        yield Refusal(str(trouble), trouble.remedy)
    else:
        if ring is None:
            yield Refusal(
                f"There are no keys at {path}.",
                "A new installation: xinqiao keys new. A restored one: xinqiao keys escrow --recover FILE.",
            )
        elif ring.purpose != "production":
            yield Refusal(
                f"The keys at {path} are those of a demonstration（演示）.",
                "Name another folder in XINQIAO_KEYS and make new ones: xinqiao keys new",
            )
    yield from _secret(folder / secret.NAME)


def _secret(path: Path) -> Iterator[Refusal]:
    if not path.exists():
        yield Refusal(f"The secret key {path} is missing.", "Make it: xinqiao keys new (or copy it from another node).")
    elif _open_to_others(path):
        yield Refusal(f"Others may read the secret key {path}.", f"Close it: chmod 600 {path}")
    elif len(path.read_text().strip()) < SHORTEST_SECRET:
        yield Refusal(f"The secret key {path} is too short.", "Delete it and make another one: xinqiao keys new")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(host: str) -> Iterator[Refusal]:
    if not _loopback(host) and os.environ.get("XINQIAO_PROXY_ELSEWHERE") != "1":
        yield Refusal(
            f"It would listen on {host}: whoever reaches that address goes round the proxy and its TLS.",
            "Listen on 127.0.0.1 behind a proxy on this machine. When the proxy stands on another machine and a firewall lets "
            "nobody else in, say so: XINQIAO_PROXY_ELSEWHERE=1",
        )


def refusals(*, host: str = "127.0.0.1", debug: bool = False) -> list[Refusal]:
    """Everything that speaks against starting on `host`; empty when nothing does."""
    found = [*_names(), *_gateway(), *_mail(), *_keys(), *_address(host)]
    if debug:
        found.append(
            Refusal("DEBUG is on: errors would show settings and data.", "Use xinqiao.config.settings as it is.")
        )
    return found


def check(*, host: str = "127.0.0.1", debug: bool = False) -> None:
    """Raise BadEnvironment with every refusal when this is production and there are any; other profiles pass."""
    if environment.profile() == "production" and (found := refusals(host=host, debug=debug)):
        raise BadEnvironment("\n".join(["Production does not start like this:", *(f"- {each}" for each in found)]))
