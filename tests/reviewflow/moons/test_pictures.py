"""The pictures of the two moons as files."""

import re
import xml.etree.ElementTree as ElementTree

from reviewflow.moons.picture_names import PICTURES


def test_pictures_are_whole_and_have_a_background(job):
    for name in PICTURES:
        svg = (job["pictures"] / f"{name}.svg").read_text(encoding="utf-8")
        ElementTree.fromstring(svg)
        assert "#ffffff" in svg
        assert re.search("<desc[^>]*>[^<]{20,}</desc>", svg)
        png = (job["pictures"] / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20], "big") == 1600
