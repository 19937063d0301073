"""The command line: what is listed is what there is."""

import subprocess
import sys

import pytest

from dispatch.cli import COMMANDS, load_command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    first = load_command(name).help.split("\n\n")[0]
    assert COMMANDS[name][1] == " ".join(first.split())


def test_a_group_of_one_command_stays_a_group() -> None:
    assert list(load_command("audit").commands) == ["verify"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["statis"], "Did you mean 'status'"),
        (["serve", "sealer"], "is not one of"),
        (["register", "import", "lamps", "x.csv"], "wangge: there is no register 'lamps'"),
    ],
)
def test_a_wrong_word_is_told_in_a_sentence(words: list[str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dispatch", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
