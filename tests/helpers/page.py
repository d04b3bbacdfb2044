"""Not a test: a page read back, as a browser's parser sees it."""

import json
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes and the text within, in order.

    Attributes:
      html: its text.
      elements: (tag, attributes, list of texts) each.
    """

    def __init__(self, html):
        super().__init__()
        self.html, self.elements, self._open = html, [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for element in self._open:
            element[2].append(data)

    def all(self, tag, **wanted):
        """Returns (attributes, text) of the elements of a tag with these attributes."""
        return [
            (attributes, "".join(texts))
            for name, attributes, texts in self.elements
            if name == tag and all(attributes.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]

    def text(self, tag, **wanted):
        """Returns the text of the one element that there is, its spaces made single."""
        ((_, text),) = self.all(tag, **wanted)
        return " ".join(text.split())

    @property
    def charts(self):
        """The specifications of the charts."""
        return [json.loads(text) for _, text in self.all("script", type="application/json")]
