"""Print where a reach cannot be told, and fail if there is such a place.

python -m reviewflow.code                                     what the jobs' stages reach
python -m reviewflow.code reviewflow.reviews.split.split …    what these functions reach
"""

import sys

from reviewflow.code.check import unclear_places
from reviewflow.job import STAGES
from reviewflow.moons.job import MOONS
from reviewflow.plan import CALL


def main(entries: list[str]) -> int:
    """Return 0 if every reach can be told, 1 otherwise."""
    places = unclear_places(entries=entries or [CALL, *(stage.does for stage in STAGES + MOONS)])
    for place in places:
        print(place)
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
