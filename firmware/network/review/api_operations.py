"""The API's operations on reviews."""

from __future__ import annotations

from http import HTTPStatus

from firmware.network.api.operation import CHANGED, READ, Operation
from firmware.network.people.job_told import JobTold
from firmware.network.review import api_words as api

_SILENT = (*READ, HTTPStatus.GATEWAY_TIMEOUT)


def _begins(body: type) -> Operation:
    """Long work."""
    return Operation(JobTold, body=body, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED)


REVIEW_OPERATIONS: dict[str, Operation] = {
    "api review": Operation(api.Review, problems=_SILENT),
    "api review make": _begins(api.ReviewMake),
    "api review people": Operation(api.ReviewPeople, body=api.ReviewPeopleSearch, problems=CHANGED),
    "api review changes": Operation(api.ReviewChanges, body=api.ReviewChangeSearch, problems=CHANGED),
    "api review passages": Operation(api.ReviewPassages, body=api.ReviewPassageSearch, problems=CHANGED),
    "api review export": Operation(None, body=api.ReviewExported, media=api.TABLE_TYPE, problems=CHANGED),
    "api review bring": _begins(api.ReviewBring),
    "api review undo": _begins(api.ReviewPutBack),
    "api review discard": _begins(api.ReviewPutBack),
}
