"""A program under the system calls that a unit of deploy/systemd allows, as systemd would lay the filter.

python -m tests.platform.fenced UNIT PROGRAM [ARGUMENT…]
"""

import ctypes
import ctypes.util
import errno
import os
import subprocess
import sys
from pathlib import Path

from xinqiao.config import environment

UNITS = environment.ROOT / "deploy" / "systemd"
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM)


def _calls(name: str) -> set[str]:
    """The system calls that a name stands for; a name with @ stands for many."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    words = [line.strip() for line in told.stdout.splitlines()[1:]]
    return {call for word in words if word and not word.startswith("#") for call in _calls(word)}


def allowed(unit: Path) -> set[str]:
    """What the unit's lines SystemCallFilter= leave, in their order."""
    left: set[str] = set()
    for line in unit.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.removeprefix("SystemCallFilter=")
            named = {call for word in words.removeprefix("~").split() for call in _calls(word)}
            left = left - named if words.startswith("~") else left | named
    return left


def fence(calls: set[str]) -> None:
    """From now on this process, and what it becomes, may make these calls only; any other fails with EPERM."""
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0 and seccomp.seccomp_rule_add(rules, ALLOW, number, 0):
            raise OSError(f"no rule for {call}")
    if seccomp.seccomp_load(rules):
        raise OSError("the filter was not loaded")


def main() -> None:
    """Lay the filter and become the program."""
    unit, *program = sys.argv[1:]
    fence(allowed(UNITS / unit))
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
