"""What anchors hold, kept outside the data: published hashes as they are, the entries behind them under the keys.

A restored database may end before an anchor that was given out. These lists say which entries it held.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.people.keyring import Keyring
from xinqiao.server import archive, envelope
from xinqiao.server.archive import HEADS, SUFFIX, Archive

if TYPE_CHECKING:
    from xinqiao.ledger.lost import Held

_HELD = """
SELECT a.day::text, encode(a.previous, 'hex'), encode(a.leaves, 'hex'),
       coalesce((SELECT json_agg(json_build_array(h.case_id, h.seq, h.leaf_index, encode(h.salt, 'hex'), encode(e.hash, 'hex')))
                 FROM ledger_anchoredhead h JOIN ledger_entry e USING (case_id, seq) WHERE h.day = a.day), '[]'::json)
FROM ledger_anchor a WHERE a.day = ANY(%s::date[])
"""


def keep(kept: Archive, home: Path) -> int:
    """Bring every published anchor that is not in the archive there, with what it holds. Returns how many those were."""
    target = kept.folder / "anchors"
    target.mkdir(mode=0o700, exist_ok=True)
    there = {path.stem for path in target.glob(f"*{SUFFIX}")}
    fresh = sorted(path for path in (home / "anchors").glob("*.json") if path.stem not in there)
    if not fresh:
        return 0
    with archive.connected() as connection:
        rows = connection.execute(_HELD, [[path.stem for path in fresh]]).fetchall()
    for day, previous, leaves, heads in rows:
        held = json.dumps({"day": day, "previous": previous, "leaves": leaves, "heads": heads}).encode()
        envelope.close([held], target / f"{day}{SUFFIX}", kept.ring, kind=HEADS, name=day)
        shutil.copyfile(home / "anchors" / f"{day}.json", target / f"{day}.json")
    return len(rows)


def held(folder: Path, ring: Keyring) -> "list[Held]":
    """What the anchors in `folder` hold, oldest first, for those with a list. Needs Django ready. Raises Spoilt."""
    from xinqiao.ledger.lost import Held

    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        day = path.name.removesuffix(SUFFIX)
        found.append(Held.of(json.loads(b"".join(envelope.read(path, ring, kind=HEADS, name=day)))))
    return found


def bring_beyond(kept: Archive, home: Path, days: set[str]) -> list[str]:
    """Lay anchors that the restored database has not (it has `days`) beside it. Returns their days.

    xinqiao ledger verify reads them there, and says what is missing.
    """
    beyond = home / "anchors" / "beyond"
    told = []
    for path in sorted((kept.folder / "anchors").glob("*.json")):
        if path.stem in days:
            continue
        beyond.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, beyond / path.name)
        sealed = path.with_name(f"{path.stem}{SUFFIX}")
        if sealed.exists():
            shutil.copyfile(sealed, beyond / sealed.name)
        told.append(path.stem)
    return told
