"""What one table of a site file says about another: ids that exist once, references that lead somewhere."""

from __future__ import annotations

import re
from itertools import pairwise

from firmware.config.barrier_parts import parts_of
from firmware.config.barrier_tables import BarrierWords
from firmware.config.drafts import Draft, PortalDraft
from firmware.config.problem import Problems, nearest, shown
from firmware.config.tables import TurnstileWords
from firmware.core.site import AccessPoint, Barrier, Door, Reader, Turnstile
from firmware.identity import id_of


def check_references(draft: Draft) -> None:
    """Add the problems of ids and references, and of values that contradict each other within one table."""
    _check_ids(draft)
    uses = _Uses(draft)
    for each in draft.portals:
        _check_portal(each, draft, uses)
    _check_peers(draft)
    for path, reader in draft.readers:
        uses.device(f"{path}.id", reader.id, "guard")
        uses.device(f"{path}.tamper", reader.tamper, "use")
        _check_reader(path, reader, draft.problems)
    if draft.site is not None:
        for key, inputs in (("fire_inputs", draft.site.fire_inputs), ("tamper_inputs", draft.site.tamper_inputs)):
            for index, device in enumerate(inputs):
                uses.device(f"site.{key}[{index}]", device, "use")
        uses.device("site.reset_input", draft.site.reset_input, "use")


def _check_ids(draft: Draft) -> None:
    """Ids are unique over the site, whatever they name. A `[[reader]]` bears its device's id and is counted apart."""
    named: list[tuple[str, str]] = []
    for each in draft.portals:
        named.append((each.path, each.portal.id))
        named += [(f"{each.path}.access_point[{n}]", p.id) for n, p in enumerate(each.portal.access_points)]
    named += [(path, area.id) for path, area in draft.areas]
    named += [(device.path, device.id) for device in draft.devices]
    points = [(point.path, point.id) for device in draft.devices for point in device.points]
    for group in ([*named, *points], [(path, reader.id) for path, reader in draft.readers]):
        first: dict[str, str] = {}
        for path, name in group:
            if name and name in first:
                where = path if (path, name) in points else f"{path}.id"
                draft.problems.add(where, shown(name), "duplicate_id", first=first[name])
            first.setdefault(name, path)


def _check_peers(draft: Draft) -> None:
    """Each peer once, under the id that follows from its key; and somebody tells of every area that is shared."""
    first: dict[str, str] = {}
    for path, peer in draft.peers:
        if peer.id and peer.key and peer.id != id_of(bytes.fromhex(peer.key)):
            draft.problems.add(
                f"{path}.id", shown(peer.id), "controller_id_of_key", near=id_of(bytes.fromhex(peer.key))
            )
        if peer.id and peer.id in first:
            draft.problems.add(f"{path}.id", shown(peer.id), "duplicate_id", first=first[peer.id])
        first.setdefault(peer.id, path)
    if draft.peers or draft.problems.touch("peer"):
        return
    for path, area in draft.areas:
        if area.shared:
            draft.problems.add(f"{path}.shared", "true", "shared_without_peer")


def _all_known(group: str, problems: Problems) -> bool:
    """Tell whether every id of `area`, `portal` or `device` could be read; else a reference may lead to a lost one."""
    lost = re.compile(rf"{group}(\[\d+\](\.id|\.kind|\.mover|\.drive)?)?")
    return not any(lost.fullmatch(p.path) and p.rule != "duplicate_id" for p in problems.found)


class _Uses:
    """Who uses which device. One input, output or reader serves one purpose."""

    def __init__(self, draft: Draft) -> None:
        self.problems: Problems = draft.problems
        self.devices = {device.id for device in draft.devices}
        self.devices |= {point.id for device in draft.devices for point in device.points}
        self.all_known = _all_known("device", draft.problems)
        self.first: dict[tuple[str, str], str] = {}

    def device(self, path: str, name: str | None, purpose: str) -> None:
        """Take note that `path` uses the device `name`: it must be there, and used for this purpose once."""
        if not name:
            return
        if name not in self.devices:
            if self.all_known:
                self.problems.add(path, shown(name), "no_device", near=nearest(name, self.devices))
        elif (purpose, name) in self.first:
            if not self.problems.touch(path):
                self.problems.add(path, shown(name), "used_twice", first=self.first[purpose, name])
        else:
            self.first[purpose, name] = path


def _check_portal(each: PortalDraft, draft: Draft, uses: _Uses) -> None:
    path, portal, problems = each.path, each.portal, draft.problems
    if isinstance(portal, Door):
        uses.device(f"{path}.lock", portal.lock, "use")
        uses.device(f"{path}.contact", portal.contact, "use")
        for index, rex in enumerate(portal.rex):
            uses.device(f"{path}.rex[{index}].input", rex.input, "use")
        _check_order(path, portal, "open_ms_max", "extended_open_ms_max", problems)
        if portal.prealarm_ms >= portal.open_ms_max and not problems.touch(f"{path}.open_ms_max"):
            problems.add(
                f"{path}.prealarm_ms", str(portal.prealarm_ms), "below", other="open_ms_max", most=portal.open_ms_max
            )
        if portal.first_card and portal.unlock_schedule is None:
            problems.add(f"{path}.first_card", "true", "first_card_without_schedule")
        _check_order(path, portal, "release_ms", "extended_release_ms", problems)
    elif isinstance(portal, Turnstile):
        for key in ("release_in", "release_out", "passage_in", "passage_out", "drop"):
            uses.device(f"{path}.{key}", getattr(portal, key), "use")
        _check_order(path, portal, "release_ms", "extended_release_ms", problems)
    else:
        for part in parts_of(portal):
            uses.device(f"{path}.{part.key}", part.device, "use")
        uses.device(f"{path}.temperature", portal.temperature, f"temperature of {path}")  # several may look at one
        _check_barrier(path, portal, problems)
    _check_other_portals(each, draft)
    for index, point in enumerate(portal.access_points):
        _check_point(f"{path}.access_point[{index}]", point, draft, uses)
        uses.device(f"{path}.access_point[{index}].display", point.display, "use")


def _check_other_portals(each: PortalDraft, draft: Draft) -> None:
    """A portal of an interlock and a way out beside it are other portals of this file."""
    path, portal, words, problems = each.path, each.portal, each.words, draft.problems
    portals = {other.portal.id for other in draft.portals} - {portal.id}
    named = [] if isinstance(portal, Barrier) else [(f"interlock[{n}]", x) for n, x in enumerate(portal.interlock)]
    if isinstance(words, TurnstileWords | BarrierWords) and words.egress_by:
        named.append(("egress_by", words.egress_by))
    for key, other in named:
        if other and other not in portals and _all_known("portal", problems):
            problems.add(f"{path}.{key}", shown(other), "no_portal", near=nearest(other, portals))


def _check_barrier(path: str, barrier: Barrier, problems: Problems) -> None:
    """Times, temperatures and schedules that contradict each other."""

    def sound(*keys: str) -> bool:
        return not any(problems.touch(f"{path}.{key}") for key in keys)

    if sound("dead_ms", "warning_ms") and barrier.warning_ms < barrier.dead_ms:
        problems.add(f"{path}.warning_ms", str(barrier.warning_ms), "not_below", other="dead_ms", least=barrier.dead_ms)
    if sound("test_ms", "warning_ms") and 2 * barrier.test_ms >= barrier.warning_ms:
        problems.add(f"{path}.test_ms", str(barrier.test_ms), "lane_test_ms", most=(barrier.warning_ms - 1) // 2)
    warmer = sorted(enumerate(barrier.cold), key=lambda each: -each[1].celsius)
    for (_, one), (index, other) in pairwise(warmer):
        if sound("cold") and (other.celsius == one.celsius or other.factor < one.factor):
            problems.add(f"{path}.cold[{index}]", f"{other.celsius}, {other.factor}", "lane_cold_order")
    if barrier.cold and barrier.temperature is None and sound("cold", "temperature"):
        problems.add(f"{path}.temperature", "-", "lane_cold_temperature")
    if sound("light"):
        for index, light in enumerate(barrier.lights):
            if light.direction in (before.direction for before in barrier.lights[:index]):
                problems.add(f"{path}.light[{index}].direction", shown(light.direction.value), "lane_light_twice")
    same = barrier.unlock_schedule is not None and barrier.unlock_schedule == barrier.closed_schedule
    if same and sound("unlock_schedule", "closed_schedule"):
        problems.add(f"{path}.closed_schedule", shown(barrier.closed_schedule), "lane_same_schedule")


def _check_order(path: str, portal: Door | Turnstile, short: str, long: str, problems: Problems) -> None:
    """Whoever needs longer must not get less."""
    if problems.touch(f"{path}.{short}") or problems.touch(f"{path}.{long}"):
        return
    if getattr(portal, long) < getattr(portal, short):
        found = str(getattr(portal, long))
        problems.add(f"{path}.{long}", found, "not_below", other=short, least=getattr(portal, short))


def _check_point(path: str, point: AccessPoint, draft: Draft, uses: _Uses) -> None:
    problems = draft.problems
    for index, reader in enumerate(point.readers):
        uses.device(f"{path}.readers[{index}]", reader, "use")
    uses.device(f"{path}.call", point.call, "use")
    areas = {area.id for _, area in draft.areas}
    for key in ("area_from", "area_to"):
        area = getattr(point, key)
        if area and area not in areas and _all_known("area", problems):
            problems.add(f"{path}.{key}", shown(area), "no_area", near=nearest(area, areas))
    if point.area_to and point.area_to == point.area_from:
        problems.add(f"{path}.area_to", shown(point.area_to), "same_area")
    wants_area = point.antipassback != "off" or point.antipassback_timed_s is not None
    if wants_area and point.area_to is None and not problems.touch(path):
        problems.add(f"{path}.area_to", "-", "antipassback_without_area")
    for index, requirement in enumerate(point.requirements):
        where = f"{path}.requirement[{index}].accept"
        if problems.touch(where):
            continue
        if not requirement.accept or not all(requirement.accept):
            problems.add(where, shown([list(each) for each in requirement.accept]), "accept_empty")
        for number, combination in enumerate(requirement.accept):
            if len(set(combination)) != len(combination):
                problems.add(f"{where}[{number}]", shown(list(combination)), "accept_repeats")


def _check_reader(path: str, reader: Reader, problems: Problems) -> None:
    if problems.touch(path):
        return
    if reader.pin_lockout_ms_max < reader.pin_lockout_ms:
        found = str(reader.pin_lockout_ms_max)
        problems.add(
            f"{path}.pin_lockout_ms_max", found, "not_below", other="pin_lockout_ms", least=reader.pin_lockout_ms
        )
