"""What the outcomes of people's own jobs are called in the API, where they stand, and what there is to say of them."""

from __future__ import annotations

from urllib.parse import quote

from firmware.network.people.job_told import Tellings
from firmware.network.route import API
from firmware.people_words.base import Found
from firmware.people_words.holders import Brought, EnrolledThere
from firmware.people_words.visitors import Invited


def credential_at(holder: str, ref: str) -> str:
    """Where a credential stands."""
    return f"{API}/people/{quote(holder, safe='')}/credentials/{quote(ref, safe='')}"


def visit_at(entry: str) -> str:
    """Where a visit stands."""
    return f"{API}/visits/{quote(entry, safe='')}"


def _enrolled(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, EnrolledThere)
    told = {
        "holder": found.holder,
        "shown": found.shown,
        "entry": found.entry,
        "ref": found.ref,
        "kept": "yes" if found.kept else "no",
        "why_not": found.why_not,
        "reasons": " ".join(found.reasons),
    }
    return "enrolled", credential_at(found.holder, found.ref) if found.ref else "", told


def _invited(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    """By what was presented: no code is in it, which is shown once and stands in no job."""
    assert isinstance(found, Invited)
    told = {"visitor": found.visitor, "shown": found.shown, "visit": found.entry}
    return "invited", visit_at(found.entry) if found.entry else "", told


def _brought(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, Brought)
    told = {
        "answer": found.answer,
        "version": str(found.version),
        "batch": str(found.batch),
        "holders": str(found.holders),
        "credentials": str(found.credentials),
        "why": found.why,
        "problems": "\n".join(found.problems),
    }
    return "brought", f"{API}/gate", told


PEOPLE_TELLINGS: Tellings = {EnrolledThere: _enrolled, Invited: _invited, Brought: _brought}
