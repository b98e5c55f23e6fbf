"""The faces of one camera: takes the controller's asks, says what the worker is to do, and tells what came of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from firmware.faces.steps import Step
from firmware.sightings import Compare, FaceRows, FaceStep, FaceTaken, Take
from firmware.vision.face_enrolment import matrix
from firmware.vision.face_series import FaceSeries
from firmware.vision.face_session import Asked, FaceSession
from firmware.vision.following import Voted
from firmware.vision.work import Detection

READS_MIN = 2  # frames that agree, as a plate's
FACE = "face"
ROWS_MAX = 5_000  # templates of one ask


class FaceWatch:
    """Of one camera. Without an ask it wants nothing, and sees nothing."""

    def __init__(self, camera: str) -> None:
        self.counts: Counter[str] = Counter()
        self._camera = camera
        self._parts: list[FaceRows] = []
        self._session: FaceSession | None = None
        self._began_ns = 0
        self._step: Step | None = None
        self._ask = ""
        self._series: FaceSeries | None = None

    @property
    def asked(self) -> bool:
        return self._session is not None or self._series is not None

    def take(self, said: Take, embedder: str) -> None:
        """Somebody is enrolled: that stands in place of whatever was asked here; `until_ns` 0: nobody is any more."""
        self._series = None
        if not said.until_ns:
            return
        self.forget()
        self._series = FaceSeries(said, embedder)
        self.counts["face_enrolments"] += 1

    def taken(self, faces: Sequence[Detection], at_ns: int) -> FaceTaken | None:
        """One frame's faces, while somebody is enrolled: how far that is, or what was taken."""
        series = self._series
        told = None if series is None else series.see(faces, at_ns)
        if series is not None and series.over:
            self.counts += series.counts
            self._series = None
        return told

    def compare(self, said: Compare, at_ns: int) -> None:
        """Take an ask, once all of its frames are here; it stands in place of the one before."""
        if said.ask != self._ask:
            self._parts, self._ask = [], said.ask
        self._parts += said.faces
        if said.more:
            return
        parts, self._parts = self._parts, []
        templates = [(one.face, values) for one in parts for values in one.values][:ROWS_MAX]
        if not templates:
            self._session = None
            return
        try:
            steps = tuple(Step(each) for each in said.steps)
            rows = matrix([values for _, values in templates])
        except ValueError:  # of another release: nobody is compared by what is not understood
            self._session = None
            return
        asked = Asked(said.ask, tuple(face for face, _ in templates), rows, READS_MIN, steps, said.until_ns)
        self._session, self._began_ns, self._step = FaceSession(asked, at_ns), at_ns, None
        self.counts["face_asks"] += 1

    def forget(self) -> None:
        """Templates, and whatever was compared, go."""
        self._session, self._parts, self._step = None, [], None

    def wanted(self, wanted: Sequence[str], at_ns: int) -> tuple[str, ...]:
        """What the worker is to do: all that the camera is for, but faces only while somebody asks."""
        others = tuple(each for each in wanted if each != FACE)
        if self._series is not None and FACE in wanted:
            return (*others, self._series.wanted)
        if self._session is None or FACE not in wanted:
            return others
        more = self._session.wanted(at_ns)
        return (*others, more) if more else others

    def see(self, faces: Sequence[Detection], at_ns: int) -> tuple[Voted | None, FaceStep | None]:
        """One frame's faces: (whose it is, what the person is to do now or that it is over)."""
        session = self._session
        if session is None or at_ns < self._began_ns:
            return None, None
        before = session.embedded
        voted = session.see(faces, at_ns)
        self.counts["face_embedded"] += session.embedded - before
        if session.over:
            self.counts["face_matches" if voted is not None else f"face_{session.why}"] += 1
            self.forget()
            return voted, FaceStep(self._camera, session.asked.ask, over=True, why=session.why)
        if session.step is not self._step:
            self._step = session.step
            return None, FaceStep(self._camera, session.asked.ask, "" if self._step is None else self._step.value)
        return None, None
