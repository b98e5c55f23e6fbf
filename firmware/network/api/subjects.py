"""What the API's paths are about: the sections of the page /api, of docs/API.md and of the document's tags."""

from __future__ import annotations

from types import MappingProxyType

from firmware.network.route import API, METRICS

# Each with the beginnings of its paths, in the order in which they are shown. The longest beginning counts.
SUBJECTS = MappingProxyType(
    {
        "gate_now": ("site", "portals", "alarms", "orders", "calls", "stream"),
        "events": ("events", "journal", "questions"),
        "people": ("people", "people-choices", "households", "readers"),
        "visits": ("visits",),
        "rules": ("schedules", "profiles", "special-days"),
        "to_gate": ("review", "gate", "jobs"),
        "lists": ("imports",),
        "devices": ("devices", "stream/devices", "selftest", "stream/selftest", "machine", "label"),
        "cameras": ("cameras", "viewings", "faces"),
        "backup": ("backup",),
        "log_ins": ("account", "accounts"),
        "programs": ("me", "clients", "openapi.json", METRICS),
    }
)
_BEGINNINGS = {
    tuple(beginning.strip("/").split("/")): subject
    for subject, beginnings in SUBJECTS.items()
    for beginning in beginnings
}


def subject_of(path: str) -> str:
    """The subject of a path of the API. Raises KeyError for one that stands in no subject."""
    parts = tuple(path.removeprefix(API).strip("/").split("/"))
    for length in range(len(parts), 0, -1):
        if parts[:length] in _BEGINNINGS:
            return _BEGINNINGS[parts[:length]]
    raise KeyError(path)
