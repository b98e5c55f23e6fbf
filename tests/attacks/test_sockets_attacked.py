"""A client of the role socket that asks without end is read slowly: the loop belongs to the door."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.controller.role_socket import ASKS_BURST, REFUSALS_BURST, REFUSALS_PER_S, RoleSocket
from firmware.core.facts import OpenOnce
from firmware.local_socket import listening_socket
from firmware.messages import Answer, AnyFromController, Ask, FrameReader, Welcome, pack
from firmware.rehearsal.virtual_time import run_virtual

ASKS = 600


@pytest.mark.attack("socket-10")
def test_past_its_burst_a_flooding_client_is_read_slowly(tmp_path: Path):
    """On virtual time, so that the pace is the socket's own and no machine's."""

    async def scenario():
        asked: list[Ask] = []
        welcome = Welcome(version="0", site="s", site_name="S", boot="b", journal="/nowhere")
        role = RoleSocket("network", welcome, frozenset({OpenOnce}), asked.append)
        await role.start(listening_socket(tmp_path / "role.sock"))
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "role.sock"))
        began_s = asyncio.get_running_loop().time()
        for number in range(ASKS):
            writer.write(pack(Ask(command=OpenOnce(issuer="x", request=str(number), portal="d"), request=str(number))))
        frames, refused = FrameReader(AnyFromController), 0
        while refused + len(asked) < ASKS:
            messages = frames.feed(await reader.read(1 << 16))
            refused += sum(isinstance(message, Answer) and not message.done for message in messages)
        took_s = asyncio.get_running_loop().time() - began_s
        writer.close()
        await role.stop()
        return took_s, len(asked)

    took_s, asked = run_virtual(scenario())
    assert asked <= ASKS_BURST + 2 * took_s + 1  # ASKS_PER_S
    paced = ASKS - asked - REFUSALS_BURST  # each pause earns one more refusal that is not waited for
    assert took_s >= paced / (2 * REFUSALS_PER_S) - 1 > 10
