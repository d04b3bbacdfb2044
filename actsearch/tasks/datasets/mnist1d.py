"""MNIST-1D (Greydanus 2020, Scaling down deep learning): ten digits as noisy series of 40 numbers, made on the spot.

Each digit is a template of 12 points. A series is its template padded to 48 to 72 points, stretched to 72, scaled,
moved in a circle, surrounded by smooth noise, sheared and sampled at 40 points; some noise lies on all of it.

Numbers of the recipe and the templates are those of the published generator, version 0.0.2 (Apache-2.0). The code is
ours and draws other random numbers, so that the series are others of the same distribution.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from actsearch.tasks.datasets.base import DataSet, Parts, Split

LENGTH = 40
EXAMPLES, TRAIN, VALIDATION = 5_000, 3_200, 800
SEED = 42

_PADDING = (36, 60)
_SCALE, _SHEAR = 0.4, 0.75
_SHIFTS = 48
_SMOOTH_NOISE, _NOISE = 0.25, 0.02
_SMOOTHNESS = 2.0

_TEMPLATES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)


@functools.cache
def mnist1d() -> Parts:
    """Returns MNIST-1D: 3,200 train, 800 validation, 1,000 test; inputs float32 [n, 40] of mean 0 and variance 1."""
    rng = np.random.default_rng(SEED)
    labels = rng.permutation(np.repeat(np.arange(10), EXAMPLES // 10))
    series = np.stack([_series(template, rng) for template in _templates()[labels]])
    inputs = ((series - series.mean()) / series.std()).astype(np.float32)
    cuts = np.split(np.arange(EXAMPLES), [TRAIN, TRAIN + VALIDATION])
    train, validation, test = (Split(inputs[cut], labels[cut].astype(np.int32)) for cut in cuts)
    return train, validation, test


@functools.cache
def mnist1d_images() -> Parts:
    """Returns the same series as images of one column, float32 [n, 40, 1, 1]."""
    train, validation, test = (part._replace(inputs=np.asarray(part.inputs)[..., None, None]) for part in mnist1d())
    return train, validation, test


def _templates() -> NDArray[np.float64]:
    """Returns the templates, each of variance 1/36 and starting at 0."""
    centred = _TEMPLATES - _TEMPLATES.mean(axis=1, keepdims=True)
    scaled = centred / centred.std(axis=1, keepdims=True)
    return np.asarray((scaled - scaled[:, :1]) / 6)


def _series(template: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Returns one series [40] from its template [12]."""
    from scipy.ndimage import gaussian_filter1d

    low, high = _PADDING
    # The published code adds 1e-8, so that a template's own zeros are not taken for padding.
    padded = np.pad(template + 1e-8, (0, int(rng.integers(low, high + 1))))
    signal = _resample(padded, len(template) + high) * (1 + _SCALE * rng.uniform(-0.5, 0.5))
    signal = np.roll(signal, rng.integers(_SHIFTS))
    smooth = gaussian_filter1d(_SMOOTH_NOISE * rng.normal(size=signal.shape), _SMOOTHNESS)
    signal = np.where(signal != 0, signal, smooth) + _NOISE * rng.normal(size=signal.shape)
    signal = signal - _SHEAR * rng.uniform(-0.5, 0.5) * np.linspace(-0.5, 0.5, len(signal))
    return _resample(signal, LENGTH)


def _resample(signal: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Returns a signal at `length` points between its ends, by linear interpolation."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(signal)), signal)


MNIST1D = DataSet("MNIST-1D", shape=(LENGTH,), scale=1.0, load=mnist1d, dtype="float32")
MNIST1D_IMAGES = DataSet("MNIST-1D", shape=(LENGTH, 1, 1), scale=1.0, load=mnist1d_images, dtype="float32")
