"""Every setting is listed with its default and its bounds.

If docs/settings.md differs, write it again:

    REVIEWFLOW_WRITE_DOCS=1 .venv/bin/pytest tests/reviewflow/config/test_settings_list.py
"""

import os

from pydantic import BaseModel

from reviewflow.config.sections import Config
from reviewflow.config.settings_list import list_settings, settings_page
from reviewflow.config.strict_yaml import parse_yaml
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "settings.md"
KNOWN = {each.name: each for _, settings in list_settings().values() for each in settings}


def test_every_setting_is_listed_with_its_default() -> None:
    names = set()
    for name, field in Config.model_fields.items():
        section = field.alias or name
        value = getattr(Config(), name)
        if not isinstance(value, BaseModel):
            assert KNOWN[section].default == value
            names.add(section)
            continue
        for key, default in value.model_dump(mode="json").items():
            names.add(f"{section}.{key}")
            assert KNOWN[f"{section}.{key}"].default == default
            assert parse_yaml(KNOWN[f"{section}.{key}"].default_text) == default
    assert names <= set(KNOWN)
    inner = {name.rpartition(".")[0] for name in set(KNOWN) - names}
    assert inner == {"train.early_stopping", "select.costs"}


def test_every_setting_has_a_sentence_and_values() -> None:
    for each in KNOWN.values():
        assert each.description, each.name
        assert each.values, each.name


def test_bounds_are_words() -> None:
    assert KNOWN["split.test_size"].values == "number above 0 and below 1"
    assert KNOWN["split.validation_size"].values == "number from 0 to below 1"
    assert KNOWN["train.epochs"].values == "whole number from 1 to 100,000"
    assert KNOWN["train.hidden"].values == "list of whole numbers from 1 to 100,000"
    assert KNOWN["split.column"].values == "text or null"
    assert KNOWN["ingest.labels"].values == "auto or names with whole numbers"
    assert KNOWN["split.method"].values == "hash, random, column"


def test_the_page_is_current() -> None:
    written = settings_page()
    if os.environ.get("REVIEWFLOW_WRITE_DOCS"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written
