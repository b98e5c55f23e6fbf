"""Every way into the API, a part of the table of routes: method, path, who may use it.

Each line has its entry in firmware/network/api/operations.py or, of a room, in its own OPERATIONS. A part of a path in
braces stands for any one part. Names of people never stand in an address: who is searched is told in a body.
"""

from __future__ import annotations

from firmware.network.accounts.account import Role
from firmware.network.route import ACTS, API, GIVERS, METRICS, ORDERED_AT, READERS, Need, Route

API_ROUTES = (
    # The first is what page.js lives on.
    Route("GET", f"{API}/stream", Need.SESSION, "stream"),
    Route("GET", f"{API}/openapi.json", Need.SESSION, "api document"),
    Route("GET", f"{API}/me", Need.SESSION, "api me"),
    Route("GET", f"{API}/site", Need.SESSION, "api site"),
    Route("GET", f"{API}/portals", Need.SESSION, "api portals"),
    Route("GET", f"{API}/portals/{{portal}}", Need.SESSION, "api portal"),
    Route("GET", f"{API}/alarms", Need.SESSION, "api alarms"),
    *(Route("POST", path, dict(ACTS)[what], f"api {what.value}") for path, what in ORDERED_AT),
    Route("GET", f"{API}/orders", GIVERS, "api orders"),
    Route("GET", f"{API}/orders/{{order}}", GIVERS, "api order"),
    Route("GET", f"{API}/events", Need.SESSION, "api events"),
    Route("GET", f"{API}/journal/counts", READERS, "api counts"),
    Route("GET", f"{API}/journal/chain", READERS, "api chain"),
    Route("GET", f"{API}/clients", Role.MANAGER, "api clients"),
    Route("DELETE", f"{API}/clients/{{client}}", Role.MANAGER, "api revoke"),
    Route("GET", METRICS, Need.METRICS, "metrics"),
)
