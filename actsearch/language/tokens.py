"""Text as tokens, and the error that points into the text. The parser reads these."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from actsearch.language.errors import ActsearchError

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<stars>\*\*)"
    r"|(?P<symbol>[-+*/^(),;=])"
)


class ParseError(ActsearchError):
    """Text that is not a formula. The message shows the text and points at the column.

    Attributes:
      problem: what is wrong, without the text.
      text: the text as received.
      column: where it went wrong, from 1.
    """

    def __init__(self, problem: str, text: str, column: int):
        start, end = max(0, column - 41), column + 39
        excerpt = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[start:end])
        before, after = "..." * (start > 0), "..." * (end < len(text))
        pointer = " " * (len(before) + column - 1 - start) + "^"
        super().__init__(f"column {column}: {problem}\n  {before}{excerpt}{after}\n  {pointer}")
        self.problem = problem
        self.text = text
        self.column = column

    def __reduce__(self) -> tuple[type["ParseError"], tuple[str, str, int]]:
        # An exception is unpickled from its message alone, and one that cannot be hangs a pool of processes.
        return ParseError, (self.problem, self.text, self.column)


class Token(NamedTuple):
    """A piece of text.

    Attributes:
      kind: "number", "name", "symbol" or "end".
      text: as written; empty for the end.
      column: of its first character, from 1.
    """

    kind: str
    text: str
    column: int


class Tokens:
    """The tokens of a text and a place among them; only the parser moves it.

    Raises:
      ParseError: a character that no formula has.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(_tokenize(text))
        self._place = 0

    @property
    def current(self) -> Token:
        """The token at the place."""
        return self._tokens[self._place]

    @property
    def following(self) -> Token:
        """The token behind the current one; the end stands behind itself."""
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def advance(self, count: int = 1) -> None:
        """Moves the place."""
        self._place += count

    def accept(self, *symbols: str) -> Token | None:
        """Returns the current token and moves on if it is one of these symbols, else None."""
        token = self.current
        if token.kind == "symbol" and token.text in symbols:
            self.advance()
            return token
        return None

    def expect(self, symbol: str, why: str) -> None:
        """Moves on behind this symbol, or fails."""
        if self.accept(symbol) is None:
            self.fail(f"expected {symbol!r} {why}")

    def fail(self, problem: str, token: Token | None = None) -> NoReturn:
        """Raises the ParseError that points at a token, the current one by default."""
        token = token or self.current
        if problem.startswith("expected"):
            problem += f", found {token.text!r}" if token.text else ", found the end"
        raise ParseError(problem, self.text, token.column)


def _tokenize(text: str) -> Iterator[Token]:
    """Yields the tokens of a text, without spaces, and the end."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            _unexpected_character(text, position)
        if match.lastgroup == "stars":
            raise ParseError("a power is written with '^': x^2", text, position + 1)
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match.group(), position + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)


def _unexpected_character(text: str, position: int) -> NoReturn:
    character = text[position]
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    shown = repr(character) if character.isascii() else f"{character!r} ({name})"
    expected = "a formula has ASCII letters, digits, and + - * / ^ ( ) , ; ="
    raise ParseError(f"unexpected character {shown}; {expected}", text, position + 1)
