"""Power cuts: nothing acknowledged is lost, and a build that lies is found. Seed 1; the long run is run.py."""

from __future__ import annotations

import pytest

from tests.powercut.recording import Acknowledged, AnyOperation, Create, Rename, Sync, Unlink, Write, record, why_not
from tests.powercut.run import check_cuts, choose_cuts

SEED = 1
CUTS = 300  # of 2,000 in `make prove`

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"nothing can be recorded: {why_not()}")


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> list[AnyOperation]:
    return record(tmp_path_factory.mktemp("honest"), SEED, "honest")


def test_the_recording_holds_what_a_journal_does(honest):
    """Otherwise the cuts below would prove little."""
    assert sum(isinstance(each, Acknowledged) for each in honest) > 100
    assert sum(isinstance(each, Sync) and each.name == "journal.db-wal" for each in honest) > 100
    copies = [each for each in honest if isinstance(each, Write) and each.name == "journal.db"]
    assert len(copies) > 200  # the log was copied back many times
    assert sum(isinstance(each, Create) and each.name == "journal.db-wal" for each in honest) == 3  # each run its own
    assert sum(isinstance(each, Unlink) and each.name == "journal.db-wal" for each in honest) == 3
    assert sum(isinstance(each, Rename) and each.to == "journal.head" for each in honest) > 10
    written = b"".join(each.content for each in honest if isinstance(each, Write))
    assert b"journal.retention_cut" in written
    assert b"journal.erased" in written


@pytest.mark.slow
@pytest.mark.attack("kill-09")
def test_no_power_cut_loses_what_was_acknowledged(honest):
    faults = check_cuts(honest, SEED, choose_cuts(honest, CUTS, SEED))
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("build", ["unsynced", "hasty"])
def test_a_build_that_lies_is_found(build, tmp_path):
    """With synchronous=OFF, and with the acknowledgement before the commit: cuts find both, and soon."""
    operations = record(tmp_path, SEED, build)
    faults = check_cuts(operations, SEED, choose_cuts(operations, CUTS, SEED), stop_at=3)
    assert len(faults) == 3
