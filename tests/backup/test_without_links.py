"""A backup goes onto a stick, and what sticks are formatted with (FAT, exFAT) has no second names of files."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from pathlib import Path

import pytest

from firmware.backup.errors import BackupMisused
from firmware.backup.unpacking import open_backup
from tests.backup.boards import PASSPHRASE, handmade

# Numbers of link(2) and linkat(2); aarch64 has the second one only.
CALLS = {"x86_64": (86, 265), "aarch64": (37, 37)}
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2  # <linux/prctl.h>, <linux/seccomp.h>
LOAD, IF_EQUAL, ANSWER = 0x20, 0x15, 0x06  # BPF: LD|W|ABS, JMP|JEQ|K, RET|K
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM  # as the kernel says where a file system has no links


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse_links() -> None:
    """From now on this process makes no hard link."""
    first, second = CALLS[os.uname().machine]
    steps = ((LOAD, 0, 0, 0), (IF_EQUAL, 2, 0, first), (IF_EQUAL, 1, 0, second), (ANSWER, 0, 0, ALLOW))
    code = b"".join(struct.pack("HBBI", *step) for step in (*steps, (ANSWER, 0, 0, REFUSE)))
    held = ctypes.create_string_buffer(code)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code) // 8, ctypes.addressof(held))
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*words, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl failed")


def made_without_links(path: Path, work: Path) -> int:
    """0: it was made; 3: it was refused because there is one."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            refuse_links()
            handmade(path, work, {("site", ""): b"x"})
            status = 0
        except BackupMisused:
            status = 3
        finally:
            os._exit(status)
    _, how = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(how)


@pytest.mark.skipif(os.uname().machine not in CALLS, reason="the numbers of its system calls are not known here")
def test_a_backup_is_made_where_there_are_no_links_and_overwrites_nothing(tmp_path):
    path = tmp_path / "b"
    assert made_without_links(path, tmp_path) == 0
    assert open_backup(path, PASSPHRASE).contents.site == "test_site"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert made_without_links(path, tmp_path) == 3
    assert path.read_bytes() == before
    assert not (tmp_path / "b.new").exists()
