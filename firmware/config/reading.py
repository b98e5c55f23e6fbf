"""Reads a site file: `draft` makes what can be made of it and collects the problems, `load` wants it without any."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TypeVar

import msgspec

from firmware.config.barrier_tables import BarrierWords
from firmware.config.convert import convert
from firmware.config.document import LISTS, board_of, devices_of, read, tables_of
from firmware.config.drafts import Draft, PortalDraft
from firmware.config.problem import Problem, Problems, key_shown, nearest, shown
from firmware.config.references import check_references
from firmware.config.tables import (
    SHAPES,
    Config,
    DoorWords,
    Exchange,
    ExchangeTable,
    FacesTable,
    FacesUse,
    Network,
    NetworkTable,
    PeerTable,
    Rehearsal,
    RehearsalTable,
    RosterTable,
    RosterTrust,
    SiteTable,
    Store,
    StoreTable,
    TurnstileWords,
    ViewingTable,
)
from firmware.core.access import Zone
from firmware.core.site import Area, Barrier, Door, Reader, Site, Turnstile
from firmware.zones import ZoneError, zone_names, zone_of

TABLES = ("site", "store", "roster", "exchange", "network", "faces", "viewing", "rehearsal", "board")
PORTAL_KINDS: dict[str, tuple[type[Door | Turnstile | Barrier], type[DoorWords | TurnstileWords | BarrierWords]]] = {
    "door": (Door, DoorWords),
    "turnstile": (Turnstile, TurnstileWords),
    "barrier": (Barrier, BarrierWords),
}

T = TypeVar("T")


def load(path: Path) -> tuple[Config | None, list[Problem]]:
    """Read a site file; the configuration is None when there is any problem. Never raises for what the file holds."""
    made = draft(path)
    return (None if made.problems.found else config_of(made)), made.problems.found


def draft(path: Path) -> Draft:
    """Read a site file as far as it can be read, with all problems of the file itself.

    What boards, wires and policies say about it is added by firmware/controller/check.py.
    """
    made = Draft(path, Problems())
    document = read(path, made.problems)
    if document is None:
        return made
    problems = made.problems
    for key, value in document.items():
        if key not in TABLES and key not in LISTS:
            known = sorted({*TABLES, *LISTS})
            problems.add(key_shown(key), shown(value), "unknown_key", near=nearest(key, known), keys=", ".join(known))
    if "site" in document:
        made.site = convert(document["site"], SiteTable, "site", problems, shapes=SHAPES)
    else:
        problems.add("site", "-", "missing")
    if made.site is not None:
        made.zone = _zone(made.site, problems)
    made.store = _table(document, "store", StoreTable, problems) or made.store
    made.roster = _table(document, "roster", RosterTable, problems) or made.roster
    made.exchange = _table(document, "exchange", ExchangeTable, problems) or made.exchange
    made.network = _table(document, "network", NetworkTable, problems) or made.network
    made.faces = _table(document, "faces", FacesTable, problems) or made.faces
    made.viewing = _table(document, "viewing", ViewingTable, problems) or made.viewing
    made.rehearsal = _table(document, "rehearsal", RehearsalTable, problems) or made.rehearsal
    made.board = board_of(document, problems)
    made.areas = _structs(document, "area", Area, problems)
    made.peers = _structs(document, "peer", PeerTable, problems)
    made.readers = _structs(document, "reader", Reader, problems)
    made.portals = [
        made_portal for p, t in tables_of(document, "portal", problems) if (made_portal := _portal(t, p, problems))
    ]
    made.devices = devices_of(document, problems)
    if not made.portals and not problems.touch("portal"):
        problems.add("portal", "-", "missing")
    _check_network(made)
    _check_rehearsal(made)
    check_references(made)
    return made


def config_of(made: Draft) -> Config:
    """Make the configuration of a draft without problems."""
    site = made.site
    assert site is not None
    assert not made.problems.found
    guards = {reader.id: reader for _, reader in made.readers}
    for each in made.portals:
        for point in each.portal.access_points:
            for reader in point.readers:
                guards.setdefault(reader, Reader(reader))
    host, port = _address(made.network.page)
    here = made.file.resolve().parent
    return Config(
        file=made.file.resolve(),
        site=Site(
            id=site.id,
            zone=made.zone,
            portals=tuple(each.portal for each in made.portals),
            readers=tuple(guards.values()),
            areas=tuple(area for _, area in made.areas),
            fire_inputs=site.fire_inputs,
            tamper_inputs=site.tamper_inputs,
            duress_roles=site.duress_roles,
            fire_reset=site.fire_reset,
            remote=site.remote,
        ),
        name=site.name,
        language=site.language,
        time_zone=site.time_zone,
        portal_names={each.portal.id: (each.words and each.words.name) or each.portal.id for each in made.portals},
        store=Store(here / made.store.folder, made.store.retention_days, made.store.retention_mb),
        roster=RosterTrust(tuple(bytes.fromhex(key) for key in made.roster.signers)),
        exchange=Exchange({peer.id: bytes.fromhex(peer.key) for _, peer in made.peers}, made.exchange.heard_ms_max),
        network=Network(host, port, made.network.mdns, made.network.names, made.network.redirect_port),
        rehearsal=Rehearsal(
            *(
                here / name if name else None
                for name in (made.rehearsal.plants, made.rehearsal.holders, made.rehearsal.rules)
            )
        ),
        board=made.board,
        devices=tuple(device.table for device in made.devices),
        faces=FacesUse(
            made.faces.on,
            made.faces.challenge,
            made.faces.one_of_many,
            here / made.faces.evaluation if made.faces.evaluation else None,
        ),
        viewing=made.viewing,
        reset_input=site.reset_input,
    )


def _zone(site: SiteTable, problems: Problems) -> Zone:
    try:
        return zone_of(site.time_zone)
    except ZoneError:
        problems.add("site.time_zone", shown(site.time_zone), "time_zone", near=nearest(site.time_zone, zone_names()))
        return Zone("UTC")


def _table(document: dict[str, object], key: str, into: type[T], problems: Problems) -> T | None:
    return convert(document[key], into, key, problems, shapes=SHAPES) if key in document else None


def _structs(document: dict[str, object], key: str, into: type[T], problems: Problems) -> list[tuple[str, T]]:
    made = [(p, convert(t, into, p, problems, shapes=SHAPES)) for p, t in tables_of(document, key, problems)]
    return [(path, item) for path, item in made if item is not None]


def _portal(table: dict[str, object], path: str, problems: Problems) -> PortalDraft | None:
    """Make a portal of its table: the core's keys and ours stand side by side in it."""
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in PORTAL_KINDS:
        near = nearest(kind, PORTAL_KINDS) if isinstance(kind, str) else ""
        problems.add(
            f"{path}.kind", shown(kind) if "kind" in table else "-", "word", near=near, words=", ".join(PORTAL_KINDS)
        )
        return None
    into, words_into = PORTAL_KINDS[kind]
    word_keys = {field.encode_name for field in msgspec.structs.fields(words_into)}
    given = {"portal": table.get("id", "")}
    portal = convert(table, into, path, problems, shapes=SHAPES, given=given, elsewhere={"kind", *word_keys})
    beside = {key: value for key, value in table.items() if key in word_keys}
    words = convert(beside, words_into, path, problems, shapes=SHAPES)
    return None if portal is None else PortalDraft(path, portal, words, frozenset(table))


def _address(page: str) -> tuple[str, int]:
    """Split "127.0.0.1:8080" or "[::1]:8080". Raises ValueError."""
    host, _, port = page.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else -1
    if not 0 <= number <= 65_535:
        raise ValueError(port)
    return str(ipaddress.ip_address(host.strip("[]"))), number


def _check_network(made: Draft) -> None:
    """An address of this machine; what leads to the page from plain HTTP must not be the page's own port."""
    if made.problems.touch("network"):
        return
    try:
        _, port = _address(made.network.page)
    except ValueError:
        made.problems.add("network.page", shown(made.network.page), "page_address")
        return
    if port and made.network.redirect_port == port:
        made.problems.add("network.redirect_port", shown(made.network.redirect_port), "redirect_port")


def _check_rehearsal(made: Draft) -> None:
    for key in ("plants", "holders", "rules"):
        name = getattr(made.rehearsal, key)
        if name and not (made.file.resolve().parent / name).is_file():
            made.problems.add(f"rehearsal.{key}", shown(name), "file_missing")
