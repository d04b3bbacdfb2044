"""Every task keeps the contract of Task; those with data on every machine are checked on it too."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.evaluation import start, train
from actsearch.nn import Layer, sites
from actsearch.tasks import TASKS, Data, Recipe, get_task
from tests.helpers.tiny import tiny_task

PROGRAM = parse("x * sigmoid(beta * x)")
SITES = {
    **{"digits-mlp": 2, "digits-deep-mlp": 8, "digits-resnet": 7},
    **{"digits-resnet-layer": 5, "digits-mobilenet-layer": 6, "digits-efficientnet-layer": 6},
    **{name: 9 for name in TASKS if name.startswith("warped-resnet-layer")},
    **{"warped-mobilenet-layer": 10},
    **{"cifar10-resnet-layer": 49, "cifar10-mobilenet-layer": 35, "cifar10-efficientnet-layer": 33},
}
EXAMPLES = {"digits": (899, 449, 449), "warped": (3_596, 898, 1_796)}
every_task = pytest.mark.parametrize("name", TASKS)
every_task_with_data = pytest.mark.parametrize("name", [name for name in TASKS if name.split("-")[0] in EXAMPLES])


def layer(features):
    return Layer(PROGRAM, features)


@every_task
class TestContract:
    def test_name_and_words(self, name):
        task = get_task(name)
        assert task.name == name
        assert task.summary
        assert task.recipe.rate_rule  # the fairness of the learning rate is stated

    def test_init_loss_and_evaluate_on_an_abstract_batch(self, name):
        task = get_task(name)

        def run(key, inputs, labels):
            network = task.init(layer, key)
            return task.loss(network, inputs, labels), task.evaluate(network, inputs, labels)

        loss, metrics = jax.eval_shape(run, jax.random.key(0), *task.abstract_batch())
        assert (loss.shape, loss.dtype) == ((), jnp.float32)
        assert metrics.keys() == {"accuracy", "loss"}
        assert all(value.shape == () for value in metrics.values())

    def test_trains_on_an_abstract_batch(self, name):
        """The whole training is traced, nothing is computed and no data is read."""
        task = get_task(name)
        batch = task.abstract_batch()
        task = dataclasses.replace(task, data=lambda: Data(batch, batch, batch))
        outcome = jax.eval_shape(
            lambda rate, batch: train(task, layer, start(task, 0), rate, batch, batch), jnp.float32(1), batch
        )
        assert all(leaf.shape == () for leaf in outcome)

    def test_every_site_holds_the_candidate(self, name):
        network = nnx.eval_shape(lambda: get_task(name).init(layer, jax.random.key(0)))
        found = [module for _, module in nnx.iter_graph(network) if isinstance(module, Layer)]
        named = sites(lambda factory: get_task(name).init(factory, jax.random.key(0)))
        assert len(found) == len({site.name for site in named}) == SITES[name]
        assert [site.layer(network).num_features for site in named] == [site.features for site in named]

    def test_the_name_says_whether_candidates_are_layers(self, name):
        assert get_task(name).layers == ("-layer" in name)

    def test_batches_are_example_numbers_fixed_by_the_key(self, name):
        task = get_task(name)
        batches = task.batches(jax.random.key(0), 50)
        assert batches.shape == (task.recipe.steps, task.recipe.batch_size)
        assert (int(batches.min()), int(batches.max())) == (0, 49)
        np.testing.assert_array_equal(batches, task.batches(jax.random.key(0), 50))
        assert (batches != task.batches(jax.random.key(1), 50)).any()

    @pytest.mark.parametrize(
        ("accuracy", "score"),
        [(0.25, 0.25), (0, 0), (1, 1), (np.nan, 0), (np.inf, 1), (-np.inf, 0), (1.5, 1), (-0.1, 0)],
    )
    def test_normalize_is_bounded(self, name, accuracy, score):
        assert get_task(name).normalize({"accuracy": accuracy, "loss": np.nan}) == score


@every_task_with_data
class TestData:
    def test_is_the_same_on_every_call(self, name):
        first, second = get_task(name).data(), get_task(name).data()
        jax.tree.map(np.testing.assert_array_equal, first, second)

    def test_abstract_batch_has_the_shapes_of_a_real_one(self, name):
        task = get_task(name)
        batch, train_part = task.abstract_batch(), task.data().train
        size = task.recipe.batch_size
        for made, real in zip(batch, train_part, strict=True):
            assert (made.shape, made.dtype) == ((size, *real.shape[1:]), real.dtype)

    def test_split_is_stratified(self, name):
        data, examples = get_task(name).data(), EXAMPLES[name.split("-")[0]]
        assert tuple(len(part.labels) for part in data) == tuple(len(part.inputs) for part in data) == examples
        everything = np.concatenate([part.labels for part in data])
        share = np.bincount(everything) / len(everything)
        for part in data:
            assert (part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32)
            copies = len(part.labels) / 449 if "warped" in name else 1
            assert np.abs(np.bincount(part.labels) - share * len(part.labels)).max() <= 1.5 * copies


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
    recipes = {
        name: dataclasses.asdict(get_task(name).recipe) for name in ("digits-mlp", "digits-deep-mlp", "digits-resnet")
    }
    defaults = {"schedule": "constant", "nesterov": False, "weight_decay": 0.0}
    for recipe in recipes.values():
        del recipe["rate_rule"]
        assert {key: recipe.pop(key) for key in defaults} == defaults
    assert recipes == {
        "digits-mlp": {"steps": 500, "batch_size": 64, "learning_rate": 0.02, "momentum": 0.9},
        "digits-deep-mlp": {"steps": 250, "batch_size": 64, "learning_rate": 0.005, "momentum": 0.9},
        "digits-resnet": {"steps": 150, "batch_size": 32, "learning_rate": 0.025, "momentum": 0.9},
    }
    test = get_task("digits-mlp").data().test
    assert (int(test.inputs.sum()), test.labels[:8].tolist()) == (141678, [8, 4, 8, 7, 1, 3, 1, 4])


def test_evaluate_counts_no_answer_that_is_not_a_number():
    """A row with NaN or infinity is wrong, also where argmax would call it right; the loss shows it."""
    task = get_task("digits-mlp")
    rows = np.zeros((4, 10), np.float32)
    rows[0, 3], rows[1, 3], rows[2, 3] = 1.0, np.nan, np.inf
    metrics = task.evaluate(lambda _: jnp.asarray(rows), np.zeros((4, 64)), np.array([3, 3, 3, 3]))
    assert float(metrics["accuracy"]) == 0.25
    assert not np.isfinite(float(metrics["loss"]))


def test_loss_is_the_mean_cross_entropy_of_scaled_inputs():
    task = get_task("digits-mlp")
    seen = []

    def network(inputs):
        seen.append(inputs)
        return jnp.zeros((2, 10))

    loss = task.loss(network, np.full((2, 64), 16, np.uint8), np.array([0, 1]))
    assert float(loss) == pytest.approx(np.log(10))
    np.testing.assert_array_equal(seen[0], np.ones((2, 64)))


def test_optimizer_is_momentum_descent_with_a_scaled_rate():
    optimizer = Recipe(steps=1, batch_size=1, learning_rate=0.1, rate_rule="a test").optimizer(2.0)
    state, total = optimizer.init(jnp.float32(0)), 0.0
    for expected in (-0.2, -0.38, -0.542):  # 0.2 * (1, 1.9, 2.71)
        update, state = optimizer.update(jnp.float32(1), state)
        total += float(update)
        assert float(update) == pytest.approx(expected)


def descend(recipe, gradients, parameter=1.0):
    """Returns the values that a kernel of one weight takes under the given gradients."""
    optimizer, values = recipe.optimizer(), []
    weight = jnp.full((1, 1), parameter)
    state = optimizer.init(weight)
    for gradient in gradients:
        update, state = optimizer.update(jnp.full((1, 1), gradient), state, weight)
        weight = weight + update
        values.append(float(weight[0, 0]))
    return values


def test_cosine_goes_from_the_rate_to_zero():
    recipe = Recipe(steps=4, batch_size=1, learning_rate=0.1, rate_rule="a test", momentum=0.0, schedule="cosine")
    steps = -np.diff([1.0, *descend(recipe, [1.0] * 4)])
    np.testing.assert_allclose(steps, [0.05 * (1 + np.cos(np.pi * t / 4)) for t in range(4)], rtol=1e-4)


def test_nesterov_looks_ahead():
    recipe = Recipe(steps=4, batch_size=1, learning_rate=0.1, rate_rule="a test", nesterov=True)
    expected, trace, weight = [], 0.0, 1.0
    for gradient in (1.0, -2.0, 0.5):
        trace = gradient + 0.9 * trace
        weight -= 0.1 * (gradient + 0.9 * trace)
        expected.append(weight)
    np.testing.assert_allclose(descend(recipe, (1.0, -2.0, 0.5)), expected, rtol=1e-5)


def test_weight_decay_adds_to_the_gradient_of_kernels_alone():
    recipe = Recipe(steps=4, batch_size=1, learning_rate=0.1, rate_rule="a test", weight_decay=0.5)
    expected, trace, weight = [], 0.0, 2.0
    for gradient in (1.0, 0.0):
        trace = gradient + 0.5 * weight + 0.9 * trace
        weight -= 0.1 * trace
        expected.append(weight)
    np.testing.assert_allclose(descend(recipe, (1.0, 0.0), parameter=2.0), expected, rtol=1e-5)
    optimizer, parameters = recipe.optimizer(), {"scale": jnp.ones(3), "kernel": jnp.ones((2, 3))}
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    updates, _ = optimizer.update(zeros, optimizer.init(parameters), parameters)
    assert not updates["scale"].any()
    np.testing.assert_allclose(updates["kernel"], jnp.full((2, 3), -0.05))


def test_a_schedule_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match='schedule is "constant" or "cosine"; received \'linear\''):
        Recipe(steps=4, batch_size=1, learning_rate=0.1, rate_rule="a test", schedule="linear")


def test_augmentation_is_drawn_in_training_and_never_in_evaluation():
    def augment(inputs, key):
        return inputs if key is None else inputs + 16 * jax.random.bernoulli(key, 1.0).astype(inputs.dtype)

    task, seen = dataclasses.replace(get_task("digits-mlp"), augment=augment), []

    def network(inputs):
        seen.append(float(inputs.mean()))
        return jnp.zeros((2, 10))

    inputs, labels = np.zeros((2, 64), np.uint8), np.array([0, 1])
    task.loss(network, inputs, labels, jax.random.key(0))
    task.loss(network, inputs, labels)
    task.evaluate(network, inputs, labels)
    assert seen == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("examples", "largest"), [(2_000, 2_000), (2_001, 1_000), (4_000, 1_000)])
def test_evaluation_of_a_large_part_goes_in_chunks(examples, largest):
    task, sizes = get_task("digits-mlp"), []
    rng = np.random.default_rng(0)
    inputs, labels = rng.integers(0, 16, (examples, 64), np.uint8), rng.integers(0, 10, examples)

    def network(inputs):
        sizes.append(len(inputs))
        return 20 * inputs[:, :10]

    metrics = task.evaluate(network, inputs, labels)
    logits = 20 * (inputs[:, :10] / 16)
    assert set(sizes) == {largest}
    assert float(metrics["accuracy"]) == pytest.approx(np.mean(logits.argmax(axis=1) == labels))
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(examples), labels]
    assert float(metrics["loss"]) == pytest.approx(loss.mean(), rel=1e-4)


def test_get_task():
    with pytest.raises(ValueError, match="Unknown task 'mnist'; write one of digits-mlp"):
        get_task("mnist")


class TestLength:
    def test_rungs_are_a_ninth_a_third_and_all(self):
        task = get_task("digits-mlp")
        assert task.rungs == (56, 167, 500)
        assert [task.at_rung(rung).name for rung in range(3)] == ["digits-mlp@56", "digits-mlp@167", "digits-mlp"]
        assert task.at_rung(2) == task
        assert task.shortened(1).rungs == (1,)

    def test_a_length_is_part_of_a_name(self):
        task = get_task("digits-mlp@100")
        assert (task.name, task.recipe.steps) == ("digits-mlp@100", 100)
        assert dataclasses.replace(task.recipe, steps=500) == get_task("digits-mlp").recipe

    def test_a_quality_gate_after_the_end_is_left_out(self):
        task = get_task("digits-resnet-layer")
        assert task.shortened(task.quality.steps).quality is None
        assert task.shortened(task.quality.steps + 1).quality == task.quality

    def test_a_shorter_training_is_the_beginning_of_the_longer_one(self):
        """At a constant rate: the same weights, and the first batches of the longer one."""
        task = tiny_task(steps=9)
        whole, part = start(task, 3), start(task.shortened(4), 3)
        np.testing.assert_array_equal(part.batches, whole.batches[:4])
        for a, b in zip(jax.tree.leaves(whole.weights), jax.tree.leaves(part.weights), strict=True):
            np.testing.assert_array_equal(a, b)

    @pytest.mark.parametrize("name", ["digits-mlp@", "digits-mlp@ten", "digits-mlp@-3", "nothing@10"])
    def test_no_length(self, name):
        with pytest.raises(ValueError, match=f"Unknown task '{name}'; write one of digits-mlp, "):
            get_task(name)

    def test_bounds(self):
        with pytest.raises(ValueError, match="A task needs at least 1 step; received 0"):
            get_task("digits-mlp@0")
        with pytest.raises(ValueError, match="digits-mlp has the rungs 0 to 2; received 3"):
            get_task("digits-mlp").at_rung(3)
