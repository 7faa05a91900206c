"""What the database alone could do, roughly: four writes a step into bare tables, sent as fast as connections can.

Not the same SQL: no policies, no reads, fewer indexes, no papers and notices; so the true limit lies lower.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instance import Instance, connect

TRANSACTIONS = 8  # of a life, as the interface makes them
STEPS = 13  # entries and records of a life
_TABLES = """
CREATE TABLE IF NOT EXISTS public.bench_case (id uuid PRIMARY KEY, state text, facts jsonb, head bytea, at timestamptz);
CREATE TABLE IF NOT EXISTS public.bench_entry (case_id uuid, seq int, payload text, hash bytea, PRIMARY KEY (case_id, seq));
CREATE TABLE IF NOT EXISTS public.bench_record (id uuid PRIMARY KEY, case_id uuid, words jsonb);
CREATE TABLE IF NOT EXISTS public.bench_duty (id uuid PRIMARY KEY, case_id uuid, due date, trace jsonb);
CREATE INDEX IF NOT EXISTS bench_duty_case ON public.bench_duty (case_id);
TRUNCATE public.bench_case, public.bench_entry, public.bench_record, public.bench_duty;
"""
_PAYLOAD = "x" * 700
_STEP = f"""
INSERT INTO bench_entry SELECT id, %(seq)s, '{_PAYLOAD}', sha256('a') FROM bench_case WHERE id = %(id)s;
INSERT INTO bench_record VALUES (gen_random_uuid(), %(id)s, '{{"a": "{_PAYLOAD[:300]}"}}');
UPDATE bench_case SET state = 's', head = sha256('b'), at = now() WHERE id = %(id)s;
INSERT INTO bench_duty VALUES (gen_random_uuid(), %(id)s, now(), '{{"a": "{_PAYLOAD[:400]}"}}');
"""


def lives_per_second(instance: Instance, *, clients: int, seconds: float) -> float:
    """Lives a second: one insert of a case, then thirteen steps of four writes each, in eight transactions."""
    import uuid

    with connect(instance.home) as connection:
        connection.autocommit = True
        connection.execute(_TABLES)
    counts = [0] * clients
    until = time.perf_counter() + seconds

    def work(place: int) -> None:
        import psycopg

        connection: psycopg.Connection[Any]
        with connect(instance.home) as connection:
            connection.autocommit = True
            cursor = psycopg.ClientCursor(connection)
            while time.perf_counter() < until:
                case = uuid.uuid4()
                steps = iter(range(1, STEPS + 1))
                for part in range(TRANSACTIONS):
                    with connection.transaction():
                        if part == 0:
                            cursor.execute("INSERT INTO bench_case VALUES (%s, '', '{}', '', now())", [case])
                        many = 2 if part < STEPS - TRANSACTIONS else 1
                        for _ in range(many):
                            if (seq := next(steps, None)) is not None:
                                cursor.execute(_STEP, {"id": case, "seq": seq})
                counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    with connect(instance.home) as connection:
        connection.autocommit = True
        connection.execute("DROP TABLE bench_case, bench_entry, bench_record, bench_duty")
    return sum(counts) / took
