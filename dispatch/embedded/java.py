"""Finds a Java that Kafka 4 runs on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from dispatch.embedded.errors import MissingSoftwareError

OLDEST_JAVA = 17


def find_java() -> str:
    """The path of a `java` of version 17 or newer, from JAVA_HOME or the PATH."""
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates += [shutil.which("java") or "/usr/bin/java"]
    for java in candidates:
        if java_version(java) >= OLDEST_JAVA:
            return java
    raise MissingSoftwareError(
        f"Apache Kafka needs Java {OLDEST_JAVA} or newer, and none was found: run `make setup`."
    )


def java_version(java: str) -> int:
    """The major version that a `java` command tells; 0 when it tells none."""
    try:
        done = subprocess.run(
            [java, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found.group(1)) if found else 0
