"""`menshen bench memory`: PSS of controller and network after swipes, with 250,000 credentials and an open page."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.child import bound
from firmware.bench.clock import rest
from firmware.bench.figures import Figure
from firmware.bench.process import pss_kb
from firmware.bench.rig import Rig, h10301
from firmware.bench.swipe import one_swipe

SWIPES = 200
SEED = 5
CODE = "a-code-of-the-bench"
SETTLE_S = 3.0


def bench(folder: Path, swipes: int = SWIPES, credentials: int = 250_000) -> dict[str, Any]:
    """PSS in MB of both processes after `swipes` passages, the page having been opened."""
    rig = Rig(folder)
    network: subprocess.Popen[bytes] | None = None
    try:
        install_sample_roster(rig, credentials)
        rig.start()
        rig.listens()
        page = f"127.0.0.1:{free_port()}"
        words = bound(sys.executable, "-m", "firmware.network", "--config", rig.site, "--socket", rig.role)
        network = subprocess.Popen([*words, "--page", page, "--code", CODE], stdout=subprocess.DEVNULL)
        for holder in welcome_holders(swipes, credentials, SEED):
            if one_swipe(rig, h10301(*card(holder))) is None:
                raise RuntimeError(f"the card of holder {holder} moved no lock")
        with open_page(page).open(f"http://{page}/", timeout=5) as answer:
            page_bytes = len(answer.read())
        rest(SETTLE_S)
        assert rig.process is not None
        controller_mb, network_mb = pss_kb(rig.process.pid) / 1024, pss_kb(network.pid) / 1024
    finally:
        if network is not None:
            network.terminate()
            network.wait(20)
        rig.close()
    return {
        "credentials": credentials,
        "controller_pss_mb": round(controller_mb, 1),
        "network_pss_mb": round(network_mb, 1),
        "page_bytes": page_bytes,
        "figures": [
            Figure("controller, PSS", round(controller_mb, 1), 45, "MB"),
            Figure("controller and network, PSS", round(controller_mb + network_mb, 1), 100, "MB"),
        ],
    }


def free_port() -> int:
    """A port of loopback that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def open_page(page: str) -> urllib.request.OpenerDirector:
    """Open the page with its code, as a browser does; what has its session from then on."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    for _ in range(100):
        try:
            with opener.open(f"http://{page}/?code={CODE}", timeout=5) as answer:
                answer.read()
        except OSError:
            rest(0.1)
        else:
            return opener
    raise RuntimeError(f"the page at {page} does not answer")
