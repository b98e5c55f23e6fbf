"""Films: which pictures are given, how they stand, and files that are none, broken or want to read others."""

import os
import struct
from contextlib import suppress

import av
import numpy as np
import pytest

from models.films import Film
from models.pictures import PictureError
from tests.vision.films import film, moving, still

UPRIGHT = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# ISO/IEC 14496-12, 8.3.2: x' = -y + height, y' = x: turned by a quarter, clockwise.
CLOCKWISE = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 180 << 16, 0, 0x40000000)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts"])
def test_every_so_manieth_picture_with_its_time(tmp_path, ending):
    path = film(tmp_path / f"film.{ending}", moving(30))
    looked = Film(path, every=4, most=5)
    stills = list(looked.stills())
    assert [each.number for each in stills] == [0, 4, 8, 12, 16]
    assert [round(each.at_s, 2) for each in stills] == [0.0, 0.16, 0.32, 0.48, 0.64]
    assert all(each.picture.shape == (180, 320, 3) for each in stills)
    assert looked.cut


def test_a_film_that_ends_before_is_not_cut(tmp_path):
    looked = Film(film(tmp_path / "film.mp4", moving(7)), every=1, most=7)
    assert len(list(looked.stills())) == looked.passed == 7
    assert not looked.cut
    assert (looked.broken, looked.resized) == (0, 0)


def test_a_film_that_lies_is_stood_up(tmp_path):
    path = film(tmp_path / "film.mp4", moving(2))
    content = path.read_bytes()
    place = content.rindex(UPRIGHT)
    path.write_bytes(content[:place] + CLOCKWISE + content[place + len(UPRIGHT) :])
    picture = next(Film(path).stills()).picture
    # The bright square has its middle in row 79.5, column 19.5 of 180 x 320: turned, in row 19.5, column 179 - 79.5.
    rows, columns = np.nonzero(picture[..., 0] > 180)
    assert picture.shape == (320, 180, 3)
    assert (rows.mean(), columns.mean()) == (pytest.approx(19.5, abs=1), pytest.approx(99.5, abs=1))


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty", b""), ("text", b"hello world\n" * 500), ("zeros", bytes(5000)),
     ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfilm.ts\n#EXT-X-ENDLIST\n"),
     ("list.ffconcat", b"ffconcat version 1.0\nfile film.ts\n")],
)  # fmt: skip
def test_what_is_no_film_opens_no_other(tmp_path, name, content):
    film(tmp_path / "film.ts", moving(5))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError) as caught:
        next(Film(tmp_path / name).stills())
    assert caught.value.word == ("unknown" if content else "empty")


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path, word in ((tmp_path / "fifo", "special"), (tmp_path, "folder"), (tmp_path / "none", "unreadable")):
        with pytest.raises(PictureError) as caught:
            next(Film(path).stills())
        assert caught.value.word == word


def test_a_film_that_breaks_off_gives_what_it_had(tmp_path):
    path = film(tmp_path / "film.ts", moving(60))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert 10 < len(list(Film(path).stills())) < 60


def test_damaged_pieces_are_counted_or_left_out_and_never_end_the_program(tmp_path):
    content = bytearray(film(tmp_path / "film.avi", moving(40)).read_bytes())
    chance = np.random.default_rng(2)
    path = tmp_path / "spoilt.avi"
    for _ in range(20):
        spoilt = bytearray(content)
        for place in chance.integers(0, len(spoilt), 40):
            spoilt[place] = int(chance.integers(0, 256))
        path.write_bytes(spoilt)
        looked = Film(path, most=100)
        with suppress(PictureError):
            assert all(each.picture.shape[2] == 3 for each in looked.stills())


def test_sound_alone_is_no_film(tmp_path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with pytest.raises(PictureError) as caught:
        next(Film(path).stills())
    assert caught.value.word == "no_pictures"


def test_a_film_of_too_large_pictures_is_refused_before_one_is_decoded(tmp_path):
    path = film(tmp_path / "film.mkv", still(1, width=4_160, height=16), codec="mpeg4")
    with pytest.raises(PictureError) as caught:
        next(Film(path).stills())
    assert caught.value.word == "large"
