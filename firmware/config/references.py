"""What one table of a site file says about another: ids that exist once, references that lead somewhere."""

from __future__ import annotations

import re

from firmware.config.drafts import Draft, PortalDraft
from firmware.config.problem import Problems, nearest, shown
from firmware.config.tables import DoorWords, TurnstileWords
from firmware.core.site import AccessPoint, Door, Reader, Turnstile
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


def _check_ids(draft: Draft) -> None:
    """Ids are unique over the site, whatever they name. A `[[reader]]` bears its device's id and is counted apart."""
    portals = [(each.path, each.portal) for each in draft.portals]
    points = [(f"{path}.access_point[{n}]", p) for path, x in portals for n, p in enumerate(x.access_points)]
    named = [*portals, *points, *draft.areas, *((device.path, device) for device in draft.devices)]
    for group in (named, draft.readers):
        first: dict[str, str] = {}
        for path, item in group:
            if item.id and item.id in first:
                draft.problems.add(f"{path}.id", shown(item.id), "duplicate_id", first=first[item.id])
            first.setdefault(item.id, path)


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
    lost = re.compile(rf"{group}(\[\d+\](\.id|\.kind)?)?")
    return not any(lost.fullmatch(p.path) and p.rule != "duplicate_id" for p in problems.found)


class _Uses:
    """Who uses which device. One input, output or reader serves one purpose."""

    def __init__(self, draft: Draft) -> None:
        self.problems: Problems = draft.problems
        self.devices = {device.id for device in draft.devices}
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
    else:
        for key in ("release_in", "release_out", "passage_in", "passage_out", "drop"):
            uses.device(f"{path}.{key}", getattr(portal, key), "use")
    _check_order(path, portal, "release_ms", "extended_release_ms", problems)
    portals = {other.portal.id for other in draft.portals} - {portal.id}
    all_known = _all_known("portal", problems)
    for index, other in enumerate(portal.interlock):
        if other and other not in portals and all_known:
            problems.add(f"{path}.interlock[{index}]", shown(other), "no_portal", near=nearest(other, portals))
    words = each.words
    if isinstance(words, TurnstileWords) and words.egress_by and words.egress_by not in portals and all_known:
        problems.add(f"{path}.egress_by", shown(words.egress_by), "no_portal", near=nearest(words.egress_by, portals))
    assert words is None or isinstance(words, DoorWords if isinstance(portal, Door) else TurnstileWords)
    for index, point in enumerate(portal.access_points):
        _check_point(f"{path}.access_point[{index}]", point, draft, uses)


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
