"""What README and docs say is true: its commands run, its links lead somewhere."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Reviews, write_reviews

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^\.venv/bin/(reviewflow .*)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readmes_commands_run_as_they_stand(
    tmp_path: Path, reviews: Reviews, prefect_api: str
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    write_reviews(raw / "imdb_reviews.csv", reviews)
    with (tmp_path / "my_reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "stars"])
        writer.writerows((text, 5 if word == "positive" else 1) for text, word in reviews)
    (config,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert yaml.safe_load(config)["ingest"]["path"] == "my_reviews.csv"
    (tmp_path / "my_reviews.yaml").write_text(config, encoding="utf-8")

    commands = COMMAND.findall(text)
    assert len(commands) >= 6
    reviewflow = Path(sys.executable).with_name("reviewflow")
    environment = {**os.environ, "PREFECT_API_URL": prefect_api}
    for command in commands:
        done = subprocess.run(
            [str(reviewflow), *command.split()[1:]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stdout


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
