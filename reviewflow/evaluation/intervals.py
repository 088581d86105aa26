"""Give figures and differences a 95 % interval, and differences a p.

variance over rows ───┬─▶ spread ─▶ share: Wilson │ area: logit scale │ difference, p: Student
figures of each seed ─┘

Every interval holds the figure that it belongs to, and those of shares and areas stay within
[0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import variance
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

LEVEL = 0.95  # of every interval
LEAST_ROWS = 1e-6  # that count; seeds that differ by all they can leave hardly any
MANY = 1e6  # degrees of freedom from which Student's distribution is the normal one


class Interval(NamedTuple):
    """Lower and upper end of a 95 % interval."""

    low: float
    high: float


class Spread(NamedTuple):
    """How far a figure may be off by chance.

    Attributes
    ----------
    variance : of the figure, over rows, or over rows and seeds.
    degrees : of freedom of its estimate, for Student's distribution.
    """

    variance: float
    degrees: float = MANY

    @property
    def quantile(self) -> float:
        """How many standard deviations an interval reaches to either side."""
        return float(stdtrit(self.degrees, (1 + LEVEL) / 2))

    @property
    def reach(self) -> float:
        """Half the width of a symmetric interval."""
        return self.quantile * math.sqrt(self.variance)


def rows_and_seeds(over_rows: float, *seeds: Sequence[float]) -> Spread:
    """Return the spread of a mean over seeds, or of the difference of two.

    Parameters
    ----------
    over_rows : its variance over rows.
    seeds : the figures of each seed, a sequence a mean. Of a difference of seeds that are paired
        it is one sequence of differences.

    Notes
    -----
    Rows and seeds are drawn independently, so their variances add: that over rows, and s²/n of n
    seeds. Few seeds give a poor s², which Satterthwaite's degrees of freedom count (Biometrics
    Bulletin 2, 1946), the rows' being many. Single seeds leave the rows alone.
    """
    several = [figures for figures in seeds if len(figures) > 1]
    parts = [(variance(figures) / len(figures), len(figures) - 1) for figures in several]
    total = over_rows + math.fsum(part for part, _ in parts)
    uncertain = math.fsum(part * part / degrees for part, degrees in parts)
    return Spread(total, min(total * total / uncertain, MANY) if uncertain else MANY)


def share_interval(share: float, rows: int, spread: Spread) -> Interval:
    """Return Wilson's interval of a share of rows.

    Parameters
    ----------
    share : or the mean of several seeds' shares.
    rows : the number of rows.
    spread : of the share. Seeds make it wider, as if there were fewer rows.

    Notes
    -----
    Wilson, JASA 22, 1927. The rows that count are share (1 − share) / variance.
    """
    counted = share * (1 - share) / spread.variance if spread.variance else 0.0
    n = max(counted or float(rows), LEAST_ROWS)
    z2 = spread.quantile**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = spread.quantile * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(min(max(0.0, centre - reach), share), max(min(1.0, centre + reach), share))


def area_interval(area: float, spread: Spread, positive: int, negative: int) -> Interval:
    """Return the interval of a ROC AUC, symmetric on the logit scale.

    Parameters
    ----------
    area : or the mean of several.
    spread : of the area, unknown if NaN.
    positive, negative : the rows of the rarest class, and all others.

    Notes
    -----
    Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2. An area of 0 or 1, and
    one of equal scores, has no variance; then :func:`score_interval` takes over.
    """
    if math.isnan(spread.variance):
        return Interval(math.nan, math.nan)
    if not spread.variance or not 0 < area < 1:
        return score_interval(area, positive, negative, spread.quantile)
    middle = math.log(area / (1 - area))
    reach = spread.reach / (area * (1 - area))
    return Interval(*(_logistic(middle + sign * reach) for sign in (-1, 1)))


def score_interval(area: float, positive: int, negative: int, quantile: float) -> Interval:
    """Return an interval of a ROC AUC from the numbers of rows alone.

    Its ends are the areas from which the measured one is ``quantile`` standard deviations off, by
    the variance that exponential scores of such an area have (Newcombe, Statistics in Medicine 25,
    2006, method 5). It has a width even at 0 and 1.
    """

    def is_far(other: float) -> bool:
        half = (positive + negative) / 2 - 1
        more = 1 + half * ((1 - other) / (2 - other) + other / (1 + other))
        possible = other * (1 - other) * more / (positive * negative)
        return (area - other) ** 2 > quantile**2 * possible

    return Interval(_edge(area, 0.0, is_far), _edge(area, 1.0, is_far))


def difference_interval(difference: float, spread: Spread) -> Interval:
    """Return the interval of a difference of two shares or areas."""
    if math.isnan(spread.variance):
        return Interval(math.nan, math.nan)
    return Interval(max(-1.0, difference - spread.reach), min(1.0, difference + spread.reach))


def difference_p(difference: float, spread: Spread) -> float:
    """Return how often chance makes so large a difference of two equals.

    It is two-sided, and 1 where the spread is unknown.
    """
    if math.isnan(spread.variance) or not difference:
        return 1.0
    if not spread.variance:
        return 0.0
    return float(2 * stdtr(spread.degrees, -abs(difference) / math.sqrt(spread.variance)))


def paired_share_variance(differences: NDArray[np.float64]) -> float:
    """Return the variance of a difference of two shares over N paired rows.

    Parameters
    ----------
    differences : float64, shape (N,), of each row: whether the first is right minus whether the
        second is, each the mean over its seeds.

    Notes
    -----
    Two rows are added, one for either side, so that rows without any difference do not make the
    variance 0 (Bonett and Price, Journal of Educational and Behavioral Statistics 37, 2012).
    """
    n = len(differences) + 2
    mean = float(differences.sum()) / n
    squares = (float(differences @ differences) + 2) / n
    return (squares - mean * mean) / n


def _edge(start: float, end: float, is_far: Callable[[float], bool]) -> float:
    """Return the last point towards ``end`` that is not far, by bisection."""
    near, far = start, end
    for _ in range(60):  # halvings, to the last bit of a float64
        middle = (near + far) / 2
        if is_far(middle):
            far = middle
        else:
            near = middle
    return near


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
