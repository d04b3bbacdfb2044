"""Scikit-learn's 1,797 real handwritten digits, 8 x 8 pixels; on every machine, no download."""

import functools

import numpy as np

from actsearch.tasks.datasets.base import DataSet, Parts, Split


@functools.cache
def digits() -> Parts:
    """Returns the digits in a fixed, stratified split: 899 train, 449 validation, 449 test.

    Inputs are uint8 [n, 64] from 0 to 16.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    inputs, labels = load_digits(return_X_y=True)
    inputs, labels = inputs.astype(np.uint8), labels.astype(np.int32)
    x, rest_x, y, rest_y = train_test_split(inputs, labels, train_size=899, random_state=0, stratify=labels)
    v_x, t_x, v_y, t_y = train_test_split(rest_x, rest_y, train_size=449, random_state=0, stratify=rest_y)
    return Split(x, y), Split(v_x, v_y), Split(t_x, t_y)


@functools.cache
def digits_images() -> Parts:
    """Returns the same digits as images, uint8 [n, 8, 8, 1]."""
    train, validation, test = (part._replace(inputs=part.inputs.reshape(-1, 8, 8, 1)) for part in digits())
    return train, validation, test


DIGITS = DataSet("digits", shape=(64,), scale=16.0, load=digits)
DIGITS_IMAGES = DataSet("digits as images", shape=(8, 8, 1), scale=16.0, load=digits_images)
