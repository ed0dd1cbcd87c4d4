"""Distances on the sphere, one by one and over arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.geography import EARTH_RADIUS_KM, KM_PER_DEGREE, distance_km, distances_km

LATITUDE, LONGITUDE = st.floats(-90, 90), st.floats(-180, 180)


def test_known_distances() -> None:
    """Stockholm to Singapore, pole to pole, a degree along a meridian, and over the date line."""
    assert distance_km(59.33, 18.07, 1.29, 103.85) == pytest.approx(9_638, rel=0.005)
    assert distance_km(90, 0, -90, 77) == pytest.approx(np.pi * EARTH_RADIUS_KM)
    assert distance_km(47, 8, 48, 8) == pytest.approx(KM_PER_DEGREE)
    assert distance_km(0, 179.5, 0, -179.5) == pytest.approx(KM_PER_DEGREE)
    assert distance_km(1.29, 103.85, 1.29, 103.85) == 0


@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_arrays_say_the_same(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> None:
    """Both forms agree to a metre (antipodes lose digits), in either direction, and broadcast."""
    one = distance_km(latitude, longitude, to_latitude, to_longitude)
    many = distances_km([latitude, to_latitude], [longitude, to_longitude], to_latitude, to_longitude)
    np.testing.assert_allclose(many, [one, 0], atol=1e-3)
    assert distance_km(to_latitude, to_longitude, latitude, longitude) == pytest.approx(one, abs=1e-3)


def test_what_is_not_known_is_nowhere() -> None:
    """A coordinate that is not known gives no distance, and no warning."""
    assert np.isnan(distances_km([np.nan], [1.0], [2.0], [3.0])).all()
