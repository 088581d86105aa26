"""Fail where code hides what it depends on, and print the places.

python -m reviewflow.jobs.check_code                                     all stages of the jobs
python -m reviewflow.jobs.check_code reviewflow.reviews.split.split_part …    some functions
"""

import sys

from reviewflow.callgraph.check import undeclared_reads, unresolved_places
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.planner import CALL


def main(entries: list[str]) -> int:
    """Return 0 if all that functions depend on is in their keys, 1 otherwise."""
    stages = SENTIMENT.stages + MOONS.stages
    resources = {
        function: {f"reviewflow/{each.path}" for each in stage.resources}
        for stage in stages
        for function in stage.functions
    }
    functions = entries or [CALL, *resources]
    declared = {function: resources.get(function, set()) for function in functions}
    digests = {each.digest for stage in stages for each in stage.resources if each.digest}
    digesters = [f"{each.__module__}.{each.__qualname__}" for each in digests]
    places = [*unresolved_places(entries=functions), *undeclared_reads(declared, digesters)]
    for place in places:
        print(place)
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
