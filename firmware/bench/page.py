"""`menshen bench page`: card to lock while 50 pages are open, 250,000 rows are imported and log-ins flood, all at once.

The pages follow each swipe, as pages do; the import is the office's command with a sheet of its own; each wrong log-in
comes from another address and for another name, so that it is hashed. Swipes count while the import runs.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import msgspec

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.child import bound
from firmware.bench.clock import now_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.import_ import import_words, new_source, sheet_rows
from firmware.bench.memory import CODE, free_port
from firmware.bench.page_crowd import Crowd
from firmware.bench.process import pss_kb
from firmware.bench.rig import Rig, h10301
from firmware.bench.swipe import one_swipe
from firmware.controller.priority import take_priority
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.roster.sheets.writing import write_csv

SEED = 17
CREDENTIALS = 250_000
WINDOWS = 50
LOG_INS = 16  # at once: more than its one thread of hashing can do
SWIPES_ALONE = 100
PAUSE_S = 0.05
LIMIT_MS, PSS_MB = 5.0, 70
ENTER_TRIES = 100


def bench(folder: Path, rows: int = 250_000, windows: int = WINDOWS, log_ins: int = LOG_INS) -> dict[str, Any]:
    """Raises RuntimeError where one of the three was not there while cards were swiped."""
    take_priority()  # the stopwatch must not wait for a core either; before its threads start
    sheet, source = folder / "sheet.csv", folder / "office.source"
    write_csv(sheet, sheet_rows(rows))
    new_source(source)
    rig = Rig(folder)
    try:
        install_sample_roster(rig, CREDENTIALS)
        rig.start()
        rig.listens()
        _children_are_ordinary()
        holders = iter(welcome_holders(CREDENTIALS // 10, CREDENTIALS, SEED))
        with _network(rig, folder) as (network, page):
            alone = [_swiped(rig, next(holders)) for _ in range(SWIPES_ALONE)]
            with _crowd(page, windows, log_ins) as (crowd, did):
                swipes, seconds, most_kb = _beside_import(rig, holders, import_words(source, sheet), network.pid)
                assert crowd.poll() is None, "the crowd has gone"
    finally:
        rig.close()
    (mob,) = did
    if mob.windows != windows or mob.tries < windows:
        raise RuntimeError(f"the crowd was not there to its end: {mob}")
    beside = spread(swipes)
    return {
        "rows": rows,
        "swipe_alone_ms": spread(alone),
        "swipe_ms": beside,
        "import_s": round(seconds, 1),
        "network_pss_mb": round(most_kb / 1024, 1),
        "crowd": msgspec.to_builtins(mob),
        "figures": [
            Figure("card to lock beside all of it, 99th percentile", beside.p99, LIMIT_MS, "ms"),
            Figure("network process meanwhile, most PSS", round(most_kb / 1024, 1), PSS_MB, "MB"),
        ],
    }


def _children_are_ordinary() -> None:
    """From now on what we start has no priority of ours (sched(7)); the stopwatch's threads are there already."""
    os.sched_setscheduler(0, os.sched_getscheduler(0) | os.SCHED_RESET_ON_FORK, os.sched_getparam(0))


def _swiped(rig: Rig, holder: int) -> float:
    """From the end of the frame to the lock, in milliseconds."""
    rest(PAUSE_S)
    swiped = one_swipe(rig, h10301(*card(holder)))
    if swiped is None:
        raise RuntimeError(f"the card of holder {holder} moved no lock")
    return swiped[0]


@contextmanager
def _network(rig: Rig, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The network process as on a board, with one account, and where its page is."""
    accounts = folder / "accounts"
    accounts.mkdir(mode=0o700)
    hasher = Hasher()
    hashed = asyncio.run(hasher.hash("a passphrase of the bench"))
    hasher.close()
    Store(accounts).save({"guard": Account("guard", frozenset({Role.GUARD}), hashed)})
    page = f"127.0.0.1:{free_port()}"
    words = bound(sys.executable, "-m", "firmware.network", "--config", rig.site, "--socket", rig.role)
    words += ["--page", page, "--code", CODE, "--state", str(accounts)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield process, page
    finally:
        process.terminate()
        process.wait(20)


def _session(page: str) -> str:
    """The cookie of a session of the console."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    for _ in range(ENTER_TRIES):
        try:
            opener.open(f"http://{page}/?code={CODE}", timeout=5).close()
        except OSError:
            rest(0.1)
        else:
            return "; ".join(f"{each.name}={each.value}" for each in jar)
    raise RuntimeError(f"the page at {page} does not answer")


@contextmanager
def _crowd(page: str, windows: int, log_ins: int) -> Iterator[tuple[subprocess.Popen[bytes], list[Crowd]]]:
    """The crowd, once all its windows are open; what it did is in the list when it has gone."""
    words = bound(sys.executable, "-m", "firmware.bench.page_crowd", page, _session(page), windows, log_ins)
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    did: list[Crowd] = []
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"open\n":
            raise RuntimeError("the windows did not open")
        yield process, did
        said, _ = process.communicate(b"", timeout=30)
        did.append(msgspec.json.decode(said, type=Crowd))
    finally:
        process.kill()
        process.communicate()


def _beside_import(
    rig: Rig, holders: Iterator[int], words: list[object], network: int
) -> tuple[list[float], float, int]:
    """(milliseconds of each swipe, seconds, most PSS of the network process in kB) while one import runs."""
    swipes: list[float] = []
    began_ns, most_kb = now_ns(), 0
    importing = subprocess.Popen(bound(sys.executable, "-m", "firmware", *words), stdout=subprocess.DEVNULL)
    try:
        while importing.poll() is None:
            swipes.append(_swiped(rig, next(holders)))
            most_kb = max(most_kb, pss_kb(network))
    finally:
        importing.kill()
        importing.wait()
    if importing.returncode != 0:
        raise RuntimeError(f"the import ended with {importing.returncode}")
    return swipes, (now_ns() - began_ns) / 1e9, most_kb
