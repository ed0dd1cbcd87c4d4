"""Areas as they are asked for."""

from __future__ import annotations

import pytest

from search.request import Bounds


@pytest.mark.parametrize(
    ("west", "east", "middle"),
    [(-180.0, 180.0, 0.0), (10.0, 20.0, 15.0), (170.0, -170.0, -180.0), (5.0, 5.0, 5.0), (-180.0, 0.0, -90.0)],
)
def test_the_middle_of_a_box(west: float, east: float, middle: float) -> None:
    """Half way from its west to its east edge, over the date line too; of the whole world it is Greenwich."""
    assert Bounds(-10.0, west, 30.0, east).centre.longitude == pytest.approx(middle)
    assert Bounds(-10.0, west, 30.0, east).centre.latitude == pytest.approx(10.0)
