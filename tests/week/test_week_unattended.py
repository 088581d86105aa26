"""A week unattended: what happens by night, and what people read of it in the morning.

The schedule, the server, the worker, the runs and the alerts are real. The wall clock is set to
each night's hour, a small disk is filled, a process is killed, a package's metadata change.
"""

import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import ROOT, Reviews
from tests.faults.conftest import can_mount
from tests.flows.conftest import listening, serving, until
from tests.week.clock import Clock, can_set_clocks
from tests.week.small_disk import SmallDisk, small_disk
from tests.week.week import ALERT_SECONDS, BERLIN, Night, Week, put_inbox, week_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not can_mount(), reason="mounting a small disk needs root"),
    pytest.mark.skipif(not can_set_clocks(), reason="setting clocks needs a C compiler"),
]

QUICK = {
    "REVIEWFLOW_START_SECONDS": "600",
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    "PREFECT_WORKER_PREFETCH_SECONDS": "0",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
}
DAYS = [date(2031, 10, 22) + timedelta(days=day) for day in range(8)]  # clocks change on the 26th
ROWS = [2000, 2100, 2200, 2200, 2300, 2400, 2400, 2400]
INBOX_ROWS = 400
FIRST_INBOX_ROW = 6000
LEFT_BYTES = 300_000  # on the full disk: enough to begin a run, and not to end it
PROMOTED = re.compile(r"^Model imdb (\w+) is the champion now", re.MULTILINE)
UPGRADED = ("scikit-learn", "99.9")


@dataclass
class Story:
    """What was seen of the week.

    Attributes
    ----------
    nights : one for each day.
    by_hand : exit code and output of the run that a person started, as the alert says.
    plan : of the last day, as JSON.
    runs, trend : what the commands list at the end, as JSON.
    """

    week: Week
    nights: list[Night] = field(default_factory=list)
    by_hand: tuple[int, str] = (0, "")
    plan: Any = None
    runs: list[dict[str, Any]] = field(default_factory=list)
    trend: Any = None


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """A disk for the artifacts of a new project."""
    folder = tmp_path_factory.mktemp("week") / "project"
    (folder / "artifacts").mkdir(parents=True)
    with small_disk(folder / "artifacts", "600m") as disk:
        yield disk


@pytest.fixture(scope="module")
def story(disk: SmallDisk, imdb: Reviews) -> Iterator[Story]:
    """The week, with the UI still up at its end."""
    project = week_project(disk)
    clock, upgraded = Clock(project.folder), project.folder / "upgraded"
    clock.set(datetime(2031, 10, 21, 20, tzinfo=BERLIN))
    with listening() as hook, listening() as ops:
        project.environment = {
            **clock.environment,
            "PYTHONPATH": f"{ROOT}:{upgraded}",
            "REVIEWFLOW_WEBHOOK_URL": hook.url,
            "REVIEWFLOW_NOTIFY_OPS": f"json://{ops.url.removeprefix('http://')}",
        }
        reviews = list({text: (text, label) for text, label in imdb}.values())
        Random(0).shuffle(reviews)  # else each day's are of other films, which is a drift
        story = Story(Week(project, clock, hook, ops))
        with serving(project, **QUICK):
            pass_six_nights(story, reviews)
            put_texts(story, reviews, 6)
            fill_and_empty(story, disk)
            put_texts(story, reviews, 7)
            upgrade(story, upgraded)
            story.runs = project.json_of("runs")[::-1]
            story.trend = project.json_of("trend", "configs/nightly.yaml")
            yield story


def pass_six_nights(story: Story, reviews: Reviews) -> None:
    """First run, growth, a broken file, drift, changes of the clock, a kill."""
    for day in range(6):
        path = story.week.put_reviews(reviews[: ROWS[day]])
        if day == 2:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        put_texts(story, reviews, day)
        during = {4: story.week.set_back, 5: story.week.kill_in_training}.get(day)
        story.nights.append(story.week.night(DAYS[day], during))


def put_texts(story: Story, reviews: Reviews, day: int) -> None:
    """Put new texts into the inbox; those of the fourth day drift."""
    first = FIRST_INBOX_ROW + day * INBOX_ROWS
    texts = [text for text, _ in reviews[first : first + INBOX_ROWS]]
    if day == 3:  # three times as long, in a language that the model does not know
        texts = [" ".join(word[::-1] for word in 3 * text.split()) for text in texts]
    put_inbox(story.week.project, f"{DAYS[day]}.csv", texts)


def fill_and_empty(story: Story, disk: SmallDisk) -> None:
    """Let a night pass on a full disk; a person does what the alert says."""

    def fill(identity: UUID) -> None:
        sent = len(story.week.ops.requests)
        ballast = disk.fill(LEFT_BYTES)
        until(lambda: len(story.week.ops.requests) > sent, "the alert")
        time.sleep(ALERT_SECONDS)
        ballast.unlink()

    story.nights.append(story.week.night(DAYS[6], fill))
    (command,) = [part for part in story.nights[6].text.split("`") if "reviewflow run" in part]
    run = story.week.project.command(*shlex.split(command)[1:])
    output, errors = run.communicate(timeout=300)
    story.by_hand = run.returncode, output + errors


def upgrade(story: Story, folder: Path) -> None:
    """Install another version of a package, look at the plan, and let the last night pass."""
    name, version = UPGRADED
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    story.plan = story.week.project.json_of("plan", "--config", "configs/nightly.yaml")
    story.nights.append(story.week.night(DAYS[7]))


def test_prefect_tells_the_week(story: Story) -> None:
    seen = [(night.training.state_name, night.training.name) for night in story.nights]
    changed = [name.rpartition(" · ")[2] for _, name in seen]
    assert seen[6][0] in {"Failed", "Crashed"}  # the latter where run.json did not fit on the disk
    assert [(state, name.rpartition(" · ")[0]) for state, name in seen] == [
        ("Completed", "nightly · 2,000 rows"),
        ("Completed", "nightly · 2,100 rows"),
        ("Failed", "nightly"),
        ("Completed", "nightly · 2,200 rows"),
        ("Completed", "nightly · 2,300 rows"),
        ("Crashed", "nightly · 2,400 rows"),
        (seen[6][0], "nightly · 2,400 rows"),
        ("Completed", "nightly · 2,400 rows"),
    ]
    assert changed[2] == "did not begin"
    assert changed[6] != changed[5]  # the killed run had finished some
    broken = story.nights[2].training.state
    assert "data/raw/reviews.csv: record " in str(broken and broken.message)


def test_the_schedule_follows_the_clocks_of_berlin(story: Story) -> None:
    hours = [night.training.expected_start_time.astimezone(UTC).hour for night in story.nights]  # type: ignore[union-attr]
    assert hours == [2, 2, 2, 2, 3, 3, 3, 3]


def test_the_inbox_was_scored_every_night_by_the_champion_of_the_hour(story: Story) -> None:
    champion = ""
    for day, night in enumerate(story.nights):
        if day == 7 and (found := PROMOTED.search(story.by_hand[1])):
            champion = found[1]
        published = story.week.record(night.training).get("published") or {}
        if (published.get("gate") or {}).get("promoted"):
            champion = published["version"]
        assert night.scoring.state_name == "Completed"
        assert champion in night.scoring.name
        assert night.versions[f"{DAYS[day]}.csv"] == champion


def test_runs_lists_the_week(story: Story) -> None:
    nightly = [(run["state"], run["rows"]) for run in story.runs if run["job"] == "sentiment"]
    assert nightly == [
        ("completed", 2000),
        ("completed", 2100),
        ("failed", None),
        ("completed", 2200),
        ("completed", 2300),
        ("crashed", None),
        (str(story.nights[6].training.state_name).lower(), nightly[6][1]),
        ("completed", 2400),
        ("completed", 2400),
    ]


def test_no_run_has_a_wrong_length_where_the_clock_was_set_back(story: Story) -> None:
    record = story.week.record(story.nights[4].training)
    assert 0 < record["seconds"] < 1000
    assert record["finished"] >= record["started"]


def test_the_trend_has_a_mark_for_each_night(story: Story) -> None:
    states = [run["state"] for run in story.trend["runs"]]
    assert states == [run["state"] for run in story.runs if run["job"] == "sentiment"]


def test_each_fault_gave_one_alert_and_quiet_nights_none(story: Story) -> None:
    events = [[alert["event"] for alert in night.alerts] for night in story.nights]
    assert events == [[], [], ["failed"], ["quality warning"], [], ["crashed"], ["failed"], []]
    titles = [[message["title"] for message in night.messages] for night in story.nights]
    assert titles == [
        [],
        [],
        ["nightly: run failed on reviews.csv"],
        [f"imdb: drift in data/inbox/{DAYS[3]}.csv"],
        [],
        ["nightly: run crashed"],
        ["nightly: run failed: the disk is full"],
        [],
    ]


def test_a_person_on_call_learns_what_to_do(story: Story) -> None:
    broken, drift, crash, full = (story.nights[day].text for day in (2, 3, 5, 6))
    champion = story.week.record(story.nights[1].training)["published"]["version"]
    assert "record " in broken.partition("\n")[0]
    assert "UTC): the input file " in broken
    assert f"The model: imdb {champion} is still the champion and scores new files" in broken
    assert "- mend data/raw/reviews.csv, or have it exported again\n" in broken
    assert f"{DAYS[3]}.csv: differs in lengths (index " in drift
    assert f"- new: data/inbox/{DAYS[3]}.csv\n" in drift
    assert "- model imdb " in drift
    assert "rows crashed in " in crash.replace(" · ", " ") or "crashed in train" in crash
    assert "Its process was killed" in crash
    assert "the next run goes on from what was finished" in crash
    assert "No space left on device" in full or "the disk that holds " in full
    assert "`reviewflow store gc --keep-runs 20`" in full
    for text in (broken, drift, crash, full):
        assert len(text) < 2000
        assert "Traceback" not in text


def test_what_the_alert_of_the_full_disk_advised_worked(story: Story) -> None:
    exit_code, output = story.by_hand
    assert exit_code == 0, output
    assert "Traceback" not in output


def test_an_upgrade_runs_what_it_affects_and_the_plan_says_why(story: Story) -> None:
    _, version = UPGRADED
    affected = {step["stage"] for step in story.plan if f"→ {version}" in step["reason"]}
    kept = {step["stage"] for step in story.plan if step["action"] == "cached"}
    steps = story.week.record(story.nights[7].training)["stages"]
    ran = {step["stage"] for step in steps if step["state"] == "ran"}
    assert "evaluate" in affected
    assert {"ingest", "normalize", "train"} <= kept
    assert affected <= ran
    assert not kept & ran
