"""What the desk tells of holders and households, as the API has it: times, and words for people beside each code."""

from __future__ import annotations

from datetime import datetime

from firmware.network.api.speaking import utc_of
from firmware.network.people import api_people_words as api
from firmware.network.people.holder_pages import waits, whole
from firmware.network.view import Speaker
from firmware.people_words.holders import CredentialRow, HolderSheet, HouseholdSheet, LocalRow, PersonRow


def at(utc_s: int | None) -> datetime | None:
    """A time of the desk's; 0 and None for none."""
    return utc_of(utc_s * 1000) if utc_s else None


def row_of(speaker: Speaker, row: PersonRow) -> api.PersonRow:
    return api.PersonRow(
        id=row.id,
        name=row.name,
        household=row.household,
        label=row.label,
        relation=row.relation,
        phone_end=row.phone_end,
        profiles=row.profiles,
        credentials=row.credentials,
        mark=row.mark,
        mark_text=_text(speaker, f"people_mark_{row.mark}") if row.mark else "",
    )


def rows_of(speaker: Speaker, rows: tuple[PersonRow, ...]) -> tuple[api.PersonRow, ...]:
    return tuple(row_of(speaker, row) for row in rows)


def person_of(speaker: Speaker, sheet: HolderSheet) -> api.Person:
    fields, off = sheet.fields, whole(sheet)
    household = fields.get("household", "")
    return api.Person(
        id=sheet.id,
        listed=sheet.source,
        revision=sheet.revision,
        name=fields.get("name", ""),
        phone=fields.get("phone", ""),
        relation=fields.get("relation", ""),
        note=fields.get("note", ""),
        profiles=_list(fields.get("profiles", "")),
        flags=_list(fields.get("flags", "")),
        household=api.PersonHousehold(household, sheet.label, sheet.spaces) if household else None,
        at_gate=sheet.at_gate,
        at_gate_text=_text(speaker, f"people_state_{sheet.at_gate}"),
        waits=waits(sheet),
        suspended="" if off is None else off.entry,
        pin_with=sheet.pin_with,
        duress_with=sheet.duress_with,
        credentials=tuple(credential_of(speaker, row) for row in sheet.credentials),
        credentials_more=sheet.credentials_more,
        local=tuple(_entry(speaker, row) for row in sheet.local),
        local_known=sheet.local_known,
        members=rows_of(speaker, sheet.members),
        history=tuple(
            api.PersonChange(
                revision=one.batch, at=at(one.at_s), who=one.who, why=one.why, kind=one.kind, at_gate=one.at_gate
            )
            for one in sheet.history
        ),
    )


def household_of(speaker: Speaker, sheet: HouseholdSheet) -> api.Household:
    spaces = sheet.fields.get("spaces", "")
    return api.Household(
        id=sheet.id,
        revision=sheet.revision,
        label=sheet.fields.get("label", ""),
        spaces=int(spaces) if spaces else None,
        note=sheet.fields.get("note", ""),
        members=rows_of(speaker, sheet.members),
        members_more=sheet.more,
    )


def credential_of(speaker: Speaker, row: CredentialRow) -> api.PersonCredential:
    return api.PersonCredential(
        ref=row.ref,
        kind=row.kind,
        kind_text=_text(speaker, f"people_kind_{row.kind or 'any'}"),
        shown=row.shown,
        state=row.state,
        state_text=_text(speaker, f"people_state_{row.state}"),
        status=row.status,
        status_text=_text(speaker, f"people_status_{row.status}"),
        valid_from=at(row.valid_from_s),
        valid_until=at(row.valid_until_s),
        use_limit=row.use_limit,
        printed=row.printed,
        duress=row.duress,
        held=row.held,
        held_as=row.held_as,
        held_until=at(row.held_until_s),
        entry=row.entry,
        entry_until=at(row.entry_until_s),
    )


def _entry(speaker: Speaker, row: LocalRow) -> api.PersonEntry:
    return api.PersonEntry(
        entry=row.entry,
        kind=row.kind,
        kind_text=_text(speaker, f"people_entry_{row.kind}"),
        status=row.status,
        whole=row.whole,
        issuer=row.issuer,
        why=row.why,
        created=at(row.created_s),
        until=at(row.expires_s),
        conflict=row.conflict,
    )


def _text(speaker: Speaker, word: str) -> str:
    return speaker.words(word) if speaker.words.has(word) else ""


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(";")))
