"""Photos: what is kept of good ones, and what happens to bad ones."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from dispatch.reports.photos import PhotoRefused, PhotoTooLarge, process_photo

PIXELS = 1_000_000
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new(mode, size, 7 if mode in {"P", "L"} else None)  # type: ignore[arg-type]


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(EXIF_IFD)[0x9003] = "2026:11:24 08:30:00"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (26.0, 25.0, 13.08), 3: "E", 4: (111.0, 36.0, 27.0)})
    return encoded(
        picture(), exif=exif, comment=b"SECRET-COMMENT", xmp=b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>"
    )


def test_what_the_camera_said_becomes_evidence_and_leaves_the_picture() -> None:
    full, thumb, evidence = process_photo(with_metadata(), PIXELS)
    assert evidence.captured_at == "2026-11-24T08:30:00"
    assert evidence.lat == pytest.approx(26.4203, abs=1e-6)
    assert evidence.lon == pytest.approx(111.6075, abs=1e-6)
    for kept in (full, thumb):
        assert b"SECRET" not in kept
        assert b"Exif" not in kept
        with Image.open(io.BytesIO(kept)) as image:
            assert dict(image.getexif()) == {}
            assert image.size == (30, 40), "it stands as the camera was held"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "RGBA", "I;16", "1"])
def test_pictures_of_every_colour_model_are_kept(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    full, _, _ = process_photo(encoded(picture(mode), kind), PIXELS)
    with Image.open(io.BytesIO(full)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [picture(), Image.new("RGB", (40, 30), "red")]
    moving = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    full, _, _ = process_photo(moving, PIXELS)
    with Image.open(io.BytesIO(full)) as image:
        assert getattr(image, "n_frames", 1) == 1


def test_a_program_behind_the_picture_is_left_behind() -> None:
    full, _, _ = process_photo(encoded(picture()) + b"<script>alert(1)</script>", PIXELS)
    assert b"<script>" not in full


def gif() -> bytes:
    return encoded(picture("P"), "GIF")


def cut_off() -> bytes:
    noise = Image.effect_noise((200, 200), 60)
    return encoded(noise)[:900]


def bomb_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("k", "A" * 80_000_000, zip=True)
    return encoded(picture(), "PNG", pnginfo=info)


def script() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize("make", [gif, cut_off, bomb_text, script, bytes, lambda: b"\xff\xd8\xff"])
def test_what_is_no_whole_photo_is_refused_in_words(make: Callable[[], bytes]) -> None:
    with pytest.raises(PhotoRefused, match="cannot be read as JPEG, PNG or WebP"):
        process_photo(make(), PIXELS)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(PhotoTooLarge, match="more than 1,000,000 pixels"):
        process_photo(encoded(picture("1", (40_000, 40_000)), "PNG"), PIXELS)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_does_no_harm() -> None:
    raw = bytearray(with_metadata())
    at = raw.index(b"Exif") + 14
    raw[at : at + 60] = b"\xff" * 60
    full, _, evidence = process_photo(bytes(raw), PIXELS)
    assert full.startswith(b"\xff\xd8")
    assert evidence.lat is None
