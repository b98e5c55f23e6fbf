"""An example of each body and answer of the API's operations on reviews."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.network.review import api_words as api

_AT = datetime(2026, 11, 27, 1, 30, 0, tzinfo=UTC)
_ID = "q3Zk0VvSx1yD"
_HOURS = (api.ReviewHours(0, None, (api.ReviewWindow(450, 720),)),)
_RESULT = api.ReviewResult(
    id=_ID,
    made=_AT,
    took_ms=840,
    who="Li Na",
    batch=41,
    served_version=12,
    served_batch=40,
    stale="",
    stale_text="",
    may_be_brought=True,
    holders=1840,
    sums=(api.ReviewSum("lost", "some", 1, "lose some of their access"),),
    portals=(api.ReviewPortal("front_door", "Front door", 0, 1, 0, 0),),
    changed=(api.ReviewChanged("schedule", "Schedules", 0, 1, 0, 0),),
    at_portals=(),
    journal=api.ReviewOfJournal(5120, 5040, _AT, _AT, 5036, {"refused": 4}, 0),
    journal_text="",
)
_LIST = api.ReviewWaiting(
    source=True,
    mine=True,
    owner="",
    batch=41,
    served_batch=40,
    served_version=12,
    batches=(api.ReviewBatch(41, _AT, "rules", "Rules", "Li Na", 1, "late start on Mondays"),),
    more=False,
    job="",
)
REVIEW_EXAMPLES: tuple[msgspec.Struct, ...] = (
    api.Review(_RESULT, _LIST),
    api.ReviewMake("before the change of the cleaning hours"),
    api.ReviewPeopleSearch(_ID, "lost", words="Cleo"),
    api.ReviewPeople(
        (
            api.ReviewPerson(
                holder="cleo",
                name="Cleo",
                household="",
                how="some",
                how_text="Loses some of it",
                credentials=(),
                places=(api.ReviewPlace("front_in", "Front door", False, False, _HOURS, (), 0),),
                places_text=("Front door: no more Monday 07:30-12:00",),
                passages=None,
            ),
        ),
        1,
        None,
    ),
    api.ReviewChangeSearch(_ID, "schedule"),
    api.ReviewChanges(
        (
            api.ReviewChange(
                kind="changed",
                kind_text="changed",
                entity="schedule",
                id="cleaning",
                owner="",
                title="Schedule cleaning",
                fields=(api.ReviewField("Monday", "07:30-12:00, 13:00-16:15", "13:00-16:15"),),
            ),
        ),
        1,
        None,
    ),
    api.ReviewPassageSearch(_ID, "who has to be told of the new cleaning hours"),
    api.ReviewPassages(
        "who has to be told of the new cleaning hours",
        (
            api.ReviewPassage(
                change="refused",
                change_text="let in then, refused by what waits",
                holder="cleo",
                name="Cleo",
                access_point="front_in",
                place_text="Front door",
                count=4,
                first=_AT,
                last=_AT,
                before=("granted",),
                before_text="granted",
                after=("schedule_outside:cleaning",),
                after_text="outside of the schedule (cleaning)",
            ),
        ),
        1,
        None,
    ),
    api.ReviewExported(_ID, "lost", "for the meeting of the owners"),
    api.ReviewBring(_ID, "yes", "as agreed with the cleaners"),
    api.ReviewPutBack(41, "a mistake"),
)
