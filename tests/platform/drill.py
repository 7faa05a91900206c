"""Real writes, and what a database holds of them, for the drills. Run as a process beside an instance:

python -m tests.platform.drill write [--threads N]   a line of JSON for each write that was acknowledged
python -m tests.platform.drill read                  what is there
"""

import hashlib
import io
import json
import os
import sys
import threading
import time
from typing import Any
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")
PATIENCE = 120.0
CLASSIFIED = {
    "route": "redress",
    "title": "小河路路灯三周不亮",
    "content_code": "030800",
    "area_code": "330105003",
    "reasons": "请求修复公共设施，属于申诉求决。",
}
_told = threading.Lock()


def tell(**what: Any) -> None:
    """One line, at once."""
    with _told:
        sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def photo(number: int) -> bytes:
    """A picture that is like no other."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 7)).save(out, "PNG")
    return out.getvalue()


class Writer:
    """Somebody who speaks, and an officer who sorts what was said, again and again; a try that fails is made again."""

    def __init__(self, world: Any) -> None:
        self.world, self.stopping, self.serial = world, threading.Event(), 0

    def again(self, work: Any) -> Any:
        """Do `work` until it is acknowledged: always with the same key, so that it has one effect."""
        from django.db import Error, connection

        deadline, tries = time.monotonic() + PATIENCE, 0
        while True:
            try:
                return work(), tries
            except Error:
                tries += 1
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def one(self, number: int) -> None:
        """Receive with a picture, then classify."""
        from xinqiao.cases.services import Upload
        from xinqiao.kernel.clock import utc_now

        began, key, seen = time.time(), f"drill-{os.getpid()}-{number}-{uuid4()}", photo(number)
        receipt, tries = self.again(
            lambda: self.world.receive(
                at=utc_now(), key=key, uploads=[Upload("灯.png", seen)] if number % 3 == 0 else []
            )
        )
        tell(
            what="receive", number=receipt.number, key=key, began=began, acknowledged=time.time(), tries=tries,
            replayed=receipt.replayed, file=hashlib.sha256(seen).hexdigest() if number % 3 == 0 else "",
        )  # fmt: skip
        began, key = time.time(), f"{key}-classify"
        case, tries = self.again(
            lambda: self.world.step(receipt.case, "classify", "officer", at=utc_now(), key=key, **CLASSIFIED)
        )
        tell(
            what="step", number=receipt.number, key=key, began=began, acknowledged=time.time(), tries=tries,
            seq=case.head_seq,
        )  # fmt: skip

    def run(self, first: int, by: int) -> None:
        """Write until told to stop."""
        from django.db import connection

        number = first
        while not self.stopping.is_set():
            self.one(number)
            number += by
        connection.close()


def write(threads: int) -> None:
    """Write until standard input ends."""
    from tests.support import world
    from xinqiao.people import access
    from xinqiao.people.actors import SYSTEM
    from xinqiao.people.models import Organ, Post

    with access.acting(SYSTEM("drill")):
        posts = {post.account.username: post for post in Post.objects.select_related("account", "organ")}
        made = world.World({organ.code: organ for organ in Organ.objects.all()}, posts) if posts else world.make()
    writer = Writer(made)
    running = [threading.Thread(target=writer.run, args=(n, threads), daemon=True) for n in range(threads)]
    for thread in running:
        thread.start()
    sys.stdin.read()
    writer.stopping.set()
    for thread in running:
        thread.join()


def read() -> None:
    """Tell what is there: submissions by number with their case's head and the sums of their pictures; keys by effect."""
    from django.db import connection

    from xinqiao.files import selectors as files
    from xinqiao.files.models import Blob
    from xinqiao.intake.models import SubmissionCase
    from xinqiao.notices import selectors as notices
    from xinqiao.people import access
    from xinqiao.people.actors import SYSTEM

    with access.acting(SYSTEM("drill")):
        found: dict[str, Any] = {}
        for link in SubmissionCase.objects.select_related("submission", "case"):
            number = link.submission.number
            assert number not in found
            found[number] = {"seq": link.case.head_seq, "case": str(link.case_id), "files": []}
            for blob in Blob.objects.filter(submission_id=link.submission_id):
                data, _ = files.blob_read(blob, derivative=False)
                found[number]["files"].append(hashlib.sha256(data).hexdigest())
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(DISTINCT key) FROM ledger_requestkey")
            keys, distinct = cursor.fetchone()
        tell(found=found, keys=keys, distinct=distinct, paused=notices.outbox().paused)


def main() -> None:
    """As the first word says."""
    os.environ["XINQIAO_DB_ROLE"] = "seal"
    import django

    django.setup()
    if sys.argv[1] == "write":
        write(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    else:
        read()


if __name__ == "__main__":
    main()
