"""Lines of variants can be told apart and read on white."""

import numpy as np

from reviewflow.reporting.charts.palette import line_style


def test_lines_differ_and_stand_out_from_white() -> None:
    styles = [line_style(number) for number in range(28)]
    assert len(set(styles)) == 28

    def luminance(colour: str) -> float:
        levels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(levels <= 0.03928, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    assert all(1.05 / (luminance(style.colour) + 0.05) > 2 for style in styles)
