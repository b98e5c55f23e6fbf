"""What holds for every test.

An example of hypothesis has no limit of real time: a busy machine would miss it. And what is there before the first
test stays for good: a test that collects garbage, to see what it has left behind, need not look through all of it.
And whoever took the processor before ordinary programs, or set a mask of new files, gives it back: every process that
a later test starts would have it, and the tests beside would wait for all of them.
"""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

UMASK = os.umask(0o022)  # of whoever runs the tests
os.umask(UMASK)
settings.register_profile("menshen", deadline=None)  # the rest as hypothesis chose for this machine: CI draws by a seed
settings.load_profile("menshen")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def ordinary() -> Iterator[None]:
    """As firmware.controller.priority took it, with the right to; the mask is its process's."""
    yield
    os.umask(UMASK)
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
