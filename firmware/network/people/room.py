"""All pages of people together, over the one way to the desk."""

from __future__ import annotations

from firmware.network.imports.api import IMPORT_TELLINGS
from firmware.network.imports.room import IMPORT_ENDS
from firmware.network.people.api_credentials import ApiCredentials
from firmware.network.people.api_front import ApiFront
from firmware.network.people.api_gate import ApiGate
from firmware.network.people.api_jobs import ApiJobs
from firmware.network.people.api_people import ApiPeople
from firmware.network.people.api_tellings import PEOPLE_TELLINGS
from firmware.network.people.api_visits import ApiVisits
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.credential_pages import CredentialPages
from firmware.network.people.front import Front
from firmware.network.people.gate_pages import GatePages
from firmware.network.people.holder_pages import HolderPages
from firmware.network.people.job_pages import Ends, JobPages
from firmware.network.people.job_told import Tellings
from firmware.network.people.list_pages import ListPages
from firmware.network.people.visitor_pages import VisitorPages
from firmware.network.rendering import Rendering
from firmware.network.review.api import REVIEW_TELLINGS
from firmware.network.routes import Answering
from firmware.network.settings import Settings
from firmware.people_words.review import PutBack, ReviewTold

# Where the outcomes of long work lead, by what they are; others are shown on the job's own page, or lead back.
ENDS: Ends = {
    ReviewTold: lambda _found, _job: "/people/review",
    PutBack: lambda _found, _job: "/people/review?done=review_put_back",
    **IMPORT_ENDS,
}
# The same for the API: the outcomes of each room's jobs.
TELLINGS: Tellings = {**PEOPLE_TELLINGS, **IMPORT_TELLINGS, **REVIEW_TELLINGS}


class PeopleRoom:
    """Made once; it holds nothing open."""

    def __init__(self, asks: PeopleAsks, rendering: Rendering, settings: Settings) -> None:
        front, api = Front(asks, rendering, settings), ApiFront(asks, rendering)
        self._parts = (
            ListPages(front),
            HolderPages(front),
            CredentialPages(front),
            VisitorPages(front),
            GatePages(front),
            JobPages(front, ENDS),
            ApiJobs(api, front, TELLINGS),
            ApiCredentials(api, front),
            ApiVisits(api, front),
            ApiGate(api, front),
            ApiPeople(api, front),
        )

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {name: call for part in self._parts for name, call in part.calls().items()}

    async def close(self) -> None:
        """Nothing is open."""
