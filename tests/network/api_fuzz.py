"""schemathesis over the API's own document, as a program of its own, against the running network process.

The gate that is fuzzed has a real journal and a real people process's desk on a scratch list; the controller is made
up, so that nothing of it can be restarted, restored or let go. What a client may ask is asked by a token, what needs a
person by the console's session, and what is about one's own account by a session of an account. Ids of what is there
are given to the fuzzer, which takes them three times out of four.

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
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from firmware.identity import fingerprint_of
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.network.api.examples import EXAMPLES
from firmware.network.api.operations import OPERATIONS
from firmware.network.route import Need, Route
from firmware.network.routes import ROUTES
from firmware.people.serving import PeopleSocket
from firmware.people_words.base import HowAreThings, Standing
from firmware.people_words.holders import BringToGate
from firmware.wire_messages import Wired
from tests.devices_page.test_device_pages import PORTALS, WIRES
from tests.network.accounts import NAMES, OTHER, PASSPHRASE
from tests.network.api_client import KEY, call, make_client, seen, told
from tests.network.fake_controller import UTC_MS, health, states, welcome
from tests.network.journals import MINUTE_MS, Book, day, recording
from tests.network.running import RunningPage, running_page, settings
from tests.people.desk import at_desk
from tests.people.pages import CARD, PEOPLE, READERS

PROGRAM = (sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()")
BEAT_S = 1.0
TOKENS_PARTS = 2
KNOWN_SHARE = 0.75
EVERYTHING = ("guard", "manager", "installer")
OWN = "fuzzed"  # the account whose own page of settings is fuzzed
API = tuple(route for route in ROUTES if route.of_api)
# Not fuzzed, by name, each with the test that asks it by hand.
APART = {
    "stream": "has no end: tests/network/test_api_stream.py",
    "api devices stream": "has no end: tests/devices_page/test_devices_api.py",
    "api selftest stream": "has no end: tests/devices_page/test_selftest_api.py",
}


MORE_PEOPLE = tuple(
    row
    for n in range(3, 9)
    for row in (
        ("household", f"f{n}", {"label": f"3-2-60{n}"}),
        ("holder", f"h{n}", {"name": f"Holder {n}", "profiles": "residents", "household": f"f{n}"}),
    )
)
SHEET = "name,household,card\r\n王芳,3-2-501,H10301:12:40001\r\nLi Na,3-2-502,H10301:12:40002\r\n".encode()
# Ids of what is there, by the name of the part of a path.
THERE = {
    "portal": ("front_door", "bike_shed", "hall"),
    "subject": ("front_door", "hall"),
    "holder": tuple(f"h{n}" for n in range(1, 9)),
    "household": ("f1", *(f"f{n}" for n in range(3, 9))),
    "schedule": ("day", "night"),
    "profile": ("residents", "neighbours", "vehicles", "visitors", "staff"),
    "account": ("guard", "installer", "auditor"),
    "call": ("front_in", "hall_in"),
    "device": ("front_lock", "front_reader"),
    "event": tuple(f"1-{n}" for n in range(1, 10)),
    "process": ("controller", "vision", "people"),
}
# What the made-up controller tells, by the command's name.
TOLD = {
    "TellFaces": '{"on": true}',
    "TellShift": '{"left_s": 600}',
    "TakeFace": "1",
    "HowFar": '{"state": "looking"}',
}


class Fuzzed(NamedTuple):
    status: int
    output: str


class Part(NamedTuple):
    """One run: which operations, and as whom. `headers` are those of a token, or of a session and its forms."""

    name: str
    headers: tuple[str, ...]
    operations: tuple[str, ...]

    @property
    def which(self) -> tuple[str, ...]:
        return tuple(word for name in self.operations for word in ("--include-operation-id", name))


class FuzzedGate(NamedTuple):
    """`there` has ids of what is there, by the name of the part of a path that they stand in."""

    page: RunningPage
    token: str
    parts: tuple[Part, ...]
    there: Mapping[str, tuple[str, ...]]


def id_of(route: Route) -> str:
    """As the document names an operation."""
    return f"{route.method.lower()}_{route.call.removeprefix('api ').replace(' ', '_')}"


def fuzzed_routes() -> list[Route]:
    return [route for route in API if route.call not in APART]


def _weight(route: Route) -> int:
    """About how many requests it takes to cover it."""
    operation = OPERATIONS[route.call]
    fields = 0 if operation.body is None else len(operation.body.__struct_fields__)  # type: ignore[attr-defined]
    return 8 + 12 * len(operation.query) + (10 + 6 * fields if operation.body is not None else 0)


def split(routes: Iterable[Route], parts: int) -> list[tuple[str, ...]]:
    """So many parts of about the same weight; what stands under one word of a path stays together, for its links."""
    rooms: dict[str, list[Route]] = {}
    for route in routes:
        rooms.setdefault(route.path.removeprefix("/api/v1").split("/")[1], []).append(route)
    weights = {name: sum(map(_weight, own)) for name, own in rooms.items()}
    found: list[list[Route]] = [[] for _ in range(parts)]
    for name in sorted(rooms, key=lambda name: -weights[name]):
        min(found, key=lambda part: sum(map(_weight, part))).extend(rooms[name])
    return [tuple(map(id_of, part)) for part in found]


def tokens_routes() -> list[Route]:
    return [route for route in fuzzed_routes() if route.by_token and route.call != "api revoke"]


def persons_routes() -> list[Route]:
    """What needs somebody who has logged in, and to revoke clients: by a token that would soon be its own."""
    routes = fuzzed_routes()
    return [route for route in routes if route.call == "api revoke" or not (route.by_token or _is_own(route))]


def own_routes() -> list[Route]:
    return [route for route in fuzzed_routes() if _is_own(route)]


def _is_own(route: Route) -> bool:
    return route.needs is Need.ACCOUNT


@contextlib.asynccontextmanager
async def fuzzed_gate(folder: Path) -> AsyncIterator[FuzzedGate]:
    """A gate whose controller goes on speaking, and all parts of a run over it."""
    state = folder / "accounts"
    state.mkdir()
    hasher = Hasher()
    hashed, secret = await hasher.hash(PASSPHRASE), await hasher.hash(OTHER)
    hasher.close()
    # Its passphrase is none of the document's examples, or it would be changed, and its session over.
    own = {OWN: Account(OWN, frozenset({Role.GUARD}), secret)}
    Store(state).save({name: Account(name, frozenset({each}), hashed) for each, name in NAMES.items()} | own)
    async with contextlib.AsyncExitStack() as closing:
        kept, logs = folder / "people", folder / "logs"
        for made in (kept, logs):
            made.mkdir()
        people = await _people(kept, closing)
        book = Book(kept / "state" / "journal")  # where the desk of people looks for it, too
        closing.callback(book.close)
        events = day()
        book.write(*events, utc_ms=UTC_MS - (len(events) - 1) * MINUTE_MS, every_ms=MINUTE_MS)
        first = (
            welcome(str(book.path), fingerprint=fingerprint_of(book.key.public_key)),
            states(seq=book.seq),
            health(),
        )
        page = await closing.enter_async_context(
            running_page(folder, *first, site=settings(reader_portals=READERS), people=people, logs=logs)
        )
        page.controller.on_ask = recording(book)
        page.controller.telling |= TOLD
        page.controller.refusals["RestartProcess"] = ("restart_too_soon",)  # or we would end ourselves
        receipt = EXAMPLES[OPERATIONS["api face withdraw"].answers]  # type: ignore[index]
        page.controller.receipts["EndFace"] = msgspec.json.encode(receipt).decode()
        page.controller.looks["WatchWires"] = lambda request: Wired(request, "north_gate", UTC_MS, WIRES, PORTALS)
        beating = asyncio.create_task(_beat(page, book))
        closing.callback(beating.cancel)
        yield await _gate(page)


async def _people(folder: Path, closing: contextlib.AsyncExitStack) -> str:
    """A list with some people in it, which is at the gate, and its desk; the socket where it is asked."""
    desk = closing.enter_context(at_desk(folder))
    desk.put(*PEOPLE, *MORE_PEOPLE)
    desk.gate.owners[CARD] = "h1"
    standing = desk.ask(HowAreThings())
    assert isinstance(standing, Standing)
    desk.ask(BringToGate(batch=standing.batch))
    served = PeopleSocket(folder / "people.sock", desk.desk)
    await served.start()
    closing.push_async_callback(served.stop)
    return str(served.path)


async def _beat(page: RunningPage, book: Book) -> None:
    while True:
        page.controller.say(states(seq=book.seq), health())
        await asyncio.sleep(BEAT_S)


async def _gate(page: RunningPage) -> FuzzedGate:
    _, token = await make_client(page, "fuzzer", *EVERYTHING, metrics=True, days="")
    assert token
    by_token = (f"Authorization: Bearer {token}",)
    console = await _session(page)
    page.cookie = None
    entered = await page.post("/login", [("name", OWN), ("passphrase", OTHER), ("code", "")])
    assert entered.status == 303, entered.text
    own = await _session(page)
    page.cookie = None
    parts = [Part(f"token-{n}", by_token, names) for n, names in enumerate(split(tokens_routes(), TOKENS_PARTS))]
    parts.append(Part("console", console, tuple(map(id_of, persons_routes()))))
    parts.append(Part("own", own, tuple(map(id_of, own_routes()))))
    return FuzzedGate(page, token, tuple(parts), THERE | await _made(page, token))


async def _made(page: RunningPage, token: str) -> dict[str, tuple[str, ...]]:
    """Ids that only this gate has."""
    sheet = told(await call(page, "GET", "/api/v1/people/h1", token))
    refs = tuple(str(credential["ref"]) for credential in sheet["credentials"])  # type: ignore[attr-defined]
    example = EXAMPLES[OPERATIONS["api review make"].body]  # type: ignore[index]
    review = await call(page, "POST", "/api/v1/review", token, example, {"idempotency-key": KEY})
    assert review.status == 202, review.text
    await seen(page, str(review.header("location")), token, lambda response: told(response)["over"])
    csv = {"content-type": "text/csv", "idempotency-key": KEY + "b"}
    sent = await call(page, "POST", "/api/v1/imports", token, headers=csv, raw=SHEET)
    assert sent.status == 202, sent.text
    taken = await seen(page, str(sent.header("location")), token, lambda response: told(response)["over"])
    sheet = str(told(taken)["outcome_at"]).rpartition("/")[2]
    return {"ref": refs, "job": (str(told(review)["id"]),), "sheet": (sheet,)}


async def _session(page: RunningPage) -> tuple[str, ...]:
    origin = f"Origin: http://127.0.0.1:{page.port}"
    return (f"Cookie: {page.cookie}", origin, f"X-CSRF-Token: {await page.token()}")


async def fuzz(
    port: int,
    part: Part,
    folder: Path,
    examples: int,
    seed: int,
    limit_s: float,
    *more: str,
    there: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Fuzzed:
    """Run it to its end, or for `limit_s`; its exit status is 0 where nothing failed."""
    asked = [
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        *(word for header in part.headers for word in ("--header", header)),
        *("--checks", "all", "--max-examples", str(examples), "--seed", str(seed)),
        *("--request-timeout", "10", "--suppress-health-check", "all", "--no-color"),
        # Who asks is fixed, and stands in the headers above.
        *("--generation-with-security-parameters", "false"),
        *part.which,
        *more,
    ]
    settings = folder / f"{part.name}.toml"
    settings.write_text(CONFIG + _known(there), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("--config-file", str(settings)),
        "run",
        *asked,
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
# What is wrong in form may be too large before it is looked at (413).
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "429"]
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "406", "409", "411", "413", "415", "422", "429",
]
"""


def _known(there: Mapping[str, tuple[str, ...]]) -> str:
    """Ids of what is there, as a part of the settings."""
    lists = [f"[dictionaries.{name}]\nvalues = {list(ids)}" for name, ids in there.items()]
    places = [f'"path.{name}" = {{ dictionary = "{name}", probability = {KNOWN_SHARE} }}' for name in there]
    return "\n".join([*lists, "[parameters]", *places, ""])


async def run(examples: int, seed: int, limit_s: float, *more: str) -> list[Fuzzed]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with fuzzed_gate(folder) as gate:
            return await asyncio.gather(
                *(
                    fuzz(gate.page.port, part, folder, examples, seed, limit_s, *more, there=gate.there)
                    for part in gate.parts
                )
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=float, default=1800.0)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    arguments = parser.parse_args()
    phases = ("--phases", arguments.phases)
    fuzzed = asyncio.run(run(arguments.examples, arguments.seed, arguments.limit_s, *phases))
    for each in fuzzed:
        print(each.output)
    return max(each.status for each in fuzzed)


if __name__ == "__main__":
    sys.exit(main())
