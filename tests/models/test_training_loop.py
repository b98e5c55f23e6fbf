"""What a training does when it cannot go on: it ends and says why. Without TensorFlow: only what surrounds the net."""

import multiprocessing
import os

import pytest

from models.train.loop import Rates, TrainingError, demand, next_batch

APART = multiprocessing.get_context("spawn")


def feeds(queue) -> None:
    queue.put("a batch")
    queue.close()
    queue.join_thread()


def dies(_queue) -> None:
    os._exit(1)


def fed_by(feed) -> tuple:
    queue = APART.Queue(2)
    feeder = APART.Process(target=feed, args=(queue,), daemon=True)
    feeder.start()
    return queue, feeder


def test_what_was_drawn_before_the_feeder_ended_is_used_and_then_it_is_told():
    queue, feeder = fed_by(feeds)
    assert next_batch(queue, feeder, 0.05) == "a batch"
    feeder.join(30)
    with pytest.raises(TrainingError, match="has died"):
        next_batch(queue, feeder, 0.05)


def test_a_feeder_that_dies_at_once_is_told():
    queue, feeder = fed_by(dies)
    with pytest.raises(TrainingError, match="has died"):
        next_batch(queue, feeder, 0.05)
    feeder.join(30)


def test_every_folder_that_lacks_labels_is_named(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "labels.csv").write_text("file,plate\n")
    demand([tmp_path / "here"])
    with pytest.raises(TrainingError, match=r"one, .*two: DATA is the folder"):
        demand([tmp_path / "one", tmp_path / "here", tmp_path / "two"])


def test_the_rate_warms_up_and_falls_to_its_end():
    rates = Rates(1e-3, 1e-5, 10)
    assert rates.at(0, 100) == pytest.approx(1e-4)
    assert rates.at(10, 100) == pytest.approx(1e-3)
    assert rates.at(55, 100) == pytest.approx((1e-3 + 1e-5) / 2)
    assert rates.at(100, 100) == rates.at(200, 100) == pytest.approx(1e-5)
