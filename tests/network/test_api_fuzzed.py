"""schemathesis over the document, against the running network process: nothing fails, and a planted fault is found."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.network.api_fuzz import ALL_BUT_REVOKING, ONLY_REVOKING, fuzz, fuzzed_gate

pytestmark = pytest.mark.slow

EXAMPLES = 4
SEED = 1
LIMIT_S = 240.0


@contextlib.asynccontextmanager
async def spoiled(port: int, ours: bytes, theirs: bytes) -> AsyncIterator[int]:
    """A port that passes everything on to another one, and back with one word exchanged for one as long."""
    assert len(ours) == len(theirs)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while received := await reader.read(1 << 20):
                writer.write(received.replace(ours, theirs) if change else received)
                await writer.drain()
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, far_writer, False), pump(far_reader, writer, True))
        for each in (writer, far_writer):
            each.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def operations_in(output: str) -> int:
    found = re.search(r"Tested: +(\d+)", output)
    assert found is not None, output
    return int(found[1])


@pytest.mark.attack("api-17")
def test_no_request_of_a_fuzzer_fails_any_check(tmp_path: Path) -> None:
    async def scene() -> None:
        async with fuzzed_gate(tmp_path) as (running, tokens):
            port = running.page.port
            most, revoking = await asyncio.gather(
                fuzz(port, tokens[0], tmp_path, EXAMPLES, SEED, LIMIT_S, *ALL_BUT_REVOKING),
                fuzz(port, tokens[1], tmp_path, EXAMPLES, SEED, LIMIT_S, *ONLY_REVOKING),
            )
            assert most.status == 0, most.output
            assert revoking.status == 0, revoking.output
            assert "Authentication failed" not in most.output, "it was let in"
            assert operations_in(most.output) >= 24
            assert operations_in(revoking.output) == 2

    asyncio.run(scene())


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    """A gate between the two that answers like ours but for one thing: it calls a portal's mode by another name."""

    async def scene() -> None:
        async with fuzzed_gate(tmp_path) as (running, tokens):
            async with spoiled(running.page.port, b'"mode":', b'"mood":') as port:
                only = ("--include-path", "/api/v1/portals", "--phases", "coverage,fuzzing")
                found = await fuzz(port, tokens[0], tmp_path, 2, SEED, LIMIT_S, *only)
            assert found.status == 1
            assert "violates schema" in found.output, found.output

    asyncio.run(scene())
