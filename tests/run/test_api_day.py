"""The API of a running demo gate, with its real controller: an order by a token, the figures, and a fuzzer's day."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from firmware.bench.clock import rest
from firmware.core.codes import Code
from firmware.journal import search
from firmware.network.route import Route
from tests.network.api_fuzz import Part, fuzz, id_of, tokens_routes
from tests.run.demo import LIMIT_S, Demo

pytestmark = pytest.mark.slow

EXAMPLES = 6
PHASES = "examples,fuzzing,stateful"  # the coverage of each parameter is test_api_fuzzed.py's
SEED = 7
FUZZ_S_MAX = 300.0


def entered(demo: Demo) -> httpx.Client:
    """The console's session, by the address that was printed."""
    address = httpx.URL(demo.address("Page"))
    base = f"http://{address.host}:{address.port}"
    client = httpx.Client(base_url=base, timeout=LIMIT_S, headers={"origin": base})
    assert client.get("/", params=dict(address.params)).status_code == 303
    return client


TRIES, AGAIN_S = 100, 0.1

# What the made-up controller of test_api_fuzzed.py tells is what the real one has to tell by itself.
OF_CONTROLLER = ("portals", "site", "alarms", "orders", "events", "journal", "calls", "devices", "faces", "cameras")
# Not asked of it, by name: an hour of them would wear a card, and let no other export be made.
SPARED = frozenset({"api journal export", "api journal prove"})


def fuzzed_by_day() -> list[Route]:
    """What the controller, or its journal, answers; nothing that restarts, restores or rewrites the list."""
    rooms = (f"/api/v1/{name}" for name in OF_CONTROLLER)
    starts = tuple(rooms)
    return [route for route in tokens_routes() if route.path.startswith(starts) and route.call not in SPARED]


def token_of(page: httpx.Client, name: str, *boxes: str) -> str:
    form = re.search(r'name="token" value="([^"]+)"', page.get("/clients").text)
    assert form is not None
    sent = {"token": form[1], "name": name, "days": "30", "role": list(boxes)}
    for _ in range(TRIES):  # the page is there before the controller has told it the time, which an end needs
        made = page.post("/clients/make", data=sent)
        token = re.search(r'class="token">([^<]+)<', made.text)
        if token is not None:
            return token[1]
        assert "No such end of a token" in made.text, made.text
        rest(AGAIN_S)
    raise AssertionError(made.text)


def test_a_client_orders_reads_figures_and_a_fuzzer_breaks_nothing(tmp_path: Path):
    demo = Demo(tmp_path)
    with contextlib.ExitStack() as closing:
        closing.callback(demo.stop)
        demo.line("Ready:")
        page = closing.enter_context(contextlib.closing(entered(demo)))
        porter = {"authorization": f"Bearer {token_of(page, 'Porter', 'guard', 'metrics')}"}
        fuzzer = token_of(page, "fuzzer", "guard", "manager", "installer", "metrics")
        api = httpx.Client(base_url=page.base_url, timeout=LIMIT_S, headers=porter)
        closing.callback(api.close)
        portals = {portal["id"]: portal for portal in api.get("/api/v1/portals").json()["portals"]}
        door = next(portal for portal in portals.values() if portal["kind"] == "door" and "open" in portal["may"])
        key = {"idempotency-key": "porter-0001"}
        opened = api.post(f"/api/v1/portals/{door['id']}/open", headers=key)
        assert (opened.status_code, opened.json()["fate"]) == (201, "done")
        again = api.post(f"/api/v1/portals/{door['id']}/open", headers=key)
        assert again.json()["id"] == opened.json()["id"]
        assert api.get(opened.headers["location"]).json()["proof"] != ""
        figures = {family.name: family for family in text_string_to_metric_families(api.get("/metrics").text)}
        assert figures["menshen_controller_up"].samples[0].value == 1
        assert figures["menshen_events"].samples, "the journal is read"
        url = page.base_url
        part = Part("day", (f"Authorization: Bearer {fuzzer}",), tuple(id_of(each) for each in fuzzed_by_day()))
        found = asyncio.run(fuzz(url.port or 0, part, tmp_path, EXAMPLES, SEED, FUZZ_S_MAX, "--phases", PHASES))
        assert found.status == 0, found.output
        assert "Authentication failed" not in found.output
        assert api.get("/api/v1/site").json()["live"] is True, "the gate goes on"
        (journal,) = tmp_path.rglob("journal.db")
        rows = search(journal, kind=Code.COMMANDED, oldest=True, limit=5, with_bodies=True)
        bodies = [row.event.body for row in rows if row.event.portal == door["id"]]
        assert bodies[0] is not None
        assert bodies[0].issuer == "client:Porter"
        assert [row.event.code for row in search(journal, kind=Code.CLIENT_USED, limit=9)]
