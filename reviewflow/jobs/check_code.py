"""Print where a reach cannot be told, and fail if there is such a place.

python -m reviewflow.callgraph                                     what the jobs' stages reach
python -m reviewflow.callgraph reviewflow.reviews.split.split …    what these functions reach
"""

import sys

from reviewflow.callgraph.check import unclear_places
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import STAGES
from reviewflow.pipeline.planner import CALL


def main(entries: list[str]) -> int:
    """Return 0 if every reach can be told, 1 otherwise."""
    places = unclear_places(
        entries=entries or [CALL, *(stage.function for stage in STAGES + MOONS)]
    )
    for place in places:
        print(place)
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
