"""When a process that died is started again."""

SETTLED_S = 60.0
FIRST_S = 0.25
LONGEST_S = 15.0


def restart_delay(deaths_in_a_row: int) -> float:
    """Seconds to wait before the next start: a quarter second, doubling, at most 15 s."""
    return min(LONGEST_S, FIRST_S * 2.0 ** min(max(deaths_in_a_row - 1, 0), 10))


def deaths_in_a_row(before: int, lived_s: float) -> int:
    """Counts this death: a process that lived a minute had settled, and counting starts anew."""
    return 1 if lived_s >= SETTLED_S else before + 1
