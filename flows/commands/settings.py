"""List the settings of a configuration: ``reviewflow settings``."""

import click

from flows.commands.options import json_option
from flows.commands.output import say_json, say_table
from reviewflow.errors import UsageError


@click.command()
@click.argument("section", required=False)
@json_option
def settings(section: str | None, as_json: bool) -> None:
    """List every setting with its default, its bounds and what it means.

    SECTION is one section of the configuration, such as train, or one setting, such as
    train.epochs.
    """
    from reviewflow.config.settings_list import list_settings
    from reviewflow.formatting import nearest

    sections = list_settings()
    known = [each for _, settings in sections.values() for each in settings]
    chosen = [each for each in known if section in (None, each.section, each.name)]
    chosen += [each for each in known if each.name.startswith(f"{section}.") and each not in chosen]
    if not chosen:
        near = nearest(str(section), [*sections, *(each.name for each in known)])
        hint = f"did you mean {near}?" if near else f"the sections are {', '.join(sections)}."
        raise UsageError(f"There is no section or setting {section!r}; {hint}")
    if as_json:
        fields = ("name", "section", "default", "values", "description")
        say_json([{field: getattr(each, field) for field in fields} for each in chosen])
        return
    for name, (sentence, _) in sections.items():
        rows = [
            (each.name, each.default_text, each.values, each.description)
            for each in chosen
            if each.section == name
        ]
        if rows:
            columns = ("setting", "default", "values", "meaning")
            say_table(f"{name}: {sentence}", columns, rows)
