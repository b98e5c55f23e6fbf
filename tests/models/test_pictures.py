"""Picture files of every kind: each is the picture that Pillow's tools or arithmetic say it is, or a clear refusal."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from models.pictures import BYTES_MAX, FORMATS, SIDE_PX_MAX, PictureError, decoded, load, taken

HEIGHT, WIDTH = 5, 7


def colours(height=HEIGHT, width=WIDTH):
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image, kind="PNG", **settings):
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def refused(content):
    with pytest.raises(PictureError) as caught:
        decoded(content)
    return caught.value


def chunk(name, content):
    whole = name + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def png_that_says(width, height):
    """A PNG whose head names a size that its few bytes never fill (PNG, third edition, 11.2.1)."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM"])
def test_what_loses_nothing_comes_back_as_it_was(kind, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(encoded(Image.fromarray(colours()), kind))
    assert np.array_equal(load(path), colours())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_telephones_picture_stands_upright(orientation):
    image = Image.fromarray(colours())
    notes = image.getexif()
    notes[0x0112] = orientation
    content = encoded(image, exif=notes)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert np.array_equal(decoded(content).picture, expected)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_there_is_not_changes_nothing(orientation):
    image = Image.fromarray(colours())
    notes = image.getexif()
    notes[0x0112] = orientation
    assert np.array_equal(decoded(encoded(image, exif=notes)).picture, colours())


def test_damaged_notes_beside_a_sound_picture_are_left_out():
    content = encoded(Image.fromarray(colours()), exif=b"Exif\0\0MM\0*\xff\xff\xff\xffrubbish")
    assert np.array_equal(decoded(content).picture, colours())


def test_grey_and_black_and_white():
    grey = colours()[..., 0]
    assert np.array_equal(decoded(encoded(Image.fromarray(grey))).picture, np.stack([grey] * 3, axis=-1))
    ink = grey > 127
    assert np.array_equal(decoded(encoded(Image.fromarray(ink))).picture, np.stack([ink * 255] * 3, axis=-1))


def test_sixteen_bits_keep_their_upper_eight():
    deep = np.array([[0, 255, 256, 0x1234, 0xFF00, 0xFFFF]], np.uint16)
    picture = decoded(encoded(Image.fromarray(deep))).picture
    assert picture[0, :, 0].tolist() == [0, 0, 1, 0x12, 0xFF, 0xFF]
    assert np.array_equal(picture[..., 0], picture[..., 2])


def test_cmyk_is_a_picture_of_colours():
    flat = Image.new("CMYK", (32, 32), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    red, green, blue = decoded(encoded(flat, "JPEG", quality=95)).picture[16, 16]
    assert red > 200
    assert green < 60
    assert blue < 60


def test_what_is_transparent_lies_on_white():
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    picture = decoded(encoded(Image.fromarray(pixels))).picture
    assert picture[0, 0].tolist() == [10, 20, 30]
    assert picture[0, 1].tolist() == [255, 255, 255]
    assert abs(int(picture[0, 2, 0]) - 127) <= 1  # half black over white


def test_a_palette_with_a_transparent_colour():
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    picture = decoded(encoded(image, transparency=1)).picture
    assert picture.tolist() == [[[200, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animated_picture_the_first_and_how_many_there_are(kind):
    shades = [Image.new("RGB", (8, 8), (shade,) * 3) for shade in (0, 120, 240)]
    content = encoded(shades[0], kind, save_all=True, append_images=shades[1:])
    found = decoded(content)
    assert found.pictures == 3
    assert found.picture.max() <= 4


def test_a_telephones_picture_of_several():
    content = encoded(
        Image.new("RGB", (8, 8)), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8), (255,) * 3)]
    )
    found = decoded(content)
    assert (found.pictures, int(found.picture.max())) == (2, 0)


def test_one_pixel_is_a_picture():
    assert decoded(encoded(Image.new("RGB", (1, 1), (1, 2, 3)))).picture.tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_truncation_is_said_and_none_is_taken(kind):
    content = encoded(Image.fromarray(colours(40, 60)), kind)
    whole = decoded(content).picture
    for length in range(0, len(content) - 1, max(1, len(content) // 60)):
        try:
            picture = decoded(content[:length]).picture
        except PictureError:
            continue
        assert np.array_equal(picture, whole), length  # all pixels were there before the end of the file


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bytes_end_in_a_picture_or_a_refusal(kind):
    content = encoded(Image.fromarray(colours(24, 32)), kind)
    chance = np.random.default_rng(9)
    for _ in range(300):
        spoilt = bytearray(content)
        for place in chance.integers(0, min(len(spoilt), 400), int(chance.integers(1, 6))):
            spoilt[place] = int(chance.integers(0, 256))
        try:
            picture = decoded(bytes(spoilt)).picture
        except PictureError:
            continue
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3


@pytest.mark.parametrize("size", [(SIDE_PX_MAX + 1, 1), (12_000, 12_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_head(size):
    error = refused(png_that_says(*size))
    assert error.word in ("large", "huge")
    assert "64 million" in str(error)
    assert "?" not in str(error)


@pytest.mark.parametrize(
    "content",
    [b"hello", b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"PK\x03\x04" + bytes(40), b"\0" * 5000,
     b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"],
)  # fmt: skip
def test_what_is_no_picture_says_what_is(content):
    error = refused(content)
    assert error.word == "unknown"
    assert "JPEG" in str(error)


def test_files_that_are_none(tmp_path):
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")  # an ordinary open() would wait for a writer
    with (tmp_path / "heavy").open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    expected = {
        "empty": "empty",
        "fifo": "special",
        "heavy": "heavy",
        "nothing": "unreadable",
        "": "folder",
        "a\0b": "unreadable",
    }
    for name, word in expected.items():
        with pytest.raises(PictureError) as caught:
            taken(tmp_path / name)
        assert caught.value.word == word, name


def test_nothing_is_warned_of_and_nothing_is_left_open():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for content in (png_that_says(10_000, 9_000), encoded(Image.fromarray(colours()), "JPEG")[:-40]):
            refused(content)
