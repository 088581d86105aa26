"""Schedules start in the machine's time zone, also on days when the clocks change."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

from flows.prefect_server.time_zone import local_time_zone, next_starts
from tests.conftest import ROOT

NAME = "from flows.prefect_server.time_zone import read_time_zone; print(read_time_zone())"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("America/New_York", "America/New_York"),
        (":Asia/Kolkata", "Asia/Kolkata"),
        ("/usr/share/zoneinfo/Australia/Lord_Howe", "Australia/Lord_Howe"),
        ("UTC", "UTC"),
    ],
)
def test_the_zone_is_the_machines(given: str, named: str) -> None:
    environment = {**os.environ, "TZ": given}
    printed = subprocess.check_output(
        [sys.executable, "-c", NAME], env=environment, cwd=ROOT, text=True
    )
    assert printed == f"{{'time_zone': '{named}'}}\n"


@pytest.mark.parametrize("answer", [None, "local", "Mars/Olympus", LookupError("two of them")])
def test_a_zone_without_a_name_is_utc(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def name() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("tzlocal.get_localzone_name", name)
    assert local_time_zone() == "UTC"


def deployment(name: str, *schedules: Any, paused: bool = False, active: bool = True) -> Any:
    """A deployment with schedules, as Prefect's client returns one."""
    each = [SimpleNamespace(schedule=schedule, active=active) for schedule in schedules]
    return SimpleNamespace(name=name, paused=paused, schedules=each)


@pytest.mark.parametrize(
    ("zone", "night", "before", "after"),
    [
        ("America/New_York", "2027-03-14", -5, -4),
        ("America/New_York", "2027-11-07", -4, -5),
        ("Europe/Berlin", "2027-03-28", 1, 2),
        ("Europe/Berlin", "2027-10-31", 2, 1),
    ],
)
def test_a_night_of_the_clock_change_starts_at_the_same_hour(
    zone: str, night: str, before: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.fromisoformat(night).replace(tzinfo=ZoneInfo(zone))
    for start, offset in ((day - timedelta(days=1), before), (day, after)):
        moment = start.astimezone(UTC)
        monkeypatch.setattr("prefect.server.schemas.schedules.now", lambda _, at=moment: at)
        (text,) = next_starts(
            [deployment("nightly", CronSchedule(cron="30 4 * * *", timezone=zone))]
        )
        assert text == f"nightly on {start:%A, %-d %B %Y}, at 04:30 ({zone})"
        due = start.replace(hour=4, minute=30)
        assert due.utcoffset() == timedelta(hours=offset)


def test_only_active_schedules_are_named_the_earliest_first() -> None:
    daily = CronSchedule(cron="0 0 * * *")
    often = IntervalSchedule(interval=timedelta(seconds=30), timezone="Asia/Tokyo")
    found = next_starts(
        [
            deployment("daily", daily),
            deployment("often", often),
            deployment("by-hand"),
            deployment("off", daily, active=False),
            deployment("paused", daily, paused=True),
        ]
    )
    assert [text.partition(" ")[0] for text in found] == ["often", "daily"]
    assert found[0].endswith("(Asia/Tokyo)")
    assert found[1].endswith("at 00:00 (UTC)")
