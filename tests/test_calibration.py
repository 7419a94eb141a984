"""Temperature scaling finds the temperature that spoiled the logits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from stance.evaluation.calibration import COLDEST, HOTTEST, fit_temperature


def sampled(temperature: float, n: int = 20_000) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Logits whose labels are drawn from the softmax of logits / temperature."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (n, 3))
    noise = rng.gumbel(size=(n, 3))
    return logits, (logits / temperature + noise).argmax(axis=1)


def log_loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], temperature: float) -> float:
    scaled = logits / temperature
    log_sum = np.logaddexp.reduce(scaled, axis=1)
    return float((log_sum - scaled[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7, 4.0])
def test_a_known_temperature_is_recovered(temperature: float) -> None:
    assert fit_temperature(*sampled(temperature)) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("shift", [0.8, 0.9, 1.1, 1.25])
def test_no_neighbouring_temperature_gives_a_smaller_log_loss(shift: float) -> None:
    logits, labels = sampled(1.7, 500)
    best = fit_temperature(logits, labels)
    assert log_loss(logits, labels, best) < log_loss(logits, labels, best * shift)


def test_scaled_logits_scale_the_temperature() -> None:
    logits, labels = sampled(1.3, 2000)
    once, thrice = fit_temperature(logits, labels), fit_temperature(3 * logits, labels)
    assert thrice == pytest.approx(3 * once, rel=1e-3)


def test_shifted_logits_change_nothing() -> None:
    logits, labels = sampled(1.3, 2000)
    moved = logits + np.arange(len(logits))[:, None]
    assert fit_temperature(moved, labels) == pytest.approx(fit_temperature(logits, labels), rel=1e-4)


def test_float32_logits_of_any_size_overflow_nowhere() -> None:
    logits = np.array([[500.0, -500, 0], [0, 900, -900]], dtype=np.float32)
    assert COLDEST <= fit_temperature(logits, np.array([0, 1])) <= HOTTEST


def test_the_bounds_hold_where_the_best_lies_beyond_them() -> None:
    logits = np.tile([[3.0, 0.0, 0.0]], (50, 1))
    always_right, always_wrong = np.zeros(50, dtype=int), np.ones(50, dtype=int)
    assert COLDEST <= fit_temperature(logits, always_right) < 2 * COLDEST
    assert HOTTEST / 2 < fit_temperature(logits, always_wrong) <= HOTTEST


def test_the_logits_are_left_as_they_were() -> None:
    logits, labels = sampled(2.0, 50)
    before = logits.copy()
    fit_temperature(logits, labels)
    assert np.array_equal(logits, before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("logits", [np.zeros((0, 3)), np.full((4, 3), np.nan)], ids=["empty", "nan"])
def test_logits_that_say_nothing_are_refused(logits: npt.NDArray[np.float64]) -> None:
    from stance.errors import StanceError

    with pytest.raises(StanceError):
        fit_temperature(logits, np.zeros(len(logits), dtype=int))
