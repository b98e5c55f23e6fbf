"""A review as the API tells of it: the desk's own words for programs, and beside them the page's texts for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from firmware.network.api.speaking import utc_of
from firmware.network.review import api_words as api
from firmware.network.review.showing import at_portals, difference_shown, passage_shown, person_shown, sums
from firmware.network.view import Speaker
from firmware.people_words.base import Standing
from firmware.people_words.review import (
    Concerned,
    DifferenceTold,
    HoursTold,
    Passages,
    PassageTold,
    PersonTold,
    PlaceTold,
    ReviewTold,
)


def waiting_of(speaker: Speaker, standing: Standing) -> api.ReviewWaiting:
    return api.ReviewWaiting(
        source=standing.source,
        mine=standing.mine,
        owner=standing.owner,
        batch=standing.batch,
        served_batch=standing.served_batch,
        served_version=standing.served_version,
        batches=tuple(
            api.ReviewBatch(
                batch=each.batch,
                at=utc_of(each.at_s * 1000),
                kind=each.kind,
                kind_text=speaker.words(f"review_batch_{each.kind}"),
                who=each.who,
                changes=each.changes,
                why=each.why,
            )
            for each in standing.waiting
        ),
        more=standing.waiting_more,
        job=standing.running,
    )


def result_of(speaker: Speaker, told: ReviewTold, portals: Mapping[str, str]) -> api.ReviewResult:
    words = speaker.words
    texts = at_portals(words, told, portals)
    return api.ReviewResult(
        id=told.id,
        made=utc_of(told.made_s * 1000),
        took_ms=told.took_ms,
        who=told.who,
        batch=told.batch,
        served_version=told.served_version,
        served_batch=told.served_batch,
        stale=told.stale,
        stale_text=words(f"review_stale_{told.stale}") if told.stale else "",
        may_be_brought=not told.stale and told.served_batch != told.batch,
        holders=told.holders,
        sums=tuple(
            api.ReviewSum("lost" if each.side == "lost" else "gained", each.how, each.number, each.text)
            for each in sums(words, told)
        ),
        portals=tuple(
            api.ReviewPortal(
                each.portal, portals.get(each.portal, each.portal), each.shut, each.less, each.opened, each.more
            )
            for each in told.portals
        ),
        changed=tuple(
            api.ReviewChanged(
                each.entity,
                words(f"review_entities_{each.entity}"),
                each.added,
                each.changed,
                each.removed,
                each.renamed,
            )
            for each in told.changed
        ),
        at_portals=tuple(
            api.ReviewAtPortals(schedule, followed, text)
            for (schedule, followed), text in zip(told.at_portals.items(), texts, strict=True)
        ),
        journal=None if told.passages is None else _journal_of(told.passages),
        journal_text=words("review_journal_failed", why=told.journal) if told.journal else "",
    )


def _journal_of(told: Passages) -> api.ReviewOfJournal:
    return api.ReviewOfJournal(
        presentations=told.presentations,
        compared=told.compared,
        since=utc_of(told.since_ms),
        until=utc_of(told.until_ms),
        agreed=told.agreed,
        by_change=told.by_change,
        left_out=told.left_out,
    )


def person_of(
    speaker: Speaker, told: PersonTold, found: Concerned, side: str, names: Mapping[str, str]
) -> api.ReviewPerson:
    shown = person_shown(speaker.words, told, found, side, names, all_places=True)
    return api.ReviewPerson(
        holder=told.holder,
        name=told.name,
        household=told.household,
        how=told.how,
        how_text=shown.what,
        credentials=told.kinds,
        places=tuple(_place_of(each, names) for each in found.places.get(told.places, ())),
        places_text=shown.places,
        passages=told.passages,
    )


def _place_of(told: PlaceTold, names: Mapping[str, str]) -> api.ReviewPlace:
    return api.ReviewPlace(
        access_point=told.point,
        name=names.get(told.point, told.point),
        shut=told.shut,
        opened=told.opened,
        lost=tuple(_hours_of(told.lost)),
        gained=tuple(_hours_of(told.gained)),
        more=told.more,
    )


def _hours_of(told: Sequence[HoursTold]) -> Iterable[api.ReviewHours]:
    for each in told:
        windows = tuple(api.ReviewWindow(window.start_minute, window.end_minute) for window in each.windows)
        yield api.ReviewHours(each.weekday, None if each.day is None else date.fromordinal(each.day), windows)


def change_of(speaker: Speaker, told: DifferenceTold) -> api.ReviewChange:
    shown = difference_shown(speaker.words, told)
    return api.ReviewChange(
        kind=told.kind,
        kind_text=speaker.words(f"review_{told.kind}"),
        entity=told.entity,
        id=told.id,
        owner=told.owner,
        title=shown.title,
        fields=tuple(api.ReviewField(each.name, each.before, each.after) for each in shown.fields),
    )


def passage_of(speaker: Speaker, told: PassageTold, names: Mapping[str, str]) -> api.ReviewPassage:
    shown = passage_shown(speaker, told, names)
    return api.ReviewPassage(
        change=told.change,
        change_text=shown.change,
        holder=told.holder,
        name=told.name,
        access_point=told.point,
        place_text=shown.point,
        count=told.count,
        first=utc_of(told.first_ms),
        last=utc_of(told.last_ms),
        before=told.before,
        before_text=shown.before,
        after=told.after,
        after_text=shown.after,
    )
