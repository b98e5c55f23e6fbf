"""Examples of what the API says and takes of holders and households, for its document."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.network.people import api_people_words as api

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_UNTIL = datetime(2026, 12, 24, 10, 0, 0, tzinfo=UTC)
_ROW = api.PersonRow(
    id="p4f1c09ab27",
    name="Li Na",
    household="u81d0c2e7f5",
    label="3-2-501",
    relation="tenant",
    phone_end="8000",
    profiles=("residents",),
    credentials=1,
    mark="",
    mark_text="",
)
PEOPLE_EXAMPLES: tuple[msgspec.Struct, ...] = (
    api.People((_ROW,), "p4f1c09ab27", True),
    api.PeopleSearch("Li 501"),
    api.PeopleMatches((_ROW,), None, True),
    api.PlateSearch("京A12345", "blocks the fire lane"),
    api.PeopleChoices(
        profiles=("residents", "staff"),
        flags=("escorted", "extended"),
        readers=(api.ReaderChoice("front_reader", "Front door"),),
        card_formats=("H10301",),
        time_zone="Asia/Shanghai",
        here=True,
    ),
    api.Person(
        id="p4f1c09ab27",
        listed=True,
        revision=41,
        name="Li Na",
        phone="138 0013 8000",
        relation="tenant",
        note="",
        profiles=("residents",),
        flags=(),
        household=api.PersonHousehold("u81d0c2e7f5", "3-2-501", 1),
        at_gate="in_force",
        at_gate_text="in force at the gate",
        waits=False,
        suspended="",
        pin_with=False,
        duress_with=False,
        credentials=(
            api.PersonCredential(
                ref="3f9c52d17ab0e684",
                kind="card",
                kind_text="Card",
                shown="H10301:12:34567",
                state="in_force",
                state_text="in force at the gate",
                status="active",
                status_text="active",
                valid_from=None,
                valid_until=_UNTIL,
                use_limit=None,
                printed="012 34567",
                duress=False,
                held="l00000007",
                held_as="lost",
                held_until=_UNTIL,
                entry="",
                entry_until=None,
            ),
        ),
        credentials_more=0,
        local=(
            api.PersonEntry(
                entry="l00000007",
                kind="suspend",
                kind_text="Suspended here",
                status="lost",
                whole=False,
                issuer="client:Property office",
                why="left on the bus",
                created=_AT,
                until=_UNTIL,
                conflict="",
            ),
        ),
        local_known=True,
        members=(),
        history=(api.PersonChange(41, _AT, "client:Property office", "moves in", "edit", True),),
    ),
    api.PersonNew("Li Na", ("residents",), household="3-2-501", new_household=True, why="moves in"),
    api.PersonPut(41, "Li Na", ("residents",), household="3-2-501", phone="138 0013 8001", why="a new phone"),
    api.PersonKept("p4f1c09ab27", 42, True),
    api.PersonSuspend("3f9c52d17ab0e684", _UNTIL, lost=True, why="left on the bus"),
    api.PersonLift("l00000007", "found again"),
    api.PersonAtGate("p4f1c09ab27", True, (), ""),
    api.PersonEnd(42, why="moves out"),
    api.PersonEnded("p4f1c09ab27", True, True),
    api.Households((api.HouseholdRow("u81d0c2e7f5", "3-2-501", 1, 2),), None),
    api.Household("u81d0c2e7f5", 40, "3-2-501", 1, "", (_ROW,), False),
    api.HouseholdPut(40, "3-2-501", 2, why="rents a second space"),
    api.HouseholdKept("u81d0c2e7f5", 43, True),
    api.HouseholdRemove(43, "the units were joined"),
)
