"""The page of the two moons."""

import re

from reviewflow.moons.page import loss_figure, share_figure
from reviewflow.moons.picture_names import PICTURES


def test_page_holds_every_picture_and_loads_nothing(job):
    page = (job["page"] / "moons.html").read_text(encoding="utf-8")
    assert page.count('role="img"') == len(PICTURES)
    assert "Epoch 30/30, Loss: " in page
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert "<script" not in page


def test_page_says_what_is_luck_and_what_few_points_leave_open(job):
    page = (job["page"] / "moons.html").read_text(encoding="utf-8")
    assert re.search(r"30 epochs; from 2 initial weights [\d.]+ … [\d.]+<", page)
    assert re.search(r"of 100 classified correctly, 95 % from [\d.]+% to [\d.]+%<", page)


def test_figures_are_shown_as_people_read_them():
    shown = [loss_figure(x) for x in (0.00196, 0.000137, 0.6931, 9.27, 17382.6)]
    assert shown == ["0.0020", "0.00014", "0.69", "9.27", "17,383"]
    assert [share_figure(x) for x in (1.0, 0.9995, 0.5)] == ["100%", "99.95%", "50%"]
