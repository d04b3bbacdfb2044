"""Classification: loss, metrics, score and recipe; and what the names of the digits' tasks fix."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from actsearch.tasks import TASKS, Recipe, Split, get_task
from tests.helpers.tiny import tiny_task

DATASETS = {"digits": ((899, 449, 449), 1), "warped": ((3_596, 898, 1_796), 4)}


@pytest.mark.parametrize("name", [name for name in TASKS if name.split("-")[0] in DATASETS])
def test_split_is_stratified(name):
    data, (examples, copies) = get_task(name).data(), DATASETS[name.split("-")[0]]
    assert tuple(len(part.labels) for part in data) == tuple(len(part.inputs) for part in data) == examples
    everything = np.concatenate([part.labels for part in data])
    share = np.bincount(everything) / len(everything)
    for part in data:
        assert (part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32)
        assert np.abs(np.bincount(part.labels) - share * len(part.labels)).max() <= 1.5 * copies


@pytest.mark.parametrize(
    ("accuracy", "score"),
    [(0.25, 0.25), (0, 0), (1, 1), (np.nan, 0), (np.inf, 1), (-np.inf, 0), (1.5, 1), (-0.1, 0)],
)
def test_score_is_the_accuracy_in_bounds(accuracy, score):
    assert get_task("digits-mlp").score({"accuracy": accuracy, "loss": np.nan}) == score


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        pytest.param("digits-resnet", 2.5562603, marks=pytest.mark.slow),
        ("digits-mlp", 2.4007468),
        ("digits-deep-mlp", 2.4241037),
    ],
)
def test_the_networks_of_activations_start_as_ever(name, loss):
    """Recorded before there were networks of whole layers: the scores in old archives stay comparable."""
    task = get_task(name)
    network = task.init(lambda features: Layer(parse("relu(x)"), features), jax.random.key(0))
    network.train()
    batch = jax.tree.map(lambda rows: rows[:64], task.data().train)
    assert float(task.loss(network, batch)) == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("name", [name for name in TASKS if name.startswith("digits")])
def test_every_digit_is_in_one_part(name):
    """Each of scikit-learn's 1,797 images is in one part, as often as it is in the whole."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    whole = sorted((*image.astype(int), int(label)) for image, label in zip(images, labels, strict=True))
    parts = [
        (*image.ravel().tolist(), int(label))
        for part in get_task(name).data()
        for image, label in zip(part.inputs, part.labels, strict=True)
    ]
    assert sorted(parts) == whole


def test_the_images_are_those_of_the_vectors():
    image, vector = get_task("digits-resnet").data(), get_task("digits-mlp").data()
    assert image.train.inputs.shape == (899, 8, 8, 1)
    for a, b in zip(image, vector, strict=True):
        np.testing.assert_array_equal(a.inputs.reshape(len(a.inputs), -1), b.inputs)
        np.testing.assert_array_equal(a.labels, b.labels)


def test_the_name_fixes_the_numbers():
    """To change one of these is to make a task with a new name."""
    for name, *numbers in (
        ("digits-mlp", 500, 64, Recipe(learning_rate=0.02)),
        ("digits-deep-mlp", 250, 64, Recipe(learning_rate=0.005)),
        ("digits-resnet", 150, 32, Recipe(learning_rate=0.025)),
    ):
        task = get_task(name)
        assert [task.steps, task.batch_size, task.recipe] == numbers
    assert Recipe(learning_rate=1) == Recipe(learning_rate=1, momentum=0.9, schedule="constant", weight_decay=0.0)
    test = get_task("digits-mlp").data().test
    assert (int(test.inputs.sum()), test.labels[:8].tolist()) == (141678, [8, 4, 8, 7, 1, 3, 1, 4])


def test_metrics_count_no_answer_that_is_not_a_number():
    """A row with NaN or infinity is wrong, also where argmax would call it right; the loss shows it."""
    task = get_task("digits-mlp")
    rows = np.zeros((4, 10), np.float32)
    rows[0, 3], rows[1, 3], rows[2, 3] = 1.0, np.nan, np.inf
    metrics = task.metrics(lambda _: jnp.asarray(rows), Split(np.zeros((4, 64)), np.array([3, 3, 3, 3])))
    assert float(metrics["accuracy"]) == 0.25
    assert not np.isfinite(float(metrics["loss"]))


def test_loss_is_the_mean_cross_entropy_of_scaled_inputs():
    task = get_task("digits-mlp")
    seen = []

    def network(inputs):
        seen.append(inputs)
        return jnp.zeros((2, 10))

    loss = task.loss(network, Split(np.full((2, 64), 16, np.uint8), np.array([0, 1])))
    assert float(loss) == pytest.approx(np.log(10))
    np.testing.assert_array_equal(seen[0], np.ones((2, 64)))


def test_augmentation_is_drawn_in_training_and_never_in_evaluation():
    def augment(inputs, key):
        return inputs if key is None else inputs.at[:, 0].add(16 * jax.random.bernoulli(key, 1.0).astype(inputs.dtype))

    def network(inputs):
        return inputs[:, :10]

    task = dataclasses.replace(get_task("digits-mlp"), augment=augment)
    examples = Split(np.zeros((2, 64), np.uint8), np.array([0, 0]))
    plain, one_higher = np.log(10), np.log(np.e + 9) - 1
    assert float(task.loss(network, examples, jax.random.key(0))) == pytest.approx(one_higher)
    assert float(task.loss(network, examples)) == pytest.approx(plain)
    assert float(task.metrics(network, examples)["loss"]) == pytest.approx(plain)


@pytest.mark.parametrize("examples", [1, 64, 65, 449])
def test_evaluation_has_the_shapes_of_training(examples):
    """What is compiled for a batch of training serves evaluation; what fills the last batch up counts for nothing."""
    task, sizes = get_task("digits-mlp"), []
    rng = np.random.default_rng(0)
    inputs, labels = rng.integers(0, 16, (examples, 64), np.uint8), rng.integers(0, 10, examples)

    def network(inputs):
        sizes.append(len(inputs))
        return 20 * inputs[:, :10]

    metrics = task.metrics(network, Split(inputs, labels))
    logits = 20 * (inputs[:, :10] / 16)
    assert set(sizes) == {task.batch_size}
    assert float(metrics["accuracy"]) == pytest.approx(np.mean(logits.argmax(axis=1) == labels))
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(examples), labels]
    assert float(metrics["loss"]) == pytest.approx(loss.mean(), rel=1e-4)


def test_likelihood_is_the_mean_probability_of_the_right_class():
    task = dataclasses.replace(get_task("digits-mlp"), criterion="likelihood")
    assert task.score({"accuracy": 1.0, "loss": np.log(4)}) == pytest.approx(0.25)
    assert task.score({"accuracy": 1.0, "loss": np.nan}) == task.score({"accuracy": 1.0, "loss": np.inf}) == 0.0
    with pytest.raises(ActsearchError, match='"accuracy" or "likelihood"; received \'loss\''):
        dataclasses.replace(task, criterion="loss")


def test_smoothed_labels_cost_their_share_of_every_class():
    """-sum_k q_k log p_k with q = (1 - a) for the label and a / classes for each (Szegedy et al. 2016, section 7)."""
    task = dataclasses.replace(tiny_task(), label_smoothing=0.2)
    logits = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]], np.float32)
    batch = Split(np.zeros((2, 3), np.uint8), np.array([0, 1]))
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -np.mean(0.8 * log_p[[0, 1], [0, 1]] + 0.2 * log_p.mean(axis=1))
    assert float(task.loss(lambda inputs: jnp.asarray(logits), batch)) == pytest.approx(expected, rel=1e-5)


def test_a_smoothing_out_of_range():
    with pytest.raises(ActsearchError, match="label_smoothing is from 0 up to, not including, 1; received 1"):
        dataclasses.replace(tiny_task(), label_smoothing=1.0)
