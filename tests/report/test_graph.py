"""Graphs of programs: every node and operand is drawn, nothing overlaps or leaves the page, arrows go around boxes."""

import itertools

import numpy as np
import pytest
from matplotlib.path import Path

from actsearch.catalog import CATALOG, LAYERS
from actsearch.language import PRIMITIVES, ActsearchError, Builder, parse
from actsearch.report import MAX_NODES, draw_graph
from actsearch.spaces import evonorm

SPACE = evonorm(20)
EVOLVED = [SPACE.decode(SPACE.sample(np.random.default_rng(seed))) for seed in range(40)]
LARGEST = sorted(EVOLVED, key=lambda program: len(program.nodes))[-3:]
PROGRAMS = {
    "x": parse("x"),
    "shared": parse("t = x * sigmoid(v * x); t * t - t / (t + 3)"),
    "ternary": parse("mix(x, rbf(x, -2.5), v) - laplace(x, x^2)"),
    **{name: CATALOG[name].program for name in ("evonorm_b0", "batch_norm_silu", "frn_tlu") if name in LAYERS},
    **{f"evolved {i}": program for i, program in enumerate(LARGEST)},
}


def parts(figure, name):
    """Texts, or patches, whose id begins with the name, by the rest of the id."""
    (axes,) = figure.axes
    artists = {artist.get_gid(): artist for artist in [*axes.texts, *axes.patches] if artist.get_gid()}
    return {gid.removeprefix(f"{name}-"): artist for gid, artist in artists.items() if gid.startswith(f"{name}-")}


def line_of(arrow):
    """Returns the line of an arrow, without its head."""
    path = arrow.get_path()
    head = np.flatnonzero(path.codes == path.MOVETO)[1]
    return Path(path.vertices[:head], path.codes[:head])


def extent(artist):
    return artist.get_window_extent()


def label(formula):
    """What is written in the last box."""
    return list(parts(draw_graph(parse(formula)), "label").values())[-1].get_text()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_box_for_each_node_and_an_arrow_for_each_operand(program):
    figure = draw_graph(program)
    numbers = [str(i) for i in range(len(program.nodes))]
    assert list(parts(figure, "node")) == list(parts(figure, "label")) == numbers
    operands = [f"{i}-{k}" for i, node in enumerate(program.nodes) for k in range(len(node.args))]
    assert sorted(parts(figure, "arrow")) == sorted(operands)
    boxes = parts(figure, "node")
    for gid, arrow in parts(figure, "arrow").items():
        i, k = map(int, gid.split("-"))
        (x0, y0), (x1, y1) = line_of(arrow).vertices[[0, -1]]
        source, target = boxes[str(program.nodes[i].args[k])], boxes[str(i)]
        assert source.get_x() <= x0 <= source.get_x() + source.get_width()
        assert target.get_x() <= x1 <= target.get_x() + target.get_width()
        assert y0 == pytest.approx(source.get_y() + source.get_height())
        assert target.get_y() - 0.02 <= y1 <= target.get_y()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_nothing_overlaps_or_leaves_the_page_and_arrows_go_around_boxes(program):
    figure = draw_graph(program, title=str(program))
    figure.draw_without_rendering()
    boxes, names = parts(figure, "node"), parts(figure, "operand")
    texts = [*figure.axes[0].texts, *figure.legends[0].get_texts()]
    for box in [*map(extent, boxes.values()), *map(extent, texts)]:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1
    apart = [*map(extent, boxes.values()), *map(extent, names.values())]
    apart += [extent(text) for text in texts if text.get_gid() == "title"] + [extent(figure.legends[0])]
    assert not any(one.overlaps(two) for one, two in itertools.combinations(apart, 2))
    for i, text in parts(figure, "label").items():
        inner, outer = extent(text), extent(boxes[i])
        assert outer.x0 < inner.x0 < inner.x1 < outer.x1
    for arrow in parts(figure, "arrow").values():
        # From its first to its last point an arrow is outside every box.
        points = line_of(arrow).interpolated(20).vertices[1:-1]
        for box in boxes.values():
            inside = (points > [box.get_x(), box.get_y()]) & (
                points < [box.get_x() + box.get_width(), box.get_y() + box.get_height()]
            )
            assert not inside.all(axis=1).any()


def test_data_flow_down():
    program = CATALOG["gelu"].program
    boxes = parts(draw_graph(program), "node")
    for i, node in enumerate(program.nodes):
        assert all(boxes[str(arg)].get_y() < boxes[str(i)].get_y() for arg in node.args)


@pytest.mark.parametrize(
    ("formula", "box", "arrows"),
    [
        ("x / v", "a ÷ b", {"0": "x", "1": "v"}),
        ("v / x", "a ÷ b", {"0": "v", "1": "x"}),
        ("v - x", "a − b", {"0": "v", "1": "x"}),  # noqa: RUF001
        ("rbf(x, 2, v)", "exp(−c (a − b)²)", {"0": "x", "1": "2", "2": "v"}),  # noqa: RUF001
        ("x + v", "+", {}),
        ("max(x, v)", "max", {}),
    ],
)
def test_the_order_of_operands_can_be_read_where_it_matters(formula, box, arrows):
    program, figure = parse(formula), draw_graph(parse(formula))
    assert label(formula) == box
    last = len(program.nodes) - 1
    names, lines, boxes = (parts(figure, name) for name in ("operand", "arrow", "node"))
    assert {gid: text.get_text() for gid, text in names.items()} == {f"{last}-{k}": "abc"[int(k)] for k in arrows}
    for k, source in arrows.items():
        begin, end = line_of(lines[f"{last}-{k}"]).vertices[[0, -1]]
        assert 0 < names[f"{last}-{k}"].get_position()[0] - end[0] < 0.1  # the name stands beside the arrow
        i = next(i for i, node in enumerate(program.nodes) if str(node.payload).removesuffix(".0") == source)
        assert begin[0] == pytest.approx(boxes[str(i)].get_x() + boxes[str(i)].get_width() / 2)


def test_signs_are_those_that_people_write():
    assert label("x * v") == "×"  # noqa: RUF001
    assert label("sigmoid(x)") == "σ"  # noqa: RUF001
    assert label("x^4") == "( )⁴"
    assert label("tanh(x)") == "tanh"
    assert label("group_std(x)") == "std over h,w,c/g"
    labels = parts(draw_graph(parse("param beta = -0.5; x * beta")), "label")
    assert labels["1"].get_text() == "β = −0.5"  # noqa: RUF001


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_a_picture(name):
    builder = Builder()
    row = PRIMITIVES[name]
    operands = [builder.input("x"), builder.parameter("v"), builder.constant(2.0)]
    figure = draw_graph(builder.program(builder.apply(name, *operands[: row.arity])))
    ordered = row.arity > 2 or (row.arity == 2 and not row.commutative)
    text = list(parts(figure, "label").values())[-1].get_text()
    assert len(parts(figure, "operand")) == (row.arity if ordered else 0)
    assert all(letter in text for letter in "abc"[: row.arity]) or not ordered
    if row.kind == "reduction":
        assert text.split()[-1] in row.latex


def test_a_program_too_large_for_a_page_is_refused():
    with pytest.raises(ActsearchError, match=f"at most {MAX_NODES} nodes; received 300"):
        draw_graph(parse(" + ".join(f"{i} * x" for i in range(100))))
