"""Tables of the registers. Migrations make them; a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

from grid import columns

metadata = MetaData()

map_version = Table(
    "map_version",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False),
)

area = Table(
    "area",
    metadata,
    Column("code", Text, primary_key=True),
    Column("since_version", Integer, primary_key=True),
    Column("until_version", Integer),
    Column("level", Text, nullable=False),
    Column("parent", Text),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("made", Boolean, nullable=False),
    Column("geom", columns.multipolygon(), nullable=False),
)

department = Table(
    "department",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("quiet", Text, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("department", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("assistants", Text, nullable=False),
)

area_grade = Table(
    "area_grade",
    metadata,
    Column("area", Text, primary_key=True),
    Column("profile", Text, nullable=False),
)

member = Table(
    "member",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("department", Text, nullable=False),
)

roster = Table(
    "roster",
    metadata,
    Column("department", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("starts", Text, primary_key=True),
    Column("ends", Text, primary_key=True),
)

part = Table(
    "part",
    metadata,
    Column("code", Text, primary_key=True),
    Column("standard", Text, nullable=False),
    Column("part_class", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("community", Text, nullable=False),
    Column("geom", columns.point(), nullable=False),
)

building = Table(
    "building",
    metadata,
    Column("code", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("floors", SmallInteger, nullable=False),
    Column("community", Text, nullable=False),
    Column("geom", columns.polygon(), nullable=False),
)

dwelling = Table(
    "dwelling",
    metadata,
    Column("code", Text, primary_key=True),
    Column("building", Text, nullable=False),
    Column("unit", SmallInteger, nullable=False),
    Column("floor", SmallInteger, nullable=False),
    Column("room", Text, nullable=False),
    Column("community", Text, nullable=False),
    Column("geom", columns.point(), nullable=False),
)
