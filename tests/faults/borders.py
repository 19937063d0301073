"""A district that is added while everything runs."""

from dispatch.storage.database import connect_engine, transaction
from tests.districts import NEW, split_district
from tests.faults.nemesis import Fault, Nemesis


def add_district(at_s: float) -> Fault:
    """The import that an operator would make; its map takes effect about a minute later."""

    def work(nemesis: Nemesis) -> None:
        engine = connect_engine(nemesis.installation.admin_url, role="test", idle_timeout_ms=0)
        with transaction(engine) as connection:
            path = split_district(connection, nemesis.installation.data_dir)
        engine.dispose()
        nemesis.crew.wangge("register", "import", "areas", str(path))

    return Fault(
        at_s=at_s,
        what=f"district {NEW} is added",
        whom=lambda _: "register import",
        do=lambda nemesis, _: nemesis.beside(lambda: work(nemesis)),
    )


def move_open_cases(at_s: float) -> Fault:
    """The command by which open cases follow a map that has taken effect."""
    return Fault(
        at_s=at_s,
        what="open cases follow the map",
        whom=lambda _: "borders apply",
        do=lambda nemesis, _: nemesis.beside(lambda: nemesis.crew.wangge("borders", "apply")),
    )
