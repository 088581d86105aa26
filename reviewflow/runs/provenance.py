"""Say from which commit a run comes, and who started it."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

GIT_SECONDS = 5


def commit_of(path: Path) -> str | None:
    """Return the commit of the repository that holds a file, None without one."""
    folder = path if path.is_dir() else path.parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder.absolute()), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def user_name() -> str | None:
    """Return the name of this process's user, None if there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may give it a number alone
        return None
