"""One search from start to end."""

from actsearch.study.search import Progress, SearchResult, search

__all__ = ["Progress", "SearchResult", "search"]
