"""What devices on serial ports may not ask for: whose port it is, how often a tag is told, what a display can show."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.display_protocol import width_of
from drivers.serial_protocol import Reads
from drivers.serial_reader import SerialReaderConfig
from drivers.text_display import TextDisplayConfig
from firmware.config import Draft, Problems, shown
from firmware.controller.kinds import Device
from firmware.controller.signs import shown_texts
from firmware.core.access import Factor
from firmware.core.site import Reader

FACTOR = {Reads.CODE: Factor.CODE, Reads.TAG: Factor.TAG}
ALONE = (SerialReaderConfig, TextDisplayConfig)  # settings of devices that share their port with nobody


def check_serial(draft: Draft, devices: Iterable[Device], problems: Problems) -> None:
    """Add every problem of these devices."""
    _check_ports(devices, problems)
    guards = {guard.id: guard for _, guard in draft.readers}
    for device in devices:
        if isinstance(device.settings, SerialReaderConfig):
            _check_repeat(device.path, device.settings, guards.get(device.settings.id), problems)
        elif isinstance(device.settings, TextDisplayConfig):
            _check_display(device.path, device.settings, draft, problems)


def factors_of(settings: SerialReaderConfig) -> set[Factor] | None:
    """What the reader can read; None where that is not known."""
    protocol = settings.described()
    return None if protocol is None else {FACTOR[protocol.reads]}


def _check_ports(devices: Iterable[Device], problems: Problems) -> None:
    """Two that read one port take each other's bytes away."""
    first: dict[str, tuple[str, bool]] = {}
    for device in devices:
        port = getattr(device.settings, "port", None)
        path = f"{device.path}.port"
        if not isinstance(port, str) or not port or problems.touch(path):
            continue
        alone = isinstance(device.settings, ALONE)
        earlier, was_alone = first.setdefault(port, (path, alone))
        if earlier != path and (alone or was_alone):
            problems.add(path, shown(port), "port_twice", first=earlier)


def _check_repeat(path: str, settings: SerialReaderConfig, guard: Reader | None, problems: Problems) -> None:
    """A tag that is refused before its vehicle stands on the loop has to be another presentation once it does."""
    protocol = settings.described()
    repeat_ms = (guard if guard is not None else Reader(settings.id)).repeat_ms
    told_ms = settings.repeats_ms()
    if protocol is None or protocol.repeat.since != "told" or problems.touch(f"{path}.repeat_ms"):
        return
    if told_ms <= repeat_ms:
        problems.add(f"{path}.repeat_ms", str(told_ms), "tag_repeat", least=repeat_ms, reader=settings.id)


def _check_display(path: str, settings: TextDisplayConfig, draft: Draft, problems: Problems) -> None:
    """A display that nobody names shows nothing, and one without letters for its language shows question marks."""
    used = {point.display for each in draft.portals for point in each.portal.access_points}
    if settings.id not in used and not problems.touch("portal") and not problems.touch(f"{path}.id"):
        problems.add(f"{path}.id", shown(settings.id), "display_unused")
    keys = ("languages", "protocol", "encoding", "columns")
    if draft.site is None or any(problems.touch(f"{path}.{key}") for key in (*keys, "rows")):
        return
    protocol = settings.described()
    if protocol is None:
        return
    encoding = settings.letters()
    columns = settings.columns if settings.columns is not None else protocol.columns
    for language in settings.languages or (draft.site.language,):
        key = f"{path}.languages" if settings.languages else f"{path}.protocol"
        for text in shown_texts(language):
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                problems.add(key, shown(language), "display_letters", encoding=encoding, text=text)
                break
            if width_of(text) > columns and not problems.touch(f"{path}.columns"):
                problems.add(f"{path}.columns", str(columns), "display_columns", least=width_of(text), text=text)
