"""Not a test: what tests of pictures ask of all of them."""

import itertools

from matplotlib.figure import Figure
from matplotlib.text import Text

from actsearch.report import save


def files_are_equal(draw, directory):
    """Returns whether a picture drawn twice gives equal PNG and SVG files."""
    first, second = save(draw(), directory / "first"), save(draw(), directory / "second")
    return all(one.read_bytes() == two.read_bytes() for one, two in zip(first, second, strict=True))


def text_of(figure: Figure, words: str) -> Text:
    """Returns the one text of a picture that reads so."""
    (text,) = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_text() == words)
    return text


def shown_texts(figure: Figure) -> list[Text]:
    """Returns title, legend, labels, ticks inside the limits and annotations of a picture, without empty ones."""
    figure.draw_without_rendering()
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in (axes for axes in figure.axes if axes.get_visible()):
        texts += axes.texts
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            for side, axis in enumerate((axes.xaxis, axes.yaxis)):
                low, high = sorted(axis.get_view_interval())  # a tick outside is not drawn
                texts += [label for label in axis.get_ticklabels() if low <= label.get_position()[side] <= high]
    return [text for text in texts if text.get_text() and text.get_visible()]


def extents(figure: Figure, artists):
    """Returns the boxes of artists on the page, in dots."""
    figure.draw_without_rendering()
    return [artist.get_window_extent() for artist in artists]


def overlap(boxes) -> bool:
    """Returns whether any two boxes overlap."""
    return any(one.overlaps(two) for one, two in itertools.combinations(boxes, 2))


def on_page(figure: Figure, boxes) -> bool:
    """Returns whether all boxes lie on the page."""
    page = figure.bbox
    return all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1 for box in boxes)
