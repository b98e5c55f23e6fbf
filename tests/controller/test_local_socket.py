"""Unix sockets between our processes: long paths, what a dead process left, who is at the other end."""

from __future__ import annotations

import asyncio
import os
import socket
import stat

import pytest

from firmware.local_socket import listening_socket, own_users, reachable, user_of

SUN_PATH_BYTES = 108  # of struct sockaddr_un, with its end (unix(7))


@pytest.fixture
def deep(tmp_path):
    folder = tmp_path / ("a" * 120) / ("b" * 120)
    folder.mkdir(parents=True)
    assert len(str(folder)) > SUN_PATH_BYTES
    return folder


def test_a_path_longer_than_a_sockets_own_is_listened_at_and_reached(deep):
    path = deep / "role.sock"

    async def scene():
        users = []

        async def serve(reader, writer):
            users.append(user_of(writer))
            writer.write(await reader.readexactly(3))
            writer.close()

        server = await asyncio.start_unix_server(serve, sock=listening_socket(path))
        with reachable(path) as address:
            reader, writer = await asyncio.open_unix_connection(address)
        writer.write(b"abc")
        assert await reader.read() == b"abc"
        writer.close()
        server.close()
        return users

    assert asyncio.run(scene()) == [os.getuid()]
    assert os.getuid() in own_users()
    with pytest.raises(OSError, match="path too long"), socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))


def test_what_a_dead_process_left_is_replaced_and_the_mode_is_the_one_asked_for(tmp_path):
    path = tmp_path / "role.sock"
    listening_socket(path).close()
    assert path.exists()
    with listening_socket(path, 0o600, os.getgid()), socket.socket(socket.AF_UNIX) as client:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client.connect(str(path))


def test_where_there_is_no_folder_it_is_said_and_no_descriptor_stays(tmp_path):
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            listening_socket(tmp_path / "none" / "role.sock")
        with pytest.raises(FileNotFoundError), reachable(tmp_path / "none" / "role.sock"):
            pass
    assert set(os.listdir("/proc/self/fd")) == before
