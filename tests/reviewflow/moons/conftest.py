"""A job on two moons, run once through all its stages with few points and epochs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.moons.config import MoonsConfig
from reviewflow.moons.data import make_points
from reviewflow.moons.page import write_page
from reviewflow.moons.pictures import draw_pictures
from reviewflow.moons.studies import check_fresh_points, try_initial_weights, try_learning_rates
from reviewflow.moons.training import train_point_by_point, train_whole_set

SMALL = MoonsConfig.model_validate(
    {
        "data": {"points": 200, "fresh_points": 100},
        "whole_set": {"epochs": 30},
        "point_by_point": {"epochs": 3},
        "sensitivity": {"learning_rates": (0.5, 4, 16), "seeds": 2},
        "initial_weights": {"epochs": 150},
    }
)


def run_job(root: Path, config: MoonsConfig, context: Context) -> dict[str, Path]:
    """The folder of each stage."""

    def folder(name: str) -> Path:
        (root / name).mkdir(parents=True)
        return root / name

    done: dict[str, Path] = {}
    made = {"network": config.network, "context": context}
    done["points"] = folder("points")
    make_points(data=config.data, folder=done["points"], context=context)
    points = done["points"]
    done["whole_set_model"] = folder("whole_set")
    train_whole_set(
        points=points, whole_set=config.whole_set, folder=done["whole_set_model"], **made
    )
    done["point_by_point_model"] = folder("point_by_point")
    train_point_by_point(
        points=points, point_by_point=config.point_by_point, folder=done["point_by_point_model"],
        **made,
    )  # fmt: skip
    models = {name: done[name] for name in ("whole_set_model", "point_by_point_model")}
    done["fresh"] = folder("fresh")
    check_fresh_points(points=points, folder=done["fresh"], context=context, **models)
    done["rates_study"] = folder("rates")
    try_learning_rates(
        points=points, whole_set=config.whole_set, sensitivity=config.sensitivity,
        folder=done["rates_study"], **made,
    )  # fmt: skip
    done["weights_study"] = folder("weights")
    try_initial_weights(
        points=points, initial_weights=config.initial_weights, folder=done["weights_study"], **made
    )
    studies = {name: done[name] for name in ("rates_study", "weights_study")}
    done["pictures"] = folder("pictures")
    draw_pictures(points=points, folder=done["pictures"], context=context, **models, **studies)
    done["page"] = folder("page")
    write_page(
        pictures=done["pictures"], fresh=done["fresh"], data=config.data,
        whole_set=config.whole_set, point_by_point=config.point_by_point,
        initial_weights=config.initial_weights, folder=done["page"], **made, **models, **studies,
    )  # fmt: skip
    return done


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return run_job(tmp_path_factory.mktemp("moons"), SMALL, Context())


@pytest.fixture(scope="session")
def run() -> Callable[[Path, MoonsConfig, Context], dict[str, Path]]:
    return run_job
