"""Describe the two moons' job: its stages, their inputs and functions.

points ─┬─ whole_set ──────┬─ fresh ─────────┐
        ├─ point_by_point ─┘                 │
        ├─ learning_rates ───────┬─ pictures ┴─ page
        └─ initial_weights ──────┘
"""

from __future__ import annotations

from reviewflow.moons.picture_names import PICTURES
from reviewflow.pipeline.stage import Job, Reads, Resource, Stage

TEMPLATE = Resource("moons.html", path="moons/templates/moons.html")
STYLE = Resource("report.css", path="reporting/page/templates/report.css")
_POINTS = Reads("points", ("points.parquet",))
_MODEL = ("model.safetensors", "model.json")
_HISTORY = ("epochs.parquet", "steps.parquet")

MOONS = Job(
    "moons",
    (
        Stage(
            name="points",
            function="reviewflow.moons.data.make_points",
            fan_out="job",
            group="points",
            settings=("data",),
        ),
        Stage(
            name="whole_set",
            function="reviewflow.moons.training.train_full_batch",
            fan_out="job",
            group="train whole set",
            reads={"points": _POINTS},
            settings=("network", "whole_set"),
        ),
        Stage(
            name="point_by_point",
            function="reviewflow.moons.training.train_online",
            fan_out="job",
            group="train point by point",
            reads={"points": _POINTS},
            settings=("network", "point_by_point"),
        ),
        Stage(
            name="fresh",
            function="reviewflow.moons.studies.check_fresh_points",
            fan_out="job",
            group="check on fresh points",
            reads={
                "points": Reads("points", ("points.parquet", "fresh.parquet")),
                "whole_set_model": Reads("whole_set", _MODEL),
                "point_by_point_model": Reads("point_by_point", _MODEL),
            },
        ),
        Stage(
            name="learning_rates",
            function="reviewflow.moons.studies.try_learning_rates",
            fan_out="job",
            group="try learning rates",
            reads={"points": _POINTS},
            settings=("network", "whole_set", "sensitivity"),
        ),
        Stage(
            name="initial_weights",
            function="reviewflow.moons.studies.try_initial_weights",
            fan_out="job",
            group="try initial weights",
            reads={"points": _POINTS},
            settings=("network", "initial_weights"),
        ),
        Stage(
            name="pictures",
            function="reviewflow.moons.pictures.draw_pictures",
            fan_out="job",
            group="pictures",
            reads={
                "points": _POINTS,
                "whole_set_model": Reads("whole_set", (*_MODEL, *_HISTORY)),
                "point_by_point_model": Reads("point_by_point", (*_MODEL, *_HISTORY)),
                "rates_study": Reads(
                    "learning_rates", ("learning_rates.parquet", "curvature.json")
                ),
                "weights_study": Reads("initial_weights", ("losses.parquet",)),
            },
        ),
        Stage(
            name="page",
            function="reviewflow.moons.page.write_page",
            fan_out="job",
            group="page",
            reads={
                "pictures": Reads("pictures", tuple(f"{name}.svg" for name in PICTURES)),
                "whole_set_model": Reads("whole_set", (*_HISTORY, "losses.txt")),
                "point_by_point_model": Reads("point_by_point", (*_HISTORY, "losses.txt")),
                "fresh": Reads("fresh", ("accuracy.json",)),
                "rates_study": Reads(
                    "learning_rates", ("learning_rates.parquet", "curvature.json")
                ),
                "weights_study": Reads("initial_weights", ("units.json",)),
            },
            settings=("data", "network", "whole_set", "point_by_point", "initial_weights"),
            resources=(TEMPLATE, STYLE),
        ),
    ),
    latest_link="latest-moons",
)
