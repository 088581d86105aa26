"""Draw the report's main charts: plain numbers in, SVG text out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.diagnosis import rounds_to_ln_2
from reviewflow.formatting import amount
from reviewflow.reporting.charts.axes import add_axes, draw_variant_line, finite_values, limit_ticks
from reviewflow.reporting.charts.palette import INK, MUTED, NEGATIVE, POSITIVE, line_style
from reviewflow.reporting.charts.svg import render_svg

# A diverged variant would flatten all the others; twice ln 2, the most that guessing costs, is
# enough.
HIGHEST_LOSS = 2 * math.log(2)


@dataclass(frozen=True)
class LossCurve:
    """Mean training loss of each epoch of one trained model.

    Attributes
    ----------
    variant : number of the model's variant
    epochs, losses : float64, shape (E,)
    """

    variant: int
    epochs: NDArray[np.float64]
    losses: NDArray[np.float64]


@dataclass(frozen=True)
class RocCurve:
    """Shares of false and true positives over T thresholds, and the AUC.

    The shares are float64, shape (T,).
    """

    false_positive_share: NDArray[np.float64]
    true_positive_share: NDArray[np.float64]
    area: float


def class_chart(counts: dict[str, dict[str, int]]) -> str:
    """Return bars of the rows of each class in each split.

    Parameters
    ----------
    counts : by split and class, ``{"train": {"negative": 1, …}, …}``.
    """
    bars = [
        (f"{split}, {label}", label, count)
        for split, labels in counts.items()
        for label, count in labels.items()
        if count or label != "missing"
    ]
    colours = {"negative": NEGATIVE, "positive": POSITIVE, "missing": MUTED}
    widest = max([count for *_, count in bars] + [1])

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.265, 0.2, 0.67, 0.78), "rows", "")
        positions = range(len(bars))
        axes.barh(
            positions,
            [count for *_, count in bars],
            height=0.66,
            color=[colours[label] for _, label, _ in bars],
        )
        for position, (_, _, count) in zip(positions, bars, strict=True):
            axes.text(count + widest * 0.015, position, f"{count:,}", va="center", color=INK)
        axes.set_yticks(positions, [name for name, *_ in bars])
        axes.set_xlim(0, widest * 1.2)
        axes.set_ylim(len(bars) - 0.5, -0.5)
        axes.tick_params(axis="y", colors=INK)
        limit_ticks(axes.xaxis, 4)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(False, axis="y")

    words = "; ".join(f"{name}: {count:,}" for name, _, count in bars)
    return render_svg(
        "classes",
        (640, 90 + 46 * max(len(bars), 1)),
        draw,
        title="Rows of each class in the training and the test split",
        description=f"{words}." if words else "There are no rows.",
    )


def loss_chart(curves: tuple[LossCurve, ...], best: int | None, guessing: float) -> str:
    """Return the chart of the training loss over the epochs, a line a variant.

    Of several seeds it shows the mean and the range.

    Parameters
    ----------
    best : number of the variant whose line is thicker.
    guessing : the loss of guessing on the training rows, a horizontal line.
    """
    variants = sorted({curve.variant for curve in curves})
    top = max([float(loss) for curve in curves for loss in finite_values(curve.losses)] + [0.75])
    top = min(top * 1.04, HIGHEST_LOSS)

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.125, 0.16, 0.855, 0.80), "epoch", "training loss")
        axes.axhline(guessing, color=MUTED, linewidth=1)
        axes.text(
            0.995, guessing - top * 0.012, f"guessing, {_guessing_name(guessing)}", ha="right",
            va="top", color=MUTED, transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        for variant in sorted(variants, key=lambda variant: variant == best):
            seeds = [curve for curve in curves if curve.variant == variant]
            epochs = seeds[0].epochs
            losses = np.stack([curve.losses for curve in seeds])
            if len(seeds) > 1:
                lowest, highest = losses.min(axis=0), losses.max(axis=0)
                colour = line_style(variant).colour
                axes.fill_between(epochs, lowest, highest, color=colour, alpha=0.18, linewidth=0)
            width = 3.2 if variant == best else 2.0
            draw_variant_line(axes, variant, epochs, losses.mean(axis=0), width)
        axes.set_ylim(0, top)
        limit_ticks(axes.xaxis, 8, whole=True)
        limit_ticks(axes.yaxis, 6)

    return render_svg(
        "loss",
        (640, 400),
        draw,
        title="Training loss over the epochs",
        description=f"Mean training loss of each epoch, {amount(len(variants), 'variant')}; the "
        f"legend beside it gives the last value of each. {_guessing_in_words(guessing)}",
    )


def _guessing_name(guessing: float) -> str:
    return "ln 2" if rounds_to_ln_2(guessing) else f"{guessing:.3f}"


def _guessing_in_words(guessing: float) -> str:
    about = ", about 0.693" if rounds_to_ln_2(guessing) else ""
    return f"Guessing gives {_guessing_name(guessing)}{about}."


def roc_chart(test: RocCurve, train: RocCurve | None) -> str:
    """Return the chart of the ROC curves on test and training rows."""

    def draw(figure: Any) -> None:
        axes = add_axes(
            figure, (0.16, 0.155, 0.79, 0.815), "false positives, share of negative rows",
            "true positives, share of positive rows",
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
        axes.text(0.44, 0.40, "guessing", color=MUTED, va="top")
        if train is not None:
            axes.plot(
                train.false_positive_share, train.true_positive_share, color=NEGATIVE,
                linewidth=2, linestyle=(0, line_style(1).dashes), label=f"train, {train.area:.3f}",
            )  # fmt: skip
        axes.plot(
            test.false_positive_share, test.true_positive_share, color=POSITIVE, linewidth=2.6,
            label=f"test, {test.area:.3f}",
        )  # fmt: skip
        handles, labels = axes.get_legend_handles_labels()
        legend = axes.legend(
            handles[::-1], labels[::-1], title="area under the curve", loc="lower right",
            frameon=False, labelcolor=INK, alignment="left", borderaxespad=0.2,
        )  # fmt: skip
        legend.get_title().set_color(INK)
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    other = f" On the training rows it is {train.area:.3f}." if train is not None else ""
    return render_svg(
        "roc",
        (500, 500),
        draw,
        title="ROC curve of the best variant",
        description=f"The area under the curve is {test.area:.3f} on the test rows.{other}",
    )


def confusion_chart(tn: int, fp: int, fn: int, tp: int) -> str:
    """Return the chart of the four counts, shaded by share of the class."""
    from matplotlib.colors import LinearSegmentedColormap

    counts = np.array([[tn, fp], [fn, tp]])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.16, 0.155, 0.815, 0.815), "predicted", "labelled")
        shades = LinearSegmentedColormap.from_list("shares", ("#f4f7fa", "#8fc1e3"))
        axes.pcolormesh(shares, cmap=shades, vmin=0, vmax=1, edgecolors="white", linewidth=4)
        for (row, column), count in np.ndenumerate(counts):
            centre = column + 0.5
            axes.text(centre, row + 0.47, f"{count:,}", ha="center", size=30, color=INK)
            words = f"{shares[row, column]:.1%} of {'positive' if row else 'negative'}"
            axes.text(centre, row + 0.62, words, ha="center", va="center", color=INK, size=17)
        axes.set_xticks((0.5, 1.5), ("negative", "positive"))
        axes.set_yticks((0.5, 1.5), ("negative", "positive"), rotation=90, va="center")
        axes.set(xlim=(0, 2), ylim=(2, 0))
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, colors=INK)

    return render_svg(
        "confusion",
        (500, 500),
        draw,
        title="Confusion matrix of the best variant on the test rows",
        description=f"Of {tn + fp:,} negative rows {tn:,} are predicted negative and {fp:,} "
        f"positive; of {fn + tp:,} positive rows {tp:,} are predicted positive and {fn:,} "
        "negative.",
    )
