"""How many scans a JPEG has, and that files with too many are refused before anything decodes them."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.photos.formats.file import read_image
from explorer.photos.formats.jpeg import MOST_SCANS, TooManyScans, first_frame, most_scans, sort

EOI = b"\xff\xd9"
MANY = rf"^The JPEG has more than {MOST_SCANS} scans; save it again as a plain one\.$"


def jpeg(side: int = 96, **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", **options)
    return packed.getvalue()


def with_scans(count: int, filling: bytes = b"", whole: bytes | None = None) -> bytes:
    """A progressive JPEG of `count` scans, its last one again and again."""
    whole = whole or jpeg(progressive=True)
    start = whole.rindex(b"\xff\xda")
    more = count - sort(whole).scans
    return whole[:-2] + (filling + whole[start:-2]) * more + EOI


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


@pytest.mark.parametrize(
    ("options", "scans"),
    [({}, 1), ({"progressive": True}, 10), ({"restart_marker_rows": 1}, 1), ({"quality": 100, "subsampling": 0}, 1)],
)
def test_scans_of_what_cameras_and_programs_write_are_counted(options: dict, scans: int) -> None:
    assert sort(jpeg(**options)).scans == scans


@pytest.mark.parametrize("filling", [b"", b"\xff\xff\xff", segment(0xFE, b"\xff\xda" * 8), b"\xff\xd3"])
def test_a_hundred_scans_pass_and_one_more_does_not(filling: bytes, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(with_scans(MOST_SCANS, filling))
    assert read_image(file)[1] == (96, 96)
    file.write_bytes(with_scans(MOST_SCANS + 1, filling))
    with pytest.raises(ValueError, match=MANY):
        read_image(file)


def test_a_large_picture_has_fewer_scans(tmp_path: Path) -> None:
    assert [most_scans(size) for size in (0, 1, 20_000_000, 40_000_000)] == [100, 100, 100, 50]
    packed = io.BytesIO()
    Image.new("L", (8000, 5000)).save(packed, "JPEG", progressive=True)
    (tmp_path / "photo.jpg").write_bytes(with_scans(51, whole=packed.getvalue()))
    with pytest.raises(ValueError, match=r"^The JPEG has more than 50 scans; save it again as a plain one"):
        read_image(tmp_path / "photo.jpg")


def test_scans_in_a_thumbnail_a_comment_or_after_the_end_do_not_count() -> None:
    plain = jpeg()
    thumbnail = segment(0xE1, b"Exif\0\0" + with_scans(MOST_SCANS)[:60_000])
    comment = segment(0xFE, b"\xff\xda\0\2" * 200)
    assert sort(plain[:2] + thumbnail + comment + plain[2:] + with_scans(MOST_SCANS)).scans == 1


def test_counting_stops_when_there_are_too_many() -> None:
    damaged = segment(0xDA, b"")
    with pytest.raises(TooManyScans):
        first_frame(with_scans(MOST_SCANS)[:-2] + damaged + EOI)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xe1\xff\xff", b"\x89PNG", b"GIF8"],
)
def test_what_is_no_whole_jpeg_has_no_scans(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^There are no pixels\.$"):
        first_frame(content)


@pytest.mark.parametrize("content", [b"\xff\xda\0\2", b"\xff\xd0", b"\xff\0", b"\xff", b"\xff\xe0\0\0", b"\0"])
def test_millions_of_markers_are_passed_in_one_go(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"pixels|segments|unpack"):
        first_frame(b"\xff\xd8" + content * 500_000)
