"""The network process's own user reaches its socket and the journal, and nothing else; strangers reach nothing."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.bench.rig import Rig
from firmware.controller.errors import WiringError
from firmware.controller.role_user import RoleUser
from firmware.journal import JournalError, search
from firmware.messages import AnyFromController, FrameReader, Welcome

NETWORK = "nobody"
STRANGER_ID = 54_321  # nobody has it
LIMIT_S = 10.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become other users: run the tests as root")


@pytest.fixture
def rig() -> Iterator[Rig]:
    folder = Path(tempfile.mkdtemp(prefix="menshen-role-", dir="/tmp"))  # pytest's own folders are closed to others
    folder.chmod(0o711)
    made = Rig(folder)
    shutil.rmtree(made.state)
    yield made
    made.close()


def start(rig: Rig) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "firmware.controller", "--config", str(rig.site), "--wires", str(rig.wires)]
    words += ["--state", str(rig.state), "--network-socket", str(rig.role), "--network-user", NETWORK]
    rig.process = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=rig.folder, umask=0o077)
    assert json.loads(rig.process.stdout.readline())["ready"]
    return rig.process


def as_user(user_id: int, group_id: int, look: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What `look` returns in a process of that user."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group_id)
            os.setuid(user_id)
            os.write(theirs, json.dumps(look()).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as told:
        content = told.read()
    os.waitpid(child, 0)
    return json.loads(content)


def look_at(rig: Rig) -> dict[str, str]:
    """What can be reached: the socket's first word, the journal's rows, and the kinds of refusal."""

    def socket_says() -> str:
        with socket.socket(socket.AF_UNIX) as role:
            role.settimeout(LIMIT_S)
            role.connect(str(rig.role))
            messages = FrameReader(AnyFromController).feed(role.recv(1 << 16))
            return "welcome" if messages and isinstance(messages[0], Welcome) else "hung up"

    tries: dict[str, Callable[[], object]] = {
        "socket": socket_says,
        "journal": lambda: search(rig.state / "journal" / "journal.db", limit=10)[-1].event.code is not None,
        "write": lambda: (rig.state / "journal" / "journal.db").open("r+b"),
        "add": lambda: (rig.state / "journal" / "x").touch(),
        "list": lambda: os.listdir(rig.state),
        "identity": lambda: (rig.state / "identity" / "identity.pem").read_bytes(),
        "roster": lambda: os.listdir(rig.state / "roster"),
        "hand over": lambda: (rig.state / "handover" / "a backup").write_bytes(b"x"),
        "backups": lambda: os.listdir(rig.state / "backup.page"),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            found[name] = str(attempt())
        except (OSError, JournalError) as error:
            found[name] = type(error).__name__
    return found


def test_the_role_reaches_its_socket_and_the_journal_and_nothing_else(rig: Rig):
    (rig.state / "roster").mkdir(mode=0o700, parents=True)
    rig.state.chmod(0o700)
    start(rig)
    entry = pwd.getpwnam(NETWORK)
    assert as_user(entry.pw_uid, entry.pw_gid, lambda: look_at(rig)) == {
        "socket": "welcome",
        "journal": "True",
        "write": "PermissionError",
        "add": "PermissionError",
        "list": "PermissionError",
        "identity": "PermissionError",
        "roster": "PermissionError",
        "hand over": "1",
        "backups": "PermissionError",
    }
    stranger = as_user(STRANGER_ID, STRANGER_ID, lambda: look_at(rig))
    assert stranger.pop("journal") == "JournalUnreachable"
    assert set(stranger.values()) == {"PermissionError"}
    # The group alone is not the role: who is in it, but is another user, is hung up on.
    assert as_user(STRANGER_ID, entry.pw_gid, lambda: look_at(rig))["socket"] == "hung up"
    assert rig.stop() == 0


def test_a_user_that_is_not_there_is_named():
    with pytest.raises(WiringError, match="no user 'menshen-nobody-at-all'"):
        RoleUser.named("menshen-nobody-at-all")
