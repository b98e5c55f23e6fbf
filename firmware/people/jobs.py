"""Long work: one job at a time that changes or builds, and a few that wait at readers. Each says how far it is.

A job is a thread. It is never stopped from outside: it looks at `cancelled` where it may end without leaving anything
half done. When the process ends, what was not committed is not so.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum

from firmware.people.errors import Denied
from firmware.people_words.asking import as_outcome
from firmware.people_words.base import Asker, Found, Job, Refused

KEPT_MAX = 64  # jobs that are over, for whoever looks later
AT_READERS_MAX = 4
STOP_S_MAX = 5.0
ID_BYTES = 9


class Lane(StrEnum):
    WORK = "work"  # changes or builds: one at a time
    READER = "reader"  # waits for somebody at a reader


class Work:
    """One job, as its thread sees it."""

    def __init__(self, id: str, kind: str, who: Asker, lane: Lane) -> None:
        self.id = id
        self.kind = kind
        self.who = who
        self.lane = lane
        self.cancelled = threading.Event()
        self._stage = ""
        self._steps = (0, 0)
        self._shown: dict[str, str] = {}
        self._outcome: bytes | None = None

    def at(self, stage: str, done: int = 0, total: int = 0, **shown: str) -> None:
        """Say what is being done: a word of the page, and how far it is."""
        self._stage, self._steps, self._shown = stage, (done, total), shown

    def steps(self, done: int, total: int) -> None:
        """Say how far the stage is."""
        self._steps = (done, total)

    def end(self, found: Found) -> None:
        self._outcome = as_outcome(found)

    @property
    def over(self) -> bool:
        return self._outcome is not None

    def told(self) -> Job:
        done, total = self._steps
        return Job(
            id=self.id,
            kind=self.kind,
            who=self.who.name,
            over=self.over,
            stage=self._stage,
            done=done,
            total=total,
            shown=self._shown,
            outcome=self._outcome or b"",
        )


Do = Callable[[Work], Found]


class Jobs:
    """All jobs of this process. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Work] = OrderedDict()
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, kind: str, who: Asker, lane: Lane, do: Do) -> Work:
        """Begin. Raises Denied where something else is being done."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.lane is lane and not job.over]
            if len(running) >= (1 if lane is Lane.WORK else AT_READERS_MAX):
                raise Denied("people_job_runs", who=running[0].who.name, job=running[0].id)
            work = Work(secrets.token_urlsafe(ID_BYTES), kind, who, lane)
            self._jobs[work.id] = work
            for id in [id for id, job in self._jobs.items() if job.over][: max(0, len(self._jobs) - KEPT_MAX)]:
                del self._jobs[id]
            thread = threading.Thread(target=self._run, args=(work, do), name=f"job-{lane}", daemon=True)
            self._threads[work.id] = thread
        thread.start()
        return work

    def find(self, id: str) -> Work:
        """Raises Denied."""
        work = self._jobs.get(id)
        if work is None:
            raise Denied("people_job_gone")
        return work

    def running(self) -> str:
        """The id of the job that works now; "" where none does."""
        return next((job.id for job in reversed(self._jobs.values()) if job.lane is Lane.WORK and not job.over), "")

    def stop(self) -> None:
        """Cancel all, and wait for them, but not for ever: what they have not committed is not so."""
        for work in list(self._jobs.values()):
            work.cancelled.set()
        for thread in list(self._threads.values()):
            thread.join(STOP_S_MAX)

    def _run(self, work: Work, do: Do) -> None:
        try:
            found = do(work)
        except Denied as denied:
            found = denied.said
        except MemoryError:
            found = Refused(word="people_no_memory")
        except BaseException as error:  # a bug of ours: it stands on standard error, too
            work.end(Refused(word="people_failed", text=type(error).__name__))
            raise
        finally:
            self._threads.pop(work.id, None)
        work.end(found)
