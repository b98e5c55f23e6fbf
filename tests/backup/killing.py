"""A restore, in a process of its own, that dies by SIGKILL before a step of the swap, or of carrying one on.

Where there are fewer steps it comes to its end. It is a fork of the test: two hundred starts of Python take minutes.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from firmware.backup import placing, swap
from firmware.backup.placing import Doer, put_in_place
from firmware.backup.restoring import Target, make_ready
from firmware.backup.unpacking import open_backup
from firmware.backup.workroom import Workroom
from firmware.controller.backup_command import problems_of
from firmware.controller.restored import put_into_journal
from firmware.core.codes import Code
from firmware.identity import Identity
from tests.backup.boards import MADE_S, PASSPHRASE, Board

ID = "0123456789abcdef"


def killed(board: Board, backup: Path, step: int, *, again: bool = False) -> tuple[bool, list[str]]:
    """Whether it was killed there, and the steps before."""
    told = board.folder.with_name("steps")
    told.write_text("")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _restore(backup, board.site, board.state, _killed_before(step, told), again)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    _, how = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(how)
    assert code in (0, -signal.SIGKILL), code
    return code != 0, told.read_text().splitlines()


def _killed_before(step: int, told: Path) -> Callable[[str], None]:
    left = step

    def reached(what: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        with told.open("a") as file:
            file.write(what + "\n")

    return reached


def _restore(backup: Path, site: Path, state: Path, reached: Callable[[str], None], again: bool) -> None:
    told = partial(put_into_journal, site)
    if again:
        begun = swap.pending(site)
        assert begun is not None
        placing.finish(site, begun, told, reached)
        return
    identity = Identity.load_or_create(state / "identity")
    target = Target(site, state, state / "office.source.db", state / "network" / "accounts.db")
    doer = Doer("Li Wei", "the yearly rehearsal", MADE_S)
    with Workroom(state) as work:
        opened = open_backup(backup, PASSPHRASE, work)
        ready = make_ready(opened, target, identity, work, problems_of, doer)
        put_in_place(ready, site, state, doer, Code.BACKUP_RESTORED.value, "test", ID, told=told, reached=reached)
