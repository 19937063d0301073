"""Photos: re-encoded without their metadata; position and time of capture kept as evidence.

Files on disk, so that a photo needs no database. The work is done in a child process with bounds
on memory and time, as Pillow's own advice for untrusted images asks.
"""

import errno
import hashlib
import io
import json
import os
import resource
import threading
import uuid
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from dispatch.errors import DispatchError, Unavailable

FORMATS = ("JPEG", "PNG", "WEBP")
THUMB = (480, 480)
FULL_EDGE = 4096
WORK_BYTES = 1_500_000_000
WORK_SECONDS = 20
FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})


class PhotoRefused(DispatchError):
    """The bytes are not a photo that can be kept."""


class PhotoTooLarge(PhotoRefused):
    """More pixels than the limit."""


class NoRoom(DispatchError):
    """The disk for photos is full; an operator must free space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the camera said, as far as it said it: WGS-84 degrees and local time of capture."""

    captured_at: str | None
    lon: float | None
    lat: float | None
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What is kept beside a photo. `sha256` is of the bytes as they were sent."""

    id: str
    subject: str
    received_at: str
    sha256: str
    evidence: Evidence


def process_photo(data: bytes, pixels: int) -> tuple[bytes, bytes, Evidence]:
    """Full image and thumbnail as JPEG without any metadata, and the evidence that was in it.

    Raises PhotoRefused for anything that is not an image of the three formats.
    """
    Image.MAX_IMAGE_PIXELS = pixels
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > pixels:
                raise Image.DecompressionBombError
            evidence = _evidence(image)
            upright = _upright(image).convert("RGB")
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"the photo has more than {pixels:,} pixels") from error
    except Exception as error:  # the decoders meet hostile bytes with errors of every kind
        raise PhotoRefused("the photo cannot be read as JPEG, PNG or WebP") from error
    # A new image from pixels alone: nothing that rode along in the file can survive.
    clean = Image.frombytes("RGB", upright.size, upright.tobytes())
    clean.thumbnail((FULL_EDGE, FULL_EDGE))
    small = clean.copy()
    small.thumbnail(THUMB)
    return _jpeg(clean, 88), _jpeg(small, 80), evidence


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=False)
    return out.getvalue()


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held; damaged EXIF turns nothing."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  what stands in EXIF is anybody's bytes
        return image


def _evidence(image: Image.Image) -> Evidence:
    """What the camera said; nothing where it cannot be read, for the photo itself may be good."""
    try:
        return _camera(image)
    except Exception:  # noqa: BLE001  what stands in EXIF is anybody's bytes
        return Evidence(
            captured_at=None, lon=None, lat=None, width=image.width, height=image.height
        )


def _camera(image: Image.Image) -> Evidence:
    exif = image.getexif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    taken = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef))
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef))
    return Evidence(
        captured_at=_taken(taken), lon=lon, lat=lat, width=image.width, height=image.height
    )


def _taken(value: object) -> str | None:
    try:
        return datetime.strptime(str(value), "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return None


def _degrees(value: object, reference: object) -> float | None:
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not 0 <= total <= 180:
        return None
    return -total if reference in ("S", "W") else total


def _bound_child() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (WORK_BYTES, WORK_BYTES))
    os.nice(5)


class PhotoStore:
    """Photos of one installation, on disk, under names of our own making."""

    def __init__(self, directory: Path, pixels: int) -> None:
        self._directory = directory
        self._pixels = pixels
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def add(self, data: bytes, subject: str) -> Sidecar:
        """Keeps a photo; raises PhotoRefused. Blocks for as long as the image takes."""
        full, thumb, evidence = self._process(data)
        sidecar = Sidecar(
            id=str(uuid.uuid4()),
            subject=subject,
            received_at=datetime.now(UTC).isoformat(),
            sha256=hashlib.sha256(data).hexdigest(),
            evidence=evidence,
        )
        try:
            self._keep(sidecar, full, thumb)
        except OSError as error:
            with suppress(OSError):
                self.remove(uuid.UUID(sidecar.id))
            if error.errno in FULL_ERRORS:
                raise NoRoom("the disk for photos is full; send the photo again later") from error
            raise Unavailable("The store of photos", str(error.strerror)) from error
        return sidecar

    def _keep(self, sidecar: Sidecar, full: bytes, thumb: bytes) -> None:
        folder = self._folder(sidecar.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / f"{sidecar.id}.full.jpg", full)
        _write(folder / f"{sidecar.id}.thumb.jpg", thumb)
        # Last, because whoever sees the sidecar may read the images.
        _write(folder / f"{sidecar.id}.json", json.dumps(asdict(sidecar)).encode())

    def sidecar(self, photo: uuid.UUID) -> Sidecar | None:
        """What is known of a photo, or None when it has not arrived (or has gone)."""
        try:
            raw = json.loads((self._folder(str(photo)) / f"{photo}.json").read_bytes())
        except FileNotFoundError:
            return None
        return Sidecar(**{**raw, "evidence": Evidence(**raw["evidence"])})

    def owner(self, photo: uuid.UUID) -> str | None:
        """Whose photo it is, or None when it has not arrived."""
        sidecar = self.sidecar(photo)
        return None if sidecar is None else sidecar.subject

    def image(self, photo: uuid.UUID, size: str) -> bytes:
        """The stored JPEG, `full` or `thumb`; raises FileNotFoundError."""
        return (self._folder(str(photo)) / f"{photo}.{size}.jpg").read_bytes()

    def older_than(self, moment: datetime) -> list[uuid.UUID]:
        """Photos of which nothing is younger than a moment (candidates for being swept).

        What a crash left of one, without its sidecar, is among them.
        """
        newest: dict[uuid.UUID, float] = {}
        for path in self._directory.glob("*/*"):
            with suppress(ValueError, FileNotFoundError):
                photo = uuid.UUID(path.name.partition(".")[0])
                newest[photo] = max(path.stat().st_mtime, newest.get(photo, 0.0))
        return sorted(photo for photo, at in newest.items() if at < moment.timestamp())

    def remove(self, photo: uuid.UUID) -> None:
        """Deletes a photo and all that was kept beside it; its sidecar first."""
        files = sorted(
            self._folder(str(photo)).glob(f"{photo}.*"), key=lambda f: f.suffix != ".json"
        )
        for path in files:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _folder(self, photo: str) -> Path:
        return self._directory / photo[:2]

    def _process(self, data: bytes) -> tuple[bytes, bytes, Evidence]:
        pool = self._workers()
        try:
            return pool.submit(process_photo, data, self._pixels).result(WORK_SECONDS)
        except (BrokenProcessPool, Late, MemoryError) as error:
            self._give_up(pool)
            raise PhotoRefused("the photo needs more memory or time than a photo may") from error
        except (CancelledError, RuntimeError) as error:
            # The photo before it in the line broke the worker.
            raise Unavailable("The worker for photos", "it is started again") from error

    def _workers(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    max_workers=1,
                    mp_context=get_context("spawn"),
                    initializer=_bound_child,
                    max_tasks_per_child=200,
                )
            return self._pool

    def _give_up(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
