"""What this process takes of the site file, and the voices it makes of it: one for each language."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from firmware.config import Config, ViewingTable, load
from firmware.network.acts.act import Gate, gate_of
from firmware.network.errors import SettingsError
from firmware.network.plan.drawing import Drawing
from firmware.network.plan.layout import draw
from firmware.network.view import Names, Speaker
from firmware.network.words import LANGUAGES, Words
from firmware.texts import texts

PROBLEMS_NAMED_MAX = 3  # `menshen check` names them all


class Settings(msgspec.Struct, frozen=True):
    site_name: str
    portal_names: Mapping[str, str]
    reader_portals: Mapping[str, str]
    time_zone: str
    language: str  # where the browser asks for none of ours
    page: str
    mdns: bool
    names: tuple[str, ...] = ()  # of this machine, under which the page is served
    redirect_port: int = 0  # plain HTTP that leads to the page; 0: none
    site: str = ""  # its id
    gate: Gate = Gate()  # what the page may ask of it
    points: tuple[tuple[str, str, str], ...] = ()  # access points: id, portal, direction
    reset_input: str = ""  # the button for the state of delivery; empty: there is none
    plan: Drawing = Drawing()
    cameras: Mapping[str, str] = {}  # camera -> the portal that it is a reader of; empty: of none
    viewing: ViewingTable = ViewingTable()
    faces_on: bool = False
    face_cameras: tuple[str, ...] = ()  # that look for faces
    point_portals: Mapping[str, str] = {}  # access point -> its portal


def read_settings(path: str) -> Settings:
    """Raises SettingsError when the file has any problem."""
    config, problems = load(Path(path))
    if config is None:
        named = "; ".join(str(problem) for problem in problems[:PROBLEMS_NAMED_MAX])
        raise SettingsError(f"{path} has problems ({named}): run `menshen check {path}`")
    host = f"[{config.network.page_host}]" if ":" in config.network.page_host else config.network.page_host
    return Settings(
        site_name=config.name,
        portal_names=config.portal_names,
        reader_portals={
            reader: portal.id
            for portal in config.site.portals
            for point in portal.access_points
            for reader in point.readers
        },
        time_zone=config.time_zone,
        language=config.language,
        page=f"{host}:{config.network.page_port}",
        mdns=config.network.mdns,
        names=config.network.names,
        redirect_port=config.network.redirect_port,
        site=config.site.id,
        gate=gate_of(config.site),
        points=tuple(
            (point.id, portal.id, point.direction) for portal in config.site.portals for point in portal.access_points
        ),
        reset_input=config.reset_input or "",
        cameras={camera: _portal_of(config, camera) for camera in sorted(cameras_of(config.devices))},
        viewing=config.viewing,
        faces_on=config.faces.on,
        face_cameras=tuple(sorted(cameras_of(each for each in config.devices if _wants_faces(each)))),
        point_portals={point.id: portal.id for portal in config.site.portals for point in portal.access_points},
        plan=draw(config.site, config.portal_names, cameras_of(config.devices)),
    )


def cameras_of(devices: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """Which devices are cameras: all that this process reads of the tables of devices."""
    return frozenset(str(device.get("id")) for device in devices if device.get("kind") == "camera")


def _wants_faces(device: Mapping[str, object]) -> bool:
    wanted = device.get("wanted")
    return isinstance(wanted, list | tuple) and "face" in wanted


def _portal_of(config: Config, camera: str) -> str:
    portals = config.site.portals
    return next((one.id for one in portals for point in one.access_points if camera in point.readers), "")


def zone_of(settings: Settings) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(settings.time_zone)


def speakers_of(settings: Settings) -> dict[str, Speaker]:
    stay_open = frozenset(name for name, portal in settings.gate.portals.items() if not portal.closes)
    names = Names(
        settings.site_name, settings.portal_names, settings.reader_portals, settings.site, settings.plan, stay_open
    )
    zone = zoneinfo.ZoneInfo(settings.time_zone)
    return {language: Speaker(Words(language), texts(language), names, zone) for language in LANGUAGES}
