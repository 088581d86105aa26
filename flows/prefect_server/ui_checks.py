"""Refuse what the UI should not be served with, before a start."""

import os
from ipaddress import ip_address
from pathlib import Path

from flows.prefect_server.lifecycle import SERVER_PASSWORD
from reviewflow.errors import UsageError


def check_host(host: str) -> None:
    """Raise UsageError if the network could reach the UI without a password."""
    if not is_loopback(host) and not os.environ.get(SERVER_PASSWORD):
        raise UsageError(
            f"--host {host} opens the UI to the network, and it has no password; set one first: "
            f"export {SERVER_PASSWORD}=NAME:PASSWORD."
        )


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can reach an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_modules(folder: Path) -> None:
    """Raise UsageError if a module in a folder hides one of ours."""
    ours = Path(__file__).parents[2]
    for path in (folder / f"{name}{end}" for name in ("flows", "tasks") for end in (".py", "")):
        found = path / "__init__.py" if path.suffix == "" else path
        if found.is_file() and path.resolve() != (ours / path.name).resolve():
            raise UsageError(
                f"{path} hides reviewflow's package {path.stem} from the worker; rename it, or "
                "run reviewflow ui in another folder."
            )
