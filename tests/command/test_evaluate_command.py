"""`menshen evaluate`: figures counted by hand on folders made here, and labels with every mistake that there may be."""

from __future__ import annotations

import argparse
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from firmware.texts import texts
from firmware.vision import evaluate_command as command
from firmware.vision.evaluate_faces import WHY
from firmware.vision.evaluation import IOU_MIN, iou, paired, right_characters, without_province
from firmware.vision.labels import LabelError, labels
from models.manifest import ModelError
from models.plates.ctc import NOTHING, Read
from models.plates.detector import Found
from models.recogniser import Stages
from models.vehicles import Thing
from models.warp import box_of

SIZE = (120, 200)  # of scenes: height, width


def code(number):
    """A picture that is known by its shade."""
    return np.full((24, 94, 3), number, np.uint8)


def table(folder, *lines):
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def judge(capsys, monkeypatch):
    """Run the command with the stages that are given."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words, stages=Stages()):  # noqa: B008  it is never changed
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)

        def load(what, runtime):
            if isinstance(stages, Exception):
                raise stages
            return stages

        status = command.evaluate(parser.parse_args([str(word) for word in words]), load)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


# -- plates -----------------------------------------------------------------------------------------------------------

TEXTS = ("京A88731", "皖A88731", "京A8873", "", "京A88731")
LABELS = ("京A88731", "京A88731", "京A88731", "京A88731", "京·a88731")


@pytest.fixture
def crops(tmp_path):
    for number in range(5):
        Image.fromarray(code(number)).save(tmp_path / f"{number}.png")
    rows = [f"{number}.png,{text},{'one' if number < 2 else 'two'}" for number, text in enumerate(LABELS)]
    return table(tmp_path, "file,plate,kind", *rows)


def by_shade(texts=TEXTS, sure=0.9):
    def reading(picture, quad):
        text = texts[int(picture[0, 0, 0])]
        return Read(text, sure, (), "") if text else NOTHING

    return Stages(reading=reading)


def test_plates_in_figures(judge, crops):
    """Right, wrong province, one character short, nothing, and one that differs in its dot and its case only."""
    status, out, err = judge("plates", crops, "--json", stages=by_shade())
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["plates"] == 5
    assert told["exact"] == 40.0
    assert told["exact_ignoring_province"] == 60.0
    # 1, 6/7, 6/7, 0 and 1 of 5.
    assert told["characters"] == pytest.approx(100 * (2 + 12 / 7) / 5, abs=0.01)
    assert told["ms"] >= 0
    assert told["threads"] == 1
    assert told["groups"]["one"] == {"plates": 2, "exact": 50.0, "exact_ignoring_province": 100.0,
                                     "characters": pytest.approx(100 * (1 + 6 / 7) / 2, abs=0.01)}  # fmt: skip
    assert told["groups"]["two"]["exact"] == pytest.approx(33.33)
    # Of four answers that say 0.9 half are right, and one says nothing at all of itself: (4 x 0.9 - 2) / 5.
    assert told["certainty_error"] == pytest.approx((4 * 0.9 - 2) / 5, abs=1e-4)
    assert "wrong" not in told


def test_what_was_wrong_is_told(judge, crops):
    _, out, _ = judge("plates", crops, "--json", "--wrong", stages=by_shade())
    assert [(each["row"], each["file"], each["text"]) for each in json.loads(out)["wrong"]] == [
        (3, "1.png", "皖A88731"), (4, "2.png", "京A8873"), (5, "3.png", "")
    ]  # fmt: skip
    _, out, _ = judge("plates", crops, "--wrong", stages=by_shade())
    assert 'row 4, 2.png: 京A88731 was read as "京A8873"' in out
    assert "40 %" in out
    _, out, _ = judge("plates", crops, "--wrong", "--language", "zh", stages=by_shade())
    assert "完全正确" in out


def test_a_picture_that_cannot_be_read_counts_and_is_said(judge, crops):
    (crops / "0.png").write_text("hello")
    status, out, err = judge("plates", crops, "--json", stages=by_shade())
    assert status == 1
    told = json.loads(out)
    assert told["exact"] == 20.0
    assert list(told["unread"]) == ["0.png"]
    assert str(crops / "0.png") in err


def test_a_calibration_for_the_manifest(judge, tmp_path):
    for number in range(40):
        Image.fromarray(code(number)).save(tmp_path / f"{number}.png")
    table(tmp_path, "file,plate", *(f"{number}.png,京A88731" for number in range(40)))
    texts = ["京A88731" if number % 4 else "京A88732" for number in range(40)]
    status, out, _ = judge("plates", tmp_path, "--json", "--calibration", stages=by_shade(texts))
    assert status == 0
    assert json.loads(out)["calibration"] == [[0.9, pytest.approx(31 / 42, abs=1e-3)]]
    _, out, _ = judge("plates", tmp_path, "--calibration", stages=by_shade(texts))
    assert "calibration = [[0.9, 0.73" in out


def test_too_few_answers_for_a_calibration(judge, crops):
    _, out, _ = judge("plates", crops, "--calibration", stages=by_shade())
    assert "too few" in out


@pytest.mark.parametrize(
    ("label", "text", "right"),
    [("京A88731", "京A88731", 1.0), ("ABCD", "ABXD", 0.75), ("ABCD", "BCD", 0.75), ("ABCD", "ABCDE", 0.75),
     ("AB", "WXYZ", 0.0), ("ABCD", "", 0.0)],
)  # fmt: skip
def test_characters_after_levenshtein(label, text, right):
    assert right_characters(label, text) == right


def test_only_a_province_is_left_aside():
    assert without_province("京A88731", "皖A88731") == ("A88731", "A88731")
    assert without_province("ABC123", "XBC123") == ("ABC123", "XBC123")


# -- scenes -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def scenes(tmp_path):
    """Two scenes, known by their shade; the first has two plates."""
    for number in range(2):
        Image.fromarray(np.full((*SIZE, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
    return table(
        tmp_path,
        "file,plate,kind,x,y,w,h",
        "0.png,京A88731,blue,10,10,60,20",
        "0.png,皖B12345,yellow,100,80,50,20",
        "1.png,苏C54321,blue,20,40,60,20",
    )


def finder(found, texts):
    """Plates by the shade of the scene, and their texts by their left side."""
    return Stages(
        plates=lambda picture: [Found(box_of(*each), 0.9) for each in found[int(picture[0, 0, 0])]],
        reading=lambda picture, quad: Read(texts.get(int(quad[0, 0]), ""), 0.9, (), ""),
    )


def test_scenes_in_figures(judge, scenes):
    """One plate right, one off by a few pixels and misread, one missed, and two that are none, one of them unread."""
    found = {0: [(10, 10, 60, 20), (104, 82, 50, 20), (150, 0, 30, 10)], 1: [(20, 100, 60, 20)]}
    stages = finder(found, {10: "京A88731", 104: "皖B12346", 150: "C00D"})
    status, out, err = judge("scenes", scenes, "--json", "--wrong", stages=stages)
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["pictures"], told["plates"]) == (2, 3)
    assert told["recall"] == pytest.approx(66.67)
    assert told["precision"] == 50.0
    assert told["exact"] == pytest.approx(33.33)
    assert told["false_per_picture"] == 1.0
    assert told["false_read_per_picture"] == 0.5
    assert set(told["ms_stages"]) == {"plates", "reading"}
    assert told["groups"]["yellow"] == {"plates": 1, "exact": 0.0, "exact_ignoring_province": 0.0,
                                        "characters": pytest.approx(85.71), "exact_in_boxes": 0.0,
                                        "recall": 100.0}  # fmt: skip
    assert [(each["why"], each["file"]) for each in told["wrong"]] == [
        ("misread", "0.png"), ("missed", "1.png"), ("false", "0.png"), ("false", "1.png")
    ]  # fmt: skip
    status, out, _ = judge("scenes", scenes, "--wrong", stages=stages)
    assert "row 4, 1.png: 苏C54321 was not found" in out


def test_a_right_text_in_the_wrong_place_is_not_right(judge, scenes):
    stages = finder({0: [(10, 60, 60, 20)], 1: []}, {10: "京A88731"})
    told = json.loads(judge("scenes", scenes, "--json", stages=stages)[1])
    assert (told["exact"], told["recall"], told["precision"]) == (0.0, 0.0, 0.0)


def test_what_is_read_in_the_labelled_boxes_is_told_whatever_was_found(judge, scenes):
    stages = finder({0: [], 1: []}, {10: "京A88731", 100: "皖B12346", 20: "苏C54321"})
    told = json.loads(judge("scenes", scenes, "--json", stages=stages)[1])
    assert (told["exact"], told["exact_in_boxes"]) == (0.0, pytest.approx(66.67))
    assert [told["groups"][kind]["exact_in_boxes"] for kind in ("blue", "yellow")] == [100.0, 0.0]


def test_two_found_plates_on_one_are_one_and_a_false_one(judge, scenes):
    stages = finder({0: [(10, 10, 60, 20), (12, 11, 60, 20)], 1: []}, {10: "京A88731", 12: "京A88731"})
    told = json.loads(judge("scenes", scenes, "--json", stages=stages)[1])
    assert (told["recall"], told["precision"], told["false_per_picture"]) == (pytest.approx(33.33), 50.0, 0.5)


def test_overlap_of_boxes():
    assert iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0
    at_the_limit = (0.0, 0.0, 10.0, 10.0 * IOU_MIN)
    assert paired([(0, 0, 10, 10)], [at_the_limit]) == {0: 0}
    assert paired([(0, 0, 10, 10)], [(0, 0, 10, 10 * IOU_MIN - 0.01)]) == {}
    # The best pair first, though the other wanted one comes before it.
    assert paired([(0, 0, 10, 8), (0, 0, 10, 10)], [(0, 0, 10, 10)]) == {1: 0}


def test_a_calibration_of_the_detector(judge, tmp_path):
    lines = []
    for number in range(30):
        Image.fromarray(np.full((*SIZE, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,京A88731,10,10,60,20")
    table(tmp_path, "file,plate,x,y,w,h", *lines)
    found = {number: [(10, 10, 60, 20)] if number % 3 else [(100, 80, 60, 20)] for number in range(30)}
    told = json.loads(judge("scenes", tmp_path, "--json", "--calibration", stages=finder(found, {}))[1])
    assert told["calibration"] == [[0.9, pytest.approx(21 / 32, abs=1e-3)]]


# -- vehicles ---------------------------------------------------------------------------------------------------------


def test_vehicles_that_carry_the_plates(judge, scenes):
    things = {
        0: [Thing("car", (0, 0, 80, 60), 0.9), Thing("person", (90, 70, 160, 110), 0.9)],
        1: [Thing("truck", (0, 30, 62, 70), 0.9)],  # 42 of the plate's 60 pixels: 70 %
    }
    stages = Stages(vehicles=lambda picture, around: things[int(picture[0, 0, 0])])
    status, out, _ = judge("vehicles", scenes, "--json", "--wrong", stages=stages)
    told = json.loads(out)
    assert status == 0
    assert told["recall"] == pytest.approx(33.33)
    assert told["seen"] == {"car": 1, "person": 1, "truck": 1}
    assert [each["row"] for each in told["wrong"]] == [3, 4]
    assert told["groups"] == {"blue": {"plates": 2, "recall": 50.0}, "yellow": {"plates": 1, "recall": 0.0}}
    assert "33.33 %" in judge("vehicles", scenes, stages=stages)[1]


# -- labels -----------------------------------------------------------------------------------------------------------

HEAD = "file,plate,x,y,w,h"
GOOD = "0.png,京A88731,10,10,60,20"


@pytest.mark.parametrize(
    ("lines", "row", "column", "word"),
    [
        (("file,plate,x,y,w", "0.png,京A88731,1,1,9"), 1, "h", "no_column"),
        (("file,plate,x,y,w,h,w", "0.png,京A88731,1,1,9,9,9"), 1, "w", "column_twice"),
        ((HEAD, GOOD, "0.png,京A88731,1,1"), 3, "", "cells"),
        ((HEAD, "9.png,京A88731,1,1,9,9"), 2, "file", "no_file"),
        ((HEAD, "../labels.csv,京A88731,1,1,9,9"), 2, "file", "name"),
        ((HEAD, "/etc/passwd,京A88731,1,1,9,9"), 2, "file", "name"),
        ((HEAD, ",京A88731,1,1,9,9"), 2, "file", "name"),
        ((HEAD, "0.png, · ,1,1,9,9"), 2, "plate", "plate"),
        ((HEAD, f"0.png,{'A' * 300},1,1,9,9"), 2, "plate", "plate"),
        ((HEAD, "0.png,京A88731,one,1,9,9"), 2, "x", "number"),
        ((HEAD, "0.png,京A88731,nan,1,9,9"), 2, "x", "number"),
        ((HEAD, "0.png,京A88731,1,inf,9,9"), 2, "y", "number"),
        ((HEAD, "0.png,京A88731,1,1,0,9"), 2, "w", "number"),
        ((HEAD, "0.png,京A88731,1,1,9,-4"), 2, "h", "number"),
        ((HEAD, GOOD, "", GOOD), 4, "file", "twice"),
        ((HEAD, '0.png,"京A88731,1,1,9,9'), 2, "", "table"),
        ((HEAD,), 0, "", "no_rows"),
        (("",), 0, "", "no_rows"),
        (("", HEAD, GOOD), 1, "file", "no_column"),
    ],
)
def test_a_mistake_is_said_with_its_place(judge, scenes, lines, row, column, word):
    table(scenes, *lines)
    with pytest.raises(LabelError) as caught:
        labels(scenes, boxes=True)
    problem = caught.value.problems[0]
    assert (problem.row, problem.column, problem.word) == (row, column, word)
    for language in ("en", "zh"):
        status, out, err = judge("scenes", scenes, "--language", language, stages=finder({}, {}))
        assert (status, out) == (1, "")
        assert str(scenes / "labels.csv") in err
        assert str(row) in err if row else True
        assert column in err


def test_every_mistake_is_said_at_once(scenes):
    table(scenes, HEAD, "7.png,京A88731,1,1,9,9", "0.png,,x,1,9,9", GOOD)
    with pytest.raises(LabelError) as caught:
        labels(scenes, boxes=True)
    assert [(each.row, each.column) for each in caught.value.problems] == [(2, "file"), (3, "plate"), (3, "x")]
    # a row of too few cells, or one that is none, hides nothing of what stands before and behind it
    table(scenes, HEAD, "7.png,京A88731,1,1,9,9", "0.png,A", GOOD, GOOD, '1.png,"A')
    with pytest.raises(LabelError) as caught:
        labels(scenes, boxes=True)
    assert [(each.row, each.word) for each in caught.value.problems] == [
        (2, "no_file"), (3, "cells"), (5, "twice"), (6, "table")
    ]  # fmt: skip
    table(scenes, "file,text,x,y,h,h", GOOD)
    with pytest.raises(LabelError) as caught:
        labels(scenes, boxes=True)
    assert [(each.row, each.column) for each in caught.value.problems] == [(1, "plate"), (1, "w"), (1, "h")]


def test_a_thousand_mistakes_are_not_said_all(scenes):
    table(scenes, HEAD, *(f"no{number}.png,A,x,y,w,h" for number in range(1_000)))
    with pytest.raises(LabelError) as caught:
        labels(scenes, boxes=True)
    assert len(caught.value.problems) == 20


def test_a_box_outside_of_its_picture(judge, scenes):
    table(scenes, HEAD, GOOD, "1.png,京A88731,500,10,60,20")
    status, _, err = judge("scenes", scenes, stages=finder({0: [], 1: []}, {}))
    assert status == 1
    assert "row 3" in err
    assert "200 x 120" in err


def test_a_box_over_the_edge_is_no_mistake(judge, scenes):
    table(scenes, HEAD, "0.png,京A88731,-5,10,60,20", "1.png,京A88731,180,10,60,20")
    assert judge("scenes", scenes, stages=finder({0: [], 1: []}, {}))[0] == 0


def test_a_table_of_another_office(scenes):
    """With a byte order mark, as spreadsheets write it, other columns and quotes."""
    text = '\ufefffile,note,plate,x,y,w,h\r\n"0.png","a, b","京A88731",10,10,60,20\r\n'
    (scenes / "labels.csv").write_text(text, encoding="utf-8", newline="")
    (label,) = labels(scenes, boxes=True)
    assert (label.plate, label.box, label.row) == ("京A88731", (10.0, 10.0, 70.0, 30.0), 2)


def test_labels_that_are_no_text_and_none_at_all(judge, scenes):
    (scenes / "labels.csv").write_bytes("file,plate,x,y,w,h\n0.png,京A88731,1,1,9,9\n".encode("gb18030"))
    status, _, err = judge("scenes", scenes, stages=finder({}, {}))
    assert status == 1
    assert "UTF-8" in err
    (scenes / "labels.csv").unlink()
    status, _, err = judge("scenes", scenes, stages=finder({}, {}))
    assert status == 1
    assert "there is no labels.csv" in err


# -- models and arguments ---------------------------------------------------------------------------------------------


def test_a_missing_model_is_said(judge, crops):
    status, out, err = judge("plates", crops, stages=ModelError("run `make models`"))
    assert (status, out) == (1, "")
    assert "make models" in err


def test_a_folder_that_is_none_is_misuse(judge, tmp_path):
    status, out, err = judge("plates", tmp_path / "none")
    assert (status, out) == (2, "")
    assert str(tmp_path / "none") in err


def test_vehicles_and_faces_have_no_calibration(judge, scenes):
    for what in ("vehicles", "faces"):
        assert judge(what, scenes, "--calibration")[0] == 2


def test_faces_without_pairs_are_said(judge, crops):
    status, out, err = judge("faces", crops, "--json")
    assert (status, out) == (1, "")
    assert "labels.csv" in err
    assert "identity" in err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_of_a_mistake_has_its_text(language):
    values = {"columns": "x", "count": 1, "wanted": 1, "most": 1, "why": "x", "file": "x", "plate": "x", "value": "x",
              "least": 1, "first": 1, "box": "x", "width": 1, "height": 1, "name": "x", "same": 1}  # fmt: skip
    words = (
        "no_labels heavy encoding unreadable no_column column_twice rows no_rows cells table name no_file plate number "
        "twice outside same itself identity one_kind"
    )
    for word in words.split():
        assert texts(language).say(f"evaluate.labels.{word}", **values)
    for word in WHY:
        assert texts(language).say(f"evaluate.faces.{word}")


@pytest.mark.parametrize(
    "words",
    [(), ("plates",), ("wheels", "."), ("plates", "a", "b"), ("plates", "a\0b"), ("plates", ".", "--runtime", "x")],
)
def test_wrong_arguments_are_misuse(menshen, words):
    answer = menshen("evaluate", *words)
    assert (answer.status, answer.out) == (2, "")
    assert "usage: menshen evaluate" in answer.err


def test_a_folder_of_any_name(judge, crops, tmp_path):
    there = tmp_path.parent / f"{tmp_path.name} 车牌\x1b"
    shutil.copytree(crops, there)
    status, out, _ = judge("plates", there, "--json", stages=by_shade())
    assert status == 0
    assert json.loads(out)["folder"] == str(there)
