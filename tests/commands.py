"""The command line inside the test's own process."""

from typing import Any
from unittest.mock import patch

from typer.testing import CliRunner

from dispatch.cli import app


def run_wangge(*arguments: str, lines: str = "", width: int = 80) -> Any:
    """Runs `wangge`; its logs are not set up, for they would go to where this run's output went."""
    with patch("dispatch.process.logs.set_up_logs"):
        return CliRunner().invoke(app, arguments, input=lines, env={"COLUMNS": str(width)})
