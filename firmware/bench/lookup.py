"""The roster's figures: build, proof, look-ups, memory; beside them a plain dict of the same roster as the limit."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure, spread
from firmware.bench.process import forget_peak, pss_kb, status_kb
from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster.build import build
from firmware.roster.install import install, load_last_good
from firmware.roster.presented import present
from firmware.roster.roster import Roster
from firmware.roster.sample import SAMPLE_RULES, sample_card, sample_roster_csv

LOOKUPS = 50_000
SEED = 11

Result = TypeVar("Result")


class _NobodyMoved:
    """A ledger that remembers nobody, so that the roster alone is measured."""

    area: str | None = None
    entered_s: int | None = None
    uses: Mapping[str, int] = MappingProxyType({})

    def holder(self, _holder: str, /) -> _NobodyMoved:
        return self

    def household_inside(self, _household: str, _besides: str, _areas: object, /) -> int:
        return 0


def bench_lookup(folder: Path, credentials: int = 250_000) -> dict[str, Any]:
    """Build, install, load and look up a sample roster of that many holders with a card each."""
    identity = Identity.load_or_create(folder / "identity")
    table, rules, built = folder / "holders.csv", folder / "rules.toml", folder / "built.roster"
    sample_roster_csv(table, credentials, SEED)
    rules.write_text(SAMPLE_RULES)
    forget_peak()
    before_kb = status_kb("VmRSS")
    build_ms, report = _timed_ms(lambda: build(table, rules, built, identity, version=1, created_s=0))
    build_kb = status_kb("VmHWM") - before_kb
    trusted = {identity.public_key}
    service = folder / "roster"
    install_ms, installed = _timed_ms(lambda: install(built, service, trusted))
    installed.close()
    before_kb = pss_kb()
    open_ms, loaded = _timed_ms(lambda: load_last_good(service, trusted))
    with loaded.roster as roster:
        timings = _look_up(roster, identity, credentials)
        roster_kb = pss_kb() - before_kb
        keys = [sample_card(number) for number in range(credentials)]
        before_kb = pss_kb()
        whole = {key: roster.find(Factor.CARD, key) for key in keys}
        dict_kb = pss_kb() - before_kb
    timings["dict_us"] = _spread_us(whole.__getitem__, _drawn(credentials))
    return {
        "credentials": report.credentials,
        "file_bytes": report.bytes,
        "build_s": round(build_ms / 1e3, 1),
        "build_memory_kb": build_kb,
        "install_ms": round(install_ms, 1),
        "open_and_verify_ms": round(open_ms, 1),
        "roster_memory_kb": roster_kb,
        "dict_memory_kb": dict_kb,
        "memory_of_dict_over_roster": round(dict_kb / max(1, roster_kb), 1),
        **timings,
        "figures": [
            Figure("one look-up, p99", timings["find_us"].p99, 80, "us"),
            Figure("one look-up with the holder's flags, p50", timings["present_us"].median, 20, "us"),
            Figure("open and verify", round(open_ms, 1), 500, "ms"),
        ],
    }


def _look_up(roster: Roster, identity: Identity, credentials: int) -> dict[str, Any]:
    ledger = _NobodyMoved()
    keys = _drawn(credentials)
    strangers = [f"H10301:250:{number}" for number in range(LOOKUPS)]
    second = [f"h{number:07}" for number in range(0, credentials, 4)][:LOOKUPS]
    return {
        "find_us": _spread_us(lambda key: roster.find(Factor.CARD, key), keys),
        "present_us": _spread_us(lambda key: present(roster, ledger, Factor.CARD, key, identity), keys),
        "unknown_us": _spread_us(lambda key: present(roster, ledger, Factor.CARD, key, identity), strangers),
        "pin_alone_us": _spread_us(lambda key: present(roster, ledger, Factor.PIN, key[-9:], identity), keys),
        "second_pin_us": _spread_us(lambda holder: roster.second_pin(holder, "123456", identity), second),
    }


def _drawn(credentials: int) -> list[str]:
    rng = random.Random(SEED)
    return [sample_card(rng.randrange(credentials)) for _ in range(LOOKUPS)]


def _spread_us(look_up: Callable[[str], object], keys: Sequence[str]) -> Any:
    taken = []
    for key in keys:
        start_ns = now_ns()
        look_up(key)
        taken.append((now_ns() - start_ns) / 1e3)
    return spread(taken, 1)


def _timed_ms(work: Callable[[], Result]) -> tuple[float, Result]:
    start_ns = now_ns()
    result = work()
    return (now_ns() - start_ns) / 1e6, result


bench = bench_lookup
