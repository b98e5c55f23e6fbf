"""What the core tells of readers' keys: an alarm with its reader, and who asked; nothing of it moves anything."""

from __future__ import annotations

import pytest

from firmware.core.codes import MEANING, Code, Severity
from firmware.core.key_facts import KeyChange, ReaderKeyed
from tests.core.portals.scene import Scene, door

CODES = {
    KeyChange.UNTRUSTED: (Code.READER_UNTRUSTED, Severity.ALARM),
    KeyChange.CHANGED: (Code.READER_KEY_CHANGED, Severity.NOTICE),
    KeyChange.KEPT: (Code.READER_KEY_KEPT, Severity.WARNING),
    KeyChange.INSTALLING: (Code.READER_INSTALLING, Severity.WARNING),
    KeyChange.INSTALLED: (Code.READER_INSTALLED, Severity.NOTICE),
    KeyChange.INSTALL_OVER: (Code.READER_INSTALL_OVER, Severity.WARNING),
    KeyChange.REFUSED: (Code.COMMAND_REFUSED, Severity.NOTICE),
}


def reader_of(s: Scene) -> str:
    return next(iter(s.state.readers))


@pytest.mark.parametrize("change", KeyChange)
def test_each_change_is_one_event_and_moves_nothing(change):
    s = Scene(door())
    s.take()
    name = reader_of(s)
    s.do(ReaderKeyed(name, change, "busy", issuer="Li", request="r1", note="yearly"))
    assert s.said() == [CODES[change][0].value]
    event = s.events[-1]
    assert (event.code, MEANING[event.code].severity) == CODES[change]
    assert (event.reader, event.request, event.body.issuer, event.body.note) == (name, "r1", "Li", "yearly")
    assert event.reasons == (("busy",) if change is KeyChange.REFUSED else ())
    assert event.detail == ("" if change is KeyChange.REFUSED else "busy")


def test_an_untrusted_reader_waits_for_somebody_to_acknowledge_it():
    s = Scene(door())
    name = reader_of(s)
    s.do(ReaderKeyed(name, KeyChange.UNTRUSTED, "wrong_key"))
    assert name in s.state.unacknowledged


def test_a_reader_that_is_not_there_is_named_in_the_refusal():
    s = Scene(door())
    s.take()
    s.do(ReaderKeyed("nobody", KeyChange.REFUSED, "reader_not_found", request="r1"))
    event = s.last("command.refused")
    assert event.reasons == ("reader_not_found:nobody",)
    assert event.reader is None
