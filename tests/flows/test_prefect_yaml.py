"""prefect.yaml: the hours of its schedules, as Prefect's own scheduler computes them."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from tests.conftest import ROOT

MACHINE = "{{ machine.time_zone }}"  # which read_time_zone fills in
CHANGING = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago")


def schedules() -> list[dict[str, Any]]:
    """Every schedule of every deployment."""
    content = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return [
        each for deployment in content["deployments"] for each in deployment.get("schedules", [])
    ]


def starts(cron: str, timezone: str, year: int) -> list[datetime]:
    """When Prefect starts a run in a year, in the schedule's time zone."""
    zone = ZoneInfo(timezone)
    schedule = CronSchedule(cron=cron, timezone=timezone)
    first, last = datetime(year, 1, 1, tzinfo=zone), datetime(year, 12, 31, 23, 59, tzinfo=zone)
    dates = asyncio.run(schedule.get_dates(start=first, end=last))
    return [each.astimezone(zone) for each in dates]


def days(year: int) -> list[date]:
    """Every day of a year."""
    first, following = date(year, 1, 1), date(year + 1, 1, 1)
    return [first + timedelta(number) for number in range((following - first).days)]


def happens_once(moment: datetime) -> bool:
    """Whether the clocks of its zone show a moment's time exactly once on that day."""
    first, second = moment.replace(fold=0), moment.replace(fold=1)
    return first.utcoffset() == second.utcoffset()


def test_every_schedule_has_the_machines_time_zone() -> None:
    assert [each["timezone"] for each in schedules()] == [MACHINE]


@pytest.mark.parametrize("year", [2026, 2027])
@pytest.mark.parametrize("zone", CHANGING)
@pytest.mark.parametrize("schedule", schedules(), ids=lambda each: str(each["cron"]))
def test_a_nightly_run_starts_once_a_day_at_an_hour_that_always_exists(
    schedule: dict[str, Any], zone: str, year: int
) -> None:
    moments = starts(schedule["cron"], zone, year)
    assert [each.date() for each in moments] == days(year)
    minute, hour = map(int, schedule["cron"].split()[:2])
    assert {each.time() for each in moments} == {time(hour, minute)}
    assert all(map(happens_once, moments))


def test_no_time_zone_of_the_world_skips_or_repeats_the_hour() -> None:
    (cron,) = {each["cron"] for each in schedules()}
    minute, hour = map(int, cron.split()[:2])
    for zone in map(ZoneInfo, available_timezones()):
        odd = [
            day
            for day in days(2027)
            if not happens_once(datetime.combine(day, time(hour, minute), zone))
        ]
        assert odd == [], zone


@pytest.mark.parametrize(("cron", "right"), [("30 2 * * *", False), ("30 4 * * *", True)])
def test_the_hours_that_the_clocks_skip_or_repeat_are_seen(cron: str, right: bool) -> None:
    moments = starts(cron, "Europe/Berlin", 2027)
    times = {each.time() for each in moments}
    assert (len(times) == 1 and all(map(happens_once, moments))) is right
