"""Start scheduled runs in the time zone of the machine.

::

    TZ, /etc/localtime ─▶ read_time_zone, a build step of prefect.yaml ─▶ timezone of a schedule
                                                                          └─▶ next_starts ─▶ console
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

UNKNOWN = "UTC"  # where the machine names no time zone


def read_time_zone() -> dict[str, str]:
    """Return the machine's time zone, for ``{{ machine.time_zone }}``."""
    return {"time_zone": local_time_zone()}


def local_time_zone() -> str:
    """Return the IANA name of the machine's time zone, or else UTC."""
    from tzlocal import get_localzone_name

    with suppress(LookupError, ValueError, OSError):  # of files that contradict each other
        name = str(get_localzone_name())
        if name in available_timezones():
            return name
    return UNKNOWN


def next_starts(deployments: Iterable["DeploymentResponse"]) -> list[str]:
    """Return when each deployment with an active schedule starts next.

    Such as ``nightly on Saturday, 28 November 2026, at 04:30 (Europe/Berlin)``, the earliest first.
    """
    found = [
        (moment, f"{deployment.name} on {moment:%A, %-d %B %Y, at %H:%M} ({moment.tzinfo})")
        for deployment in deployments
        if not deployment.paused
        for each in deployment.schedules
        if each.active and (moment := _next_date(each.schedule)) is not None
    ]
    return [text for _, text in sorted(found)]


def _next_date(schedule: Any) -> Any:
    """Return the next date of a schedule in its zone, None if it has none."""
    from prefect.server.schemas.schedules import SCHEDULE_TYPES
    from pydantic import TypeAdapter

    kind: TypeAdapter[Any] = TypeAdapter(SCHEDULE_TYPES)
    known = kind.validate_python(schedule.model_dump(exclude_none=True))
    dates = asyncio.run(known.get_dates(n=1))
    return dates[0].astimezone(ZoneInfo(known.timezone or UNKNOWN)) if dates else None
