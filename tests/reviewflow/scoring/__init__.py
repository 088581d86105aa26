"""What the tests of scoring share."""

from pathlib import Path

SCORING_SUITE = Path(__file__).parents[3] / "configs/expectations/scoring.yaml"
