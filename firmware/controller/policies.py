"""What a configuration may not ask for although every value in it is right: the rules `menshen check` refuses by.

Each rule looks at the draft of a site with its typed devices. A rule whose key is already spoiled by another problem
says nothing: what follows from a mistake is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from drivers.board_description import BoardDescription
from drivers.camera_settings import CameraConfig
from drivers.modbus_settings import ModbusConfig, port_problems
from drivers.osdp_settings import OsdpConfig
from drivers.serial_reader import SerialReaderConfig
from drivers.settings import PointRole
from drivers.wiegand import WiegandConfig
from drivers.wire.keypad import KeypadKind
from firmware.config import DoorWords, Draft, PortalDraft, Problems, TurnstileWords, escaped, nearest, parts_of, shown
from firmware.controller.camera_policies import check_cameras, factors_seen
from firmware.controller.face_policies import check_faces
from firmware.controller.kinds import Device, Role
from firmware.controller.lane_policies import check_egress_by, check_lane, lane_of
from firmware.controller.lane_wires import check_lane_wires
from firmware.controller.line_policies import check_lines, check_unheld
from firmware.controller.osdp_policies import check_osdp, factors_read
from firmware.controller.points import Output, Point, bus_times, output_of, points_of
from firmware.controller.reset_policies import check_reset_input
from firmware.controller.serial_policies import check_serial, factors_of
from firmware.core.access import Factor
from firmware.core.passage import proves
from firmware.core.site import AccessPoint, Antipassback, Barrier, Door, LockKind, Reader, Turnstile


class Use(NamedTuple):
    """One reference of the site to a device, with the role it needs and what it is there for."""

    path: str
    device: str
    role: Role | PointRole
    purpose: str  # lock, contact, rex, release_in ..., fire, tamper, reader
    portal: str  # or the site's id


def uses_of(draft: Draft) -> Iterator[Use]:
    """Every reference to a device, in the order of the file."""
    for each in draft.portals:
        path, portal = each.path, each.portal
        if isinstance(portal, Door):
            yield Use(f"{path}.lock", portal.lock, Role.OUTPUT, "lock", portal.id)
            if portal.contact:
                yield Use(f"{path}.contact", portal.contact, Role.INPUT, "contact", portal.id)
            for index, rex in enumerate(portal.rex):
                yield Use(f"{path}.rex[{index}].input", rex.input, Role.INPUT, "rex", portal.id)
        elif isinstance(portal, Barrier):
            for part in parts_of(portal):
                role = Role.OUTPUT if part.output else Role.INPUT
                yield Use(f"{path}.{part.key}", part.device, role, part.purpose, portal.id)
            if portal.temperature:
                yield Use(f"{path}.temperature", portal.temperature, PointRole.MEASURE, "temperature", portal.id)
        else:
            for key in ("release_in", "release_out", "drop"):
                if getattr(portal, key):
                    yield Use(f"{path}.{key}", getattr(portal, key), Role.OUTPUT, key, portal.id)
            for key in ("passage_in", "passage_out"):
                if getattr(portal, key):
                    yield Use(f"{path}.{key}", getattr(portal, key), Role.INPUT, key, portal.id)
        for number, point in enumerate(portal.access_points):
            for index, reader in enumerate(point.readers):
                yield Use(f"{path}.access_point[{number}].readers[{index}]", reader, Role.READER, "reader", point.id)
            if point.call:
                yield Use(f"{path}.access_point[{number}].call", point.call, Role.INPUT, "call", point.id)
            if point.display:
                yield Use(f"{path}.access_point[{number}].display", point.display, Role.DISPLAY, "display", point.id)
    for path, guard in draft.readers:
        if guard.tamper:
            yield Use(f"{path}.tamper", guard.tamper, Role.INPUT, "tamper", guard.id)
    if draft.site is not None:
        for key, inputs in (("fire_inputs", draft.site.fire_inputs), ("tamper_inputs", draft.site.tamper_inputs)):
            for index, device in enumerate(inputs):
                yield Use(f"site.{key}[{index}]", device, Role.INPUT, key.removesuffix("_inputs"), draft.site.id)
        if draft.site.reset_input:
            yield Use("site.reset_input", draft.site.reset_input, Role.INPUT, "factory_reset", draft.site.id)


def check_policies(draft: Draft, devices: list[Device], board: BoardDescription | None, problems: Problems) -> None:
    """Add every problem of wires and policies."""
    by_id = {device.settings.id: device for device in devices}
    points = points_of(devices)
    uses = list(uses_of(draft))
    _check_roles(uses, points, problems)
    check_lines(devices, board, problems)
    _check_ports(devices, problems)
    if board is not None:
        check_unheld(draft, uses, by_id, board, problems)
    _check_readers(draft, devices, uses, problems)
    check_serial(draft, devices, problems)
    check_osdp(devices, problems)
    check_cameras(draft, devices, problems)
    check_faces(draft, by_id, problems)
    times = bus_times(devices, problems)
    for each in draft.portals:
        if isinstance(each.portal, Door):
            _check_door(each, each.portal, points, problems)
        elif isinstance(each.portal, Barrier):
            lane = lane_of(each, each.portal, draft, points, times, problems)
            check_lane(lane)
            check_lane_wires(lane)
        else:
            _check_turnstile(each, each.portal, draft, points, problems)
        _check_access_points(each, draft, by_id, problems)
    _check_area_limits(draft, problems)
    check_reset_input(draft, points, problems)


# -- wires ------------------------------------------------------------------------------------------------------------


def _check_roles(uses: Iterable[Use], points: dict[str, Point], problems: Problems) -> None:
    """A lock is an output, a contact an input, a reader a reader."""
    for use in uses:
        point = points.get(use.device)
        if point is not None and point.role != use.role.value and not problems.touch(use.path):
            problems.add(use.path, f"{shown(use.device)} ({point.role})", "wrong_role", role=use.role.value)


def _check_ports(devices: list[Device], problems: Problems) -> None:
    """The devices of one port agree about it, and no coil is switched by two tables."""
    on_bus = [(device, device.settings) for device in devices if isinstance(device.settings, ModbusConfig)]
    for wrong in port_problems([settings for _, settings in on_bus]):
        path = f"{on_bus[wrong.later][0].path}.{wrong.key}"
        problems.add(path, escaped(wrong.found), "device", message=escaped(wrong.allowed))


def _check_readers(draft: Draft, devices: list[Device], uses: Iterable[Use], problems: Problems) -> None:
    """Every reader belongs to an access point, or its cards would fall on the floor."""
    used = {use.device for use in uses if use.role is Role.READER}
    for device in devices:
        name = device.settings.id
        if device.role is Role.READER and name not in used and not _may_be_used(name, problems):
            problems.add(f"{device.path}.id", shown(name), "reader_unused")
    known = {device.settings.id: device for device in devices}
    for path, guard in draft.readers:
        guarded = known.get(guard.id)
        if guarded is not None and guarded.role is not Role.READER:
            problems.add(f"{path}.id", shown(guard.id), "reader_guard", near=nearest(guard.id, used))


def _may_be_used(reader: str, problems: Problems) -> bool:
    """Tell whether a spoiled part of some portal may be where this reader was meant to stand."""
    ends = (".kind", ".mover", ".drive", ".access_point", ".readers")
    for problem in problems.found:
        in_portal = problem.path.startswith("portal")
        if problem.near == reader or (in_portal and problem.path.endswith(ends)):
            return True
        if in_portal and problem.near in ("access_point", "readers"):
            return True
    return False


# -- ways out ---------------------------------------------------------------------------------------------------------


def _output(name: str | None, points: dict[str, Point], problems: Problems) -> Output | None:
    """Return the sound output of this id."""
    output = output_of(points.get(name or ""))
    return None if output is None or problems.touch(output.on_lost_path) else output


def _check_door(each: PortalDraft, door: Door, points: dict[str, Point], problems: Problems) -> None:
    """DESIGN.md, section 5, point 1: nobody is kept in; and what is left on the lock fits its kind."""
    path = each.path
    kind_known = not problems.touch(f"{path}.lock_kind")
    if isinstance(each.words, DoorWords) and each.words.egress == "rex_hardware":
        if not door.rex and not problems.touch(f"{path}.rex"):
            problems.add(f"{path}.egress", shown(each.words.egress), "egress_rex_missing")
        if door.lock_kind is LockKind.FAIL_SECURE and kind_known:
            problems.add(f"{path}.lock_kind", shown(door.lock_kind.value), "egress_rex_fail_secure")
    lock = _output(door.lock, points, problems)
    if lock is not None and kind_known:
        if door.lock_kind is LockKind.FAIL_SECURE and lock.on_lost:
            problems.add(lock.on_lost_path, shown("on"), "fail_secure_on_lost")
        if door.lock_kind is LockKind.FAIL_SAFE and not lock.on_lost and door.escape:
            problems.add(lock.on_lost_path, shown("off"), "escape_on_lost")


def _check_turnstile(
    each: PortalDraft, turnstile: Turnstile, draft: Draft, points: dict[str, Point], problems: Problems
) -> None:
    """A turnstile drops its arms, or stands beside a door that lets everybody out."""
    path = each.path
    if turnstile.drop is None and not problems.touch(f"{path}.drop"):
        beside = each.words.egress_by if isinstance(each.words, TurnstileWords) else None
        if turnstile.escape and not problems.touch(f"{path}.escape"):
            problems.add(f"{path}.drop", "-", "turnstile_escape_drop")
        elif beside is None and not problems.touch(f"{path}.egress_by"):
            problems.add(f"{path}.drop", "-", "turnstile_way_out")
        elif beside is not None:
            check_egress_by(path, beside, draft, problems)
    drop = _output(turnstile.drop, points, problems)
    if drop is not None and turnstile.escape and not drop.on_lost:
        problems.add(drop.on_lost_path, shown("off"), "drop_on_lost")
    for name in (turnstile.release_in, turnstile.release_out):
        release = _output(name, points, problems)
        if release is not None and release.on_lost:
            problems.add(release.on_lost_path, shown("on"), "release_on_lost")
    hears_of_fire = draft.site is None or draft.site.fire_inputs or problems.touch("site.fire_inputs")
    if turnstile.unlock_schedule and not hears_of_fire:
        problems.add("site.fire_inputs", "[]", "unlock_schedule_fire")


# -- access points ----------------------------------------------------------------------------------------------------


def _check_access_points(each: PortalDraft, draft: Draft, devices: dict[str, Device], problems: Problems) -> None:
    portal, path = each.portal, each.path
    if not portal.access_points and not problems.touch(f"{path}.access_point"):
        problems.add(f"{path}.access_point", "-", "portal_without_access_point")
    guards = {guard.id: guard for _, guard in draft.readers}
    for index, point in enumerate(portal.access_points):
        where = f"{path}.access_point[{index}]"
        if not point.readers and not problems.touch(f"{where}.readers"):
            problems.add(f"{where}.readers", "-", "access_point_without_readers")
        _check_factors(where, point, devices, problems)
        if point.antipassback is Antipassback.HARD and not problems.touch(where):
            _check_hard_antipassback(where, point, portal, draft, problems)
        if isinstance(portal, Door) and not problems.touch(f"{path}.double_swipe_ms"):
            _check_double_swipe(path, portal, point, guards, problems)


def _check_factors(where: str, point: AccessPoint, devices: dict[str, Device], problems: Problems) -> None:
    """A factor that no reader here can read would lock everybody out."""
    readers = [devices[name] for name in point.readers if name in devices]
    if len(readers) != len(point.readers) or not readers:
        return
    can: set[Factor] = set()
    for reader in readers:
        if isinstance(reader.settings, SerialReaderConfig):
            read = factors_of(reader.settings)
            if read is None:
                return
            can |= read
            continue
        if isinstance(reader.settings, OsdpConfig | CameraConfig):
            settings = reader.settings
            can |= factors_read(settings) if isinstance(settings, OsdpConfig) else factors_seen(settings)
            continue
        if not isinstance(reader.settings, WiegandConfig):
            return  # not a reader at all, and said so already
        can |= {Factor.CARD} if reader.settings.formats else set()
        can |= {Factor.PIN} if reader.settings.keypad is not KeypadKind.NONE else set()
    words = ", ".join(sorted(factor.value for factor in can))
    for number, requirement in enumerate(point.requirements):
        path = f"{where}.requirement[{number}].accept"
        missing = sorted({factor.value for each in requirement.accept for factor in each if factor not in can})
        if missing and not problems.touch(path):
            problems.add(path, ", ".join(missing), "factor_without_device", can=words)


def _check_hard_antipassback(
    where: str, point: AccessPoint, portal: Door | Turnstile | Barrier, draft: Draft, problems: Problems
) -> None:
    """Hard anti-passback refuses by the record, so the record must be proven on the way in and on the way out."""
    what = _unproven(point, portal)
    if what is not None:
        problems.add(f"{where}.antipassback", shown("hard"), "hard_antipassback_unproven", what=what)
    elif point.area_to and not _counted_out(point.area_to, draft):
        problems.add(f"{where}.antipassback", shown("hard"), "hard_antipassback_no_exit", area=point.area_to)


def _unproven(point: AccessPoint, portal: Door | Turnstile | Barrier) -> str | None:
    """What the portal lacks to prove a passage by this access point; None where it can."""
    direction = "out" if point.direction == "out" else "in"
    if proves(portal, direction):
        return None
    if isinstance(portal, Barrier):
        return next(loop for loop in ("entry", "safety", "exit") if not getattr(portal, loop))
    return "contact" if isinstance(portal, Door) else f"passage_{direction}"


def _counted_out(area: str, draft: Draft) -> bool:
    """Tell whether somewhere a reader and a proven passage tell who leaves the area."""
    return any(
        point.area_from == area and point.readers and _unproven(point, each.portal) is None
        for each in draft.portals
        for point in each.portal.access_points
    )


def _counted_elsewhere(area: str, draft: Draft) -> bool:
    """Tell whether any proven passage by a reader takes a holder out of the area by the record."""
    return any(
        point.area_to != area and (point.area_to or point.area_from) and point.readers
        for each in draft.portals
        for point in each.portal.access_points
        if _unproven(point, each.portal) is None
    )


def _check_area_limits(draft: Draft, problems: Problems) -> None:
    """An area with a limit counts whoever enters, and fills up for ever where nothing counts anybody elsewhere."""
    for path, area in draft.areas:
        key = "occupancy_max" if area.occupancy_max is not None else "quota"
        if problems.touch(path) or problems.touch("portal") or not (area.quota or area.occupancy_max is not None):
            continue
        entries = [
            _unproven(point, each.portal)
            for each in draft.portals
            for point in each.portal.access_points
            if point.area_to == area.id
        ]
        unproven = next((what for what in entries if what is not None), None)
        if unproven is not None:
            problems.add(f"{path}.{key}", shown(area.id), "limit_unproven", area=area.id, what=unproven)
        elif entries and not _counted_elsewhere(area.id, draft):
            problems.add(f"{path}.{key}", shown(area.id), "limit_no_exit", area=area.id)


def _check_double_swipe(
    path: str, door: Door, point: AccessPoint, guards: dict[str, Reader], problems: Problems
) -> None:
    for name in point.readers:
        guard = guards.get(name, Reader(name))
        if door.double_swipe_ms <= guard.repeat_ms:
            found = str(door.double_swipe_ms)
            problems.add(f"{path}.double_swipe_ms", found, "double_swipe_repeat", least=guard.repeat_ms, reader=name)
