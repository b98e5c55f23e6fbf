"""schemathesis over the API's own document, as a program of its own, against the running network process.

Loaded into pytest it would be imported by every run of the tests; so it is switched off there (setup.cfg).
    python -m tests.network.api_fuzz [--examples N] [--seed N]      a longer run, as `make fuzz` does it
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from tests.network.api_client import make_client
from tests.network.fake_controller import health, states
from tests.network.journals import JournalGate, journal_gate

PROGRAM = (sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()")
BEAT_S = 1.0
EVERYTHING = ("guard", "manager", "installer")
STREAM = "/api/v1/stream"  # has no end: tests/network/test_api_stream.py. All else that the document has is asked.
REVOKING = "/api/v1/clients/{client}"  # a run of its own: it finds the name of its own client, and ends it
ALL_BUT_REVOKING = ("--exclude-path", STREAM, "--exclude-path", REVOKING)
ONLY_REVOKING = ("--include-path", REVOKING, "--include-path", "/api/v1/me")


class Fuzzed(NamedTuple):
    status: int
    output: str


@contextlib.asynccontextmanager
async def fuzzed_gate(folder: Path) -> AsyncIterator[tuple[JournalGate, list[str]]]:
    """A gate whose controller goes on speaking, and the tokens of two clients that may do everything there."""
    async with journal_gate(folder, role=None) as running:

        async def beat() -> None:
            while True:
                running.page.controller.say(states(seq=running.book.seq), health())
                await asyncio.sleep(BEAT_S)

        beating = asyncio.create_task(beat())
        try:
            tokens = []
            for name in ("fuzzer", "second fuzzer"):
                made = await make_client(running.page, name, *EVERYTHING, metrics=True, days="")
                assert made[1], made[0].text
                tokens.append(made[1])
            running.page.cookie = None
            yield running, tokens
        finally:
            beating.cancel()


async def fuzz(port: int, token: str, folder: Path, examples: int, seed: int, limit_s: float, *more: str) -> Fuzzed:
    """Run it to its end, or for `limit_s`; its exit status is 0 where nothing failed."""
    told = [
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--max-examples", str(examples), "--seed", str(seed)),
        *("--request-timeout", "10", "--suppress-health-check", "all", "--no-color"),
        *more,
    ]
    settings = folder / "schemathesis.toml"
    settings.write_text(CONFIG, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("--config-file", str(settings)),
        "run",
        *told,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")},
    )
    try:
        async with asyncio.timeout(limit_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Fuzzed(process.returncode or 0, output.decode(errors="replace"))


# A whole answer of the page is often one that says no: a pace is kept (429), and what is right in form may be refused
# as things stand (409: a portal that allows nothing from afar). Anything else that is right in form has to succeed.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "429"]
"""


async def run(examples: int, seed: int, limit_s: float) -> list[Fuzzed]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with fuzzed_gate(folder) as (running, tokens):
            parts = zip(tokens, (ALL_BUT_REVOKING, ONLY_REVOKING), strict=True)
            port = running.page.port
            return await asyncio.gather(
                *(fuzz(port, token, folder, examples, seed, limit_s, *which) for token, which in parts)
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=float, default=1800.0)
    arguments = parser.parse_args()
    fuzzed = asyncio.run(run(arguments.examples, arguments.seed, arguments.limit_s))
    for each in fuzzed:
        print(each.output)
    return max(each.status for each in fuzzed)


if __name__ == "__main__":
    sys.exit(main())
