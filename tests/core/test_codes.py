"""Every code and reason is there once, means something, is well-formed, and is said by something."""

from __future__ import annotations

import ast
import re
from collections import Counter
from enum import StrEnum
from pathlib import Path

import pytest

from firmware.core import codes, reasons
from firmware.core.codes import MEANING, ONVIF_REASON, Code, Reason, Severity

FIRMWARE = Path(codes.__file__).parents[1]
LISTS = {Code: Path(codes.__file__), Reason: Path(reasons.__file__)}
SAYING = ("core", "controller", "journal")  # the rooms that make events

# ONVIF Core Specification, section on topics: concrete topic expressions of the namespace tns1. `Credential` is of the
# ONVIF Credential Service Specification (tns1:Credential/State/Enabled).
TOPIC = re.compile(r"tns1:[A-Z][A-Za-z]*(/[A-Z][A-Za-z]*)+")
TOPIC_ROOTS = {"AccessControl", "AccessPoint", "Door", "Device", "Monitoring", "Configuration", "Credential"}

# ONVIF Access Control Service Specification, reasons of denial (pt:DenyReason and the AccessControl/Denied events).
ONVIF_REASONS = {
    "CredentialNotEnabled",
    "CredentialNotActive",
    "CredentialExpired",
    "InvalidPIN",
    "NotPermittedAtThisTime",
    "Unauthorized",
    "Other",
}


def values_written(enum: type[StrEnum]) -> list[str]:
    """The values as they stand in the file. An enum would hide one that is written twice behind the first."""
    tree = ast.parse(LISTS[enum].read_text())
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == enum.__name__)
    return [line.value.value for line in body if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)]


def members_named(enum: str, folders: tuple[str, ...]) -> Counter[str]:
    """How often each member of an enum is named in code, not in comments or text, outside the file that lists them."""
    named: Counter[str] = Counter()
    for folder in folders:
        for path in (FIRMWARE / folder).rglob("*.py"):
            if path in LISTS.values():
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == enum:
                    named[node.attr] += 1
    return named


@pytest.mark.parametrize("enum", [Code, Reason])
def test_each_value_is_written_once(enum: type[StrEnum]):
    written = values_written(enum)
    assert len(written) == len(enum)
    assert [value for value, times in Counter(written).items() if times > 1] == []


def test_no_event_has_the_name_of_a_reason():
    """They stand beside one another in a journal's rows and in searches."""
    assert {code.value for code in Code} & {reason.value for reason in Reason} == set()


def test_values_are_words_that_search_and_export_can_carry():
    assert [code for code in Code if not re.fullmatch(r"[a-z]+\.[a-z_]+", code.value)] == []
    assert [reason for reason in Reason if not re.fullmatch(r"[a-z_]+", reason.value)] == []  # ":" begins an argument


def test_each_code_has_a_meaning_and_nothing_else_has():
    assert set(MEANING) == set(Code)
    assert all(isinstance(meaning.severity, Severity) for meaning in MEANING.values())


def test_topics_are_well_formed():
    topics = [meaning.topic for meaning in MEANING.values() if meaning.topic is not None]
    assert [topic for topic in topics if not TOPIC.fullmatch(topic)] == []
    assert {topic.split(":")[1].split("/")[0] for topic in topics} <= TOPIC_ROOTS
    assert {"tns1:AccessControl/AccessGranted/Credential", "tns1:AccessControl/Denied/Credential"} <= set(topics)


def test_reasons_for_other_systems_are_words_of_onvif():
    assert set(ONVIF_REASON.values()) <= ONVIF_REASONS
    assert set(ONVIF_REASON) <= set(Reason)


def test_each_code_is_said_by_something():
    assert {code.name for code in Code} - set(members_named("Code", SAYING)) == set()


def test_each_reason_is_said_by_something():
    assert {reason.name for reason in Reason} - set(members_named("Reason", ("core", "controller"))) == set()


def test_the_search_for_sayers_would_notice_a_code_that_nobody_says():
    named = members_named("Code", SAYING)
    assert "GRANTED" in named
    assert "NO_SUCH_CODE" not in named
    assert named["TURNED_UNRELEASED"] < 5  # it counts uses, not letters


def test_what_happens_to_a_door_has_codes_of_its_own():
    """Issue 2, point 2: forced, and held with its pre-alarm, are told apart in journal, search and alarms."""
    distinct = {Code.FORCED.value, Code.HELD.value, Code.HELD_WARNING.value, Code.HELD_ENDED.value}
    assert len(distinct) == 4
    assert MEANING[Code.FORCED].severity is MEANING[Code.HELD].severity is Severity.ALARM
    assert MEANING[Code.HELD_WARNING].severity is not Severity.ALARM
