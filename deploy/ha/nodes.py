"""What a cluster on one machine consists of: places, ports, and the files that etcd, Patroni and HAProxy read."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NODES = (1, 2, 3)
SCOPE = "xinqiao"


@dataclass(frozen=True)
class Ports:
    """Ports on loopback, counted from one base."""

    base: int

    def etcd(self, node: int) -> int:
        """Where clients find etcd."""
        return self.base + node

    def peer(self, node: int) -> int:
        """Where etcd finds its peers."""
        return self.base + 10 + node

    def rest(self, node: int) -> int:
        """Where Patroni answers."""
        return self.base + 20 + node

    def postgres(self, node: int) -> int:
        """Where PostgreSQL answers."""
        return self.base + 30 + node

    @property
    def front(self) -> int:
        """Where HAProxy leads to whoever leads."""
        return self.base + 40


def passwords(folder: Path) -> dict[str, str]:
    """Made once, kept in the cluster's folder."""
    path = folder / "secrets.json"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({name: secrets.token_hex(24) for name in ("postgres", "replicator", "rest")}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def etcd_command(program: str, folder: Path, ports: Ports, node: int) -> list[str]:
    """One member of etcd. Its clocks are slower than by default: three members share one disk here."""
    members = ",".join(f"etcd{each}=http://127.0.0.1:{ports.peer(each)}" for each in NODES)
    client, peer = f"http://127.0.0.1:{ports.etcd(node)}", f"http://127.0.0.1:{ports.peer(node)}"
    return [
        program, f"--name=etcd{node}", f"--data-dir={folder}/etcd{node}", f"--initial-cluster={members}",
        "--initial-cluster-state=new", f"--initial-cluster-token={SCOPE}",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        "--heartbeat-interval=300", "--election-timeout=3000", "--logger=zap", "--log-level=warn",
        "--auto-compaction-retention=1",
    ]  # fmt: skip


def patroni_settings(folder: Path, binaries: Path, ports: Ports, node: int, secret: dict[str, str]) -> dict[str, Any]:
    """What Patroni reads (YAML takes JSON). The choices are explained in the runbook."""
    parameters = {
        "max_connections": 150,
        "shared_buffers": "128MB",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
        "wal_log_hints": "on",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "max_slot_wal_keep_size": "4GB",
    }
    return {
        "scope": SCOPE,
        "name": f"node{node}",
        "restapi": {
            "listen": f"127.0.0.1:{ports.rest(node)}",
            "connect_address": f"127.0.0.1:{ports.rest(node)}",
            "authentication": {"username": "patroni", "password": secret["rest"]},
        },
        "etcd3": {"hosts": [f"127.0.0.1:{ports.etcd(each)}" for each in NODES]},
        "bootstrap": {
            "dcs": {
                "ttl": 20,
                "loop_wait": 2,
                "retry_timeout": 9,
                "maximum_lag_on_failover": 0,
                "primary_start_timeout": 0,
                "synchronous_mode": True,
                "synchronous_mode_strict": True,
                "synchronous_node_count": 1,
                "check_timeline": True,
                "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": parameters},
                "slots": {"xinqiao_archive": {"type": "physical"}},
            },
            "initdb": [
                {"encoding": "UTF8"}, {"locale-provider": "builtin"}, {"builtin-locale": "C.UTF-8"},
                {"locale": "C.UTF-8"}, "data-checksums",
            ],
        },
        "postgresql": {
            "listen": f"127.0.0.1:{ports.postgres(node)}",
            "connect_address": f"127.0.0.1:{ports.postgres(node)}",
            "data_dir": f"{folder}/node{node}/data",
            "bin_dir": str(binaries),
            "pgpass": f"{folder}/node{node}/pgpass",
            "parameters": {"unix_socket_directories": f"{folder}/node{node}"},
            "pg_hba": [
                "local all all scram-sha-256",
                "host replication replicator 127.0.0.1/32 scram-sha-256",
                "host replication xinqiao_backup 127.0.0.1/32 scram-sha-256",
                "host all all 127.0.0.1/32 scram-sha-256",
            ],
            "authentication": {
                "superuser": {"username": "postgres", "password": secret["postgres"]},
                "replication": {"username": "replicator", "password": secret["replicator"]},
            },
        },
    }  # fmt: skip


def haproxy_settings(ports: Ports) -> str:
    """Whoever leads gets all connections; those to a leader that fell are cut, so that nobody waits on a dead one."""
    servers = "\n".join(
        f"    server node{node} 127.0.0.1:{ports.postgres(node)} check port {ports.rest(node)}" for node in NODES
    )
    return f"""global
    maxconn 1000
defaults
    mode tcp
    retries 2
    timeout connect 3s
    timeout client 30m
    timeout server 30m
    timeout check 2s
listen leader
    bind 127.0.0.1:{ports.front}
    option httpchk
    http-check send meth OPTIONS uri /primary
    http-check expect status 200
    default-server inter 1s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""
