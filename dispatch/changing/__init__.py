"""Commands that change many open cases: beside running engines and desks, one event a case."""
