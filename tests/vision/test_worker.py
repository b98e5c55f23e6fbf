"""The worker ends in silence when whoever it works for has died, wherever it is just then."""

import mmap
import os
import select
import socket
import subprocess
import sys

import pytest

from firmware.messages import FrameReader, pack
from firmware.vision.work import SHARED_BYTES, AnyFromWorker, Job, Ready

LIMIT_S = 60
ORPHANED = """
import select, sys
from firmware.vision.worker import Built, serve
gone = select.poll()
gone.register(int(sys.argv[1]), select.POLLRDHUP)
def look(picture, at_ns, wanted):
    assert gone.poll(30_000), "nobody has hung up"
    return []
sys.exit(serve(sys.argv[1:], lambda: Built(look), gives_way=False))
"""


@pytest.mark.parametrize("hangs_up", ["while it looks at a picture", "before it is ready", "with its word unread"])
def test_it_ends_in_silence_when_the_other_end_is_gone(hangs_up: str):
    shared = os.memfd_create("frame")
    os.ftruncate(shared, SHARED_BYTES)
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", ORPHANED, str(theirs.fileno()), str(shared)]
    process = subprocess.Popen(command, pass_fds=(theirs.fileno(), shared), stderr=subprocess.PIPE, text=True)
    theirs.close()
    with ours, mmap.mmap(shared, SHARED_BYTES):
        if hangs_up == "while it looks at a picture":
            ours.settimeout(LIMIT_S)
            assert FrameReader(AnyFromWorker).feed(ours.recv(1 << 16)) == [Ready()]
            ours.sendall(pack(Job(1, "camera", 0, 4, 2, ())))
        elif hangs_up == "with its word unread":
            assert select.select([ours], [], [], LIMIT_S)[0]
    os.close(shared)
    _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said) == (0, "")
