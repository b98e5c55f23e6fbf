"""One backup at a time: whoever comes as another one ends works in no room with a third."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from firmware.backup.errors import BackupError, BackupMisused
from firmware.backup.workroom import NAME, Workroom

THREADS = 6
ENTERED = 60  # often enough in it, all together; on a loaded machine one of them may keep it for long
ROUNDS = 20_000


def test_who_opened_the_room_of_one_who_ended_since_is_alone_in_the_next_one_or_waits(tmp_path: Path) -> None:
    """The folder that it opened is gone by then: to hold that keeps nobody out."""
    with contextlib.ExitStack() as first, contextlib.ExitStack() as third:
        first.enter_context(Workroom(tmp_path))

        def another_comes(_: str) -> None:
            first.close()
            (third.enter_context(Workroom(tmp_path)) / "its own").touch()

        with pytest.raises(BackupMisused, match="another backup"), Workroom(tmp_path, another_comes):
            raise AssertionError("two at once")
        assert (tmp_path / NAME / "its own").exists()
    with contextlib.ExitStack() as first:
        first.enter_context(Workroom(tmp_path))
        steps = []

        def it_ends(step: str) -> None:
            steps.append(step)
            first.close()

        with Workroom(tmp_path, it_ends) as room:
            assert (room.is_dir(), len(steps)) == (True, 2), "and nobody came: it has a room of its own"


def test_two_are_never_in_it_at_once(tmp_path: Path) -> None:
    """Each marks the folder as its own; who finds another's mark, or loses its own, was not alone."""
    together: list[str] = []
    entered = [0] * THREADS

    def work(number: int) -> None:
        for round in range(ROUNDS):
            if sum(entered) >= ENTERED:
                break
            try:
                with Workroom(tmp_path) as room:
                    entered[number] += 1
                    mark = room / f"{number}.{round}"
                    mark.touch()
                    if [each.name for each in room.iterdir()] != [mark.name]:
                        together.append(mark.name)
            except BackupMisused:
                continue
            except (BackupError, OSError) as error:  # it went away under whoever was in it
                together.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert together == []
    assert sum(entered) >= ENTERED, "some of them were"
    assert not (tmp_path / NAME).exists()


def test_who_works_there_keeps_others_out_and_leaves_nothing(tmp_path: Path) -> None:
    with Workroom(tmp_path) as room:
        (room / "left").mkdir()
        (room / "left" / "it").write_bytes(b"personal")
        for _ in range(2):
            with pytest.raises(BackupMisused, match="another backup"), Workroom(tmp_path):
                raise AssertionError("two at once")
        assert (room / "left" / "it").exists()
    assert list(tmp_path.iterdir()) == []
