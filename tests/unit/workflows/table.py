"""The table of the urban-management definition once more, by hand, and a case in each state."""

from collections.abc import Callable, Mapping

from tests.unit.workflows.desk import ACTORS, Desk
from workflows import Actor

OPEN = (
    "reported accepted verifying filed dispatched handling handled inspecting returned reworked "
    "suspended deferred"
).split()
LEADERS = ("dispatcher", "supervisor")
UNHELD = ("reported", "accepted", "filed", "returned")
EARLY = "reported accepted filed dispatched handling returned reworked".split()

# The whole table once more, by hand: (action, from, role) to the state after.
TABLE: dict[tuple[str, str, str], str] = {
    ("accept", "reported", "acceptor"): "accepted",
    **{("appoint", s, "supervisor"): s for s in ("verifying", "handled")},
    ("reject", "reported", "acceptor"): "rejected",
    ("reject", "accepted", "acceptor"): "rejected",
    ("verify", "reported", "acceptor"): "verifying",
    ("verify", "accepted", "acceptor"): "verifying",
    ("verify-yes", "verifying", "member"): "accepted",
    ("verify-no", "verifying", "member"): "accepted",
    **{
        ("file", state, role): "filed"
        for state in ("reported", "accepted")
        for role in ("acceptor", "system")
    },
    **{
        ("dispatch", state, role): "dispatched"
        for state in ("filed", "returned")
        for role in ("dispatcher", "system")
    },
    ("return", "dispatched", "handler"): "returned",
    ("joint-dispatch", "filed", "dispatcher"): "dispatched",
    ("joint-dispatch", "returned", "dispatcher"): "dispatched",
    **{("merge", s, role): "merged" for s in OPEN for role in ("acceptor", *LEADERS)},
    **{("split", s, role): s for s in EARLY for role in ("acceptor", "dispatcher")},
    **{("hand-over", s, role): s for s in OPEN for role in ("acceptor", "supervisor")},
    **{
        ("compare", s, "acceptor"): s
        for s in ("reported", "accepted", "verifying", "filed", "returned")
    },
    **{("transfer", s, role): s for s in UNHELD for role in LEADERS},
    ("return-to-acceptor", "filed", "dispatcher"): "accepted",
    ("return-to-acceptor", "returned", "dispatcher"): "accepted",
    ("adjudicate", "filed", "supervisor"): "dispatched",
    ("adjudicate", "returned", "supervisor"): "dispatched",
    ("start", "dispatched", "handler"): "handling",
    ("start", "reworked", "handler"): "handling",
    ("feedback", "handling", "handler"): "handled",
    ("inspect-pass", "handled", "member"): "inspecting",
    ("inspect-fail", "handled", "member"): "reworked",
    ("close", "inspecting", "acceptor"): "closed",
    **{("void", s, role): "voided" for s in OPEN for role in ("acceptor", "supervisor")},
    ("withdraw", "dispatched", "dispatcher"): "filed",
    **{("force-close", s, "supervisor"): "closed" for s in OPEN[3:]},
    **{("reopen", "closed", role): "filed" for role in ("acceptor", "supervisor")},
    ("call-back", "closed", "acceptor"): "closed",
    **{
        (action, s, role): s
        for action, role in (
            ("request-extension", "handler"),
            ("approve-extension", "dispatcher"),
            ("refuse-extension", "dispatcher"),
        )
        for s in ("dispatched", "handling", "reworked")
    },
    ("appeal", "closed", "handler"): "closed",
    ("approve-appeal", "closed", "supervisor"): "closed",
    ("refuse-appeal", "closed", "supervisor"): "closed",
    ("sign", "dispatched", "handler"): "dispatched",
    **{("assign", s, "handler"): s for s in ("dispatched", "handling", "reworked")},
    **{("suspend", "handling", role): "suspended" for role in LEADERS},
    **{("defer", s, role): "deferred" for s in ("filed", "returned") for role in LEADERS},
    **{("resume", "suspended", role): "handling" for role in (*LEADERS, "system")},
    **{("resume", "deferred", role): "filed" for role in (*LEADERS, "system")},
    **{(action, s, "supervisor"): s for action in ("supervise", "instruct") for s in OPEN},
    **{("escalate", s, role): s for s in OPEN for role in ("acceptor", "dispatcher")},
    **{("urge", s, role): s for s in OPEN for role in ("dispatcher", "supervisor")},
    **{
        (action, s, role): s
        for action in ("relocate", "reclassify")
        for s in EARLY
        for role in ("acceptor", "dispatcher")
    },
}


def height(marks: Mapping[str, int | str], name: str) -> int:
    value = marks.get(name, 0)
    return value if isinstance(value, int) else 1


# What an action asks of the marks of a case, once more by hand.
ASKS: dict[str, Callable[[Mapping[str, int | str]], bool]] = {
    "request-extension": lambda marks: "extension_asked" not in marks,
    "approve-extension": lambda marks: "extension_asked" in marks,
    "refuse-extension": lambda marks: "extension_asked" in marks,
    "approve-appeal": lambda marks: "appealed" in marks,
    "refuse-appeal": lambda marks: "appealed" in marks,
    "dispatch": lambda marks: height(marks, "returns") < 3,
    "joint-dispatch": lambda marks: height(marks, "returns") < 3,
    "adjudicate": lambda marks: height(marks, "returns") >= 3,
    "return": lambda marks: "adjudicated" not in marks and "assignee" not in marks,
    "suspend": lambda marks: "suspensions" not in marks,
    "defer": lambda marks: "deferrals" not in marks,
    "withdraw": lambda marks: "adjudicated" not in marks,
    "sign": lambda marks: "signed" not in marks,
}
ROLES = [*ACTORS, "reporter", "auditor", "admin", "gateway"]
ACTIONS = sorted({action for action, _, _ in TABLE})
STATES = [*OPEN, "closed", "rejected", "voided", "merged"]
# What the table leaves out: it depends on more than state and role, and has its own tests.
ASIDE = {"assist", "unmerge"}


def actor_of(role: str) -> Actor:
    return ACTORS.get(role, Actor(id="x", role=role))


# Only for a case that was late; in a table of states it is in time.
ONLY_LATE = {"appeal"}


def free(action: str, desk: Desk) -> bool:
    """Whether marks and clocks of a case that is in time let the action pass."""
    return action not in ONLY_LATE and (action not in ASKS or ASKS[action](desk.marks))


def in_state(desk: Desk, state: str) -> Desk:
    """Bring a case into a state by the shortest way through real decisions."""
    ways: dict[str, list[tuple[str, str]]] = {
        "reported": [],
        "accepted": [("accept", "acceptor")],
        "verifying": [("verify", "acceptor")],
        "filed": [("file", "acceptor")],
        "rejected": [("reject", "acceptor")],
        "voided": [("void", "supervisor")],
        "deferred": [("file", "acceptor"), ("defer", "dispatcher")],
    }
    ways["dispatched"] = [*ways["filed"], ("dispatch", "dispatcher")]
    ways["returned"] = [*ways["dispatched"], ("return", "handler")]
    ways["handling"] = [*ways["dispatched"], ("start", "handler")]
    ways["suspended"] = [*ways["handling"], ("suspend", "dispatcher")]
    ways["handled"] = [*ways["handling"], ("feedback", "handler")]
    ways["reworked"] = [*ways["handled"], ("inspect-fail", "member")]
    ways["inspecting"] = [*ways["handled"], ("inspect-pass", "member")]
    ways["merged"] = [("merge", "acceptor")]
    ways["closed"] = [*ways["inspecting"], ("close", "acceptor")]
    desk.open()
    for action, role in ways[state]:
        desk.act(action, role)
        desk.wait(minutes=3)
    return desk
