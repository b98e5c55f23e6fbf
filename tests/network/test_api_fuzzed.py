"""schemathesis over the document, against the running network process: nothing fails, and a planted fault is found."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.network.api_client import call, told
from tests.network.api_fuzz import APART, API, Fuzzed, Part, fuzz, fuzzed_gate, id_of

pytestmark = pytest.mark.slow

HOUSE = Path(__file__).parents[2]
EXAMPLES = 2  # beside the coverage of each parameter; `make fuzz` draws more
SEED = 1
LIMIT_S = 240.0  # a machine of two cores that does nothing else takes a sixth of it


# Refused to whoever does not know the passphrase: the right one is told in test_accounts_api.py.
BY_WORD_ALONE = frozenset({"POST /api/v1/account/passphrase", "POST /api/v1/account/factor"})
BY_WORD_ALONE |= {"POST /api/v1/account/factor/off"}


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


def refused_throughout(output: str) -> set[str]:
    """Operations that answered nothing but 401 and 403, as schemathesis lists them."""
    listed = re.search(r"Authentication failed:.*?\n\n(?=\S*💡)", output, re.DOTALL)
    return set() if listed is None else set(re.findall(r"- ([A-Z]+ \S+)", listed[0]))


def test_every_operation_of_the_document_is_in_one_part_or_stands_apart_with_its_reason(tmp_path: Path) -> None:
    async def scene() -> None:
        async with fuzzed_gate(tmp_path) as gate:
            names = [name for part in gate.parts for name in part.operations]
            apart = [id_of(route) for route in API if route.call in APART]
            document = told(await call(gate.page, "GET", "/api/v1/openapi.json", gate.token))
            paths = document["paths"]
            assert isinstance(paths, dict)
            ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
            assert sorted(names + apart) == sorted(ids), "each once"
            assert len(apart) == len(APART)
            for reason in APART.values():
                assert (HOUSE / reason.partition(": ")[2]).is_file(), "each is asked by hand in a test of its own"

    asyncio.run(scene())


@pytest.mark.attack("api-17")
def test_no_request_of_a_fuzzer_fails_any_check(tmp_path: Path) -> None:
    async def scene() -> None:
        async with fuzzed_gate(tmp_path) as gate:
            port, there = gate.page.port, gate.there

            async def fuzzed(part: Part) -> Fuzzed:
                return await fuzz(port, part, tmp_path, EXAMPLES, SEED, LIMIT_S, there=there)

            for part, found in zip(gate.parts, await asyncio.gather(*map(fuzzed, gate.parts)), strict=True):
                assert found.status == 0, found.output
                assert operations_in(found.output) == len(part.operations), found.output
                refused = refused_throughout(found.output)
                assert refused <= BY_WORD_ALONE, (part.name, refused)
            alive = await call(gate.page, "GET", "/api/v1/me", gate.token)
            assert alive.status == 200, "it was let in to the end"

    asyncio.run(scene())


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    """A gate between the two that answers like ours but for one thing: it calls a portal's mode by another name."""

    async def scene() -> None:
        async with fuzzed_gate(tmp_path) as gate:
            portals = Part("portals", gate.parts[0].headers, ("get_portals",))
            async with spoiled(gate.page.port, b'"mode":', b'"mood":') as port:
                found = await fuzz(port, portals, tmp_path, 2, SEED, LIMIT_S, "--phases", "coverage,fuzzing")
            assert found.status == 1
            assert "violates schema" in found.output, found.output

    asyncio.run(scene())
