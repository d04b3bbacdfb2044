"""The one base of every error that speaks of a user's mistake; used by the whole package."""


class ActsearchError(ValueError):
    """A user's mistake: the message says what was wrong, what was received and what to write instead.

    The command line prints it as one line. Anything else is a bug and keeps its traceback.

    Example:
      >>> from actsearch import ActsearchError, parse
      >>> try:
      ...     parse("x +")
      ... except ActsearchError as error:
      ...     print(str(error).splitlines()[0])
      column 4: expected a number, a name or '(', found the end
    """
