"""What holds for every test.

An example of hypothesis has no limit of real time: a busy machine would miss it. And what is there before the first
test stays for good: a test that collects garbage, to see what it has left behind, need not look through all of it.
"""

import gc

from hypothesis import settings

settings.register_profile("menshen", deadline=None)  # the rest as hypothesis chose for this machine: CI draws by a seed
settings.load_profile("menshen")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
