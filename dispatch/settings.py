"""The settings of one installation, read once from `WANGGE_…` variables."""

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Inspection = Literal["nearest", "rotate", "anyone"]


class Settings(BaseSettings):
    """Frozen settings; every field is the environment variable `WANGGE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="WANGGE_", frozen=True, extra="ignore")

    database_url: str = "postgresql://wangge_service@127.0.0.1:5432/wangge"
    kafka_servers: str = "127.0.0.1:9092"
    data_dir: Path = Path(".wangge")
    topic_prefix: str = Field("wangge", pattern=r"^[a-z0-9][a-z0-9_-]*$")

    host: str = "127.0.0.1"
    port: int = Field(8460, ge=0, le=65535)
    public_reports: bool = False
    metrics_host: str = "127.0.0.1"
    """Where engine, clock and relay answer /healthz, /readyz and /metrics."""
    metrics_port: int = Field(0, ge=0, le=65535)
    """0 takes any free port; `run/targets/` tells which."""

    city_timezone: str = "Asia/Shanghai"
    number_prefix: str = Field("YZ", pattern=r"^[A-Z]{1,4}$")
    definition: Annotated[tuple[str, ...], NoDecode] = ()
    """What new cases are opened under: `name@version` with commas between, one a line at most; a
    line that is not named takes its newest."""
    definitions_dir: Path | None = None
    """A folder with the city's own workflow definitions, beside the shipped ones."""
    inspection: Inspection = "nearest"
    """Which member is chosen to verify and inspect: of those who patrol the smallest area, each of
    all who patrol the place in turn, or nobody, so that any member may."""
    calendar: str = "yongzhou"
    trusted_sources: frozenset[str] = frozenset({"member", "department"})

    reports_partitions: int = Field(12, ge=1, le=256)
    replication_factor: int = Field(1, ge=1, le=5)
    engine_batch: int = Field(500, ge=1, le=5000)
    clock_batch: int = Field(500, ge=1, le=5000)
    relay_batch: int = Field(1000, ge=1, le=5000)
    intake_in_flight_records: int = Field(5000, ge=1)
    intake_in_flight_bytes: int = Field(16_000_000, ge=1)
    kafka_answer_s: float = Field(3.0, gt=0)
    batch_line_limit: int = 500
    body_limit_bytes: int = 64_000
    batch_limit_bytes: int = 8_000_000
    photo_limit_bytes: int = 10_000_000
    photo_limit_pixels: int = 50_000_000
    refresh_s: float = Field(5.0, gt=0)
    verify_share: float = Field(0.01, ge=0, le=1)
    """The share of one processor that the clock's process takes at most to read all histories
    again; 0 switches that off."""

    feed_ring: int = Field(10_000, ge=10)
    feed_queue: int = Field(256, ge=1)
    feed_heartbeat_s: float = Field(15.0, gt=0)

    @field_validator("definition", mode="before")
    @classmethod
    def _keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(key.strip() for key in value.split(",") if key.strip())

    @property
    def timezone(self) -> ZoneInfo:
        """The city's zone: case numbers and opening months are counted in it."""
        return ZoneInfo(self.city_timezone)

    @property
    def reports_topic(self) -> str:
        return f"{self.topic_prefix}.reports"

    @property
    def deadletters_topic(self) -> str:
        return f"{self.topic_prefix}.deadletters"

    def cases_topic(self, district: str) -> str:
        """The topic of a district's case events (design decision 5)."""
        return f"{self.topic_prefix}.cases.{district}"

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"

    @property
    def photos_dir(self) -> Path:
        return self.data_dir / "photos"

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def targets_dir(self) -> Path:
        """One file a process for Prometheus' `file_sd_configs`."""
        return self.run_dir / "targets"

    @property
    def snapshot_file(self) -> Path:
        """What a restarted api starts from while PostgreSQL is down."""
        return self.data_dir / "snapshot"
