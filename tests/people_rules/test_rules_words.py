"""The words of rules and reviews: there for all that the desk may say."""

from __future__ import annotations

import re
from pathlib import Path

from firmware.core.access import Factor
from firmware.network.words import Words
from firmware.roster.comparing.found import Change
from firmware.roster.source.batch import Kind
from firmware.roster.source.schema import ENTITIES

HOUSE = Path(__file__).parents[2]
PEOPLE = HOUSE / "firmware" / "people"
EN = Words("en")
DESK = sorted([*PEOPLE.glob("rul*.py"), *PEOPLE.glob("review*.py")])


def test_whatever_the_desk_refuses_has_its_words() -> None:
    said: set[str] = set()
    for path in DESK:
        text = path.read_text()
        said |= set(re.findall(r'(?:Denied|RuleRefused)\(\s*"(\w+)"', text))
        said |= set(re.findall(r'work\.at\("(\w+)"', text))
        for pattern in re.findall(r'(?:Denied|RuleRefused)\(f"([^"]+)"', text):
            said |= (
                {re.sub(r"\{\w+\}", kind, pattern) for kind in ("schedule", "profile", "special")}
                if ("bad" in pattern)
                else {re.sub(r"\{\w+\}", kind, pattern) for kind in ("schedule", "profile")}
            )
    assert len(said) > 30
    assert [word for word in sorted(said) if not EN.has(word)] == []


def test_whatever_a_line_of_hours_may_not_be_has_its_words() -> None:
    reasons = set(re.findall(r'NotHours\("(\w+)"', (HOUSE / "firmware/roster/weekly.py").read_text()))
    assert len(reasons) == 7
    assert [reason for reason in reasons if not EN.has(f"hours_{reason}")] == []


def test_all_that_a_review_may_tell_has_its_words() -> None:
    keys = [f"review_entity_{entity}" for entity in ENTITIES]
    keys += [f"review_entities_{entity}" for entity in ENTITIES]
    keys += [f"review_change_{change.value}" for change in Change]
    keys += [f"review_batch_{kind.value}" for kind in Kind if kind is not Kind.EXPORT]
    keys += [f"review_kind_{factor.value}" for factor in Factor]
    keys += [f"review_{side}_{how}" for side in ("lost", "gained") for how in ("all", "some", "credential")]
    keys += [f"review_who_{side}_{how}" for side in ("lost", "gained") for how in ("all", "some", "credential")]
    keys += [f"review_stale_{what}" for what in ("source", "gate")]
    assert [key for key in keys if not EN.has(key)] == []


def test_templates_use_no_word_that_is_not_there() -> None:
    templates = HOUSE / "firmware" / "network" / "templates"
    for path in [*templates.glob("rules*.html"), *templates.glob("review*.html")]:
        used = re.findall(r'words\("(\w+)"(?! \+)', path.read_text())
        assert used
        assert [word for word in used if not EN.has(word)] == [], path.name
