"""A running search seen from outside: in a terminal or a browser, by reading its archive and nothing else."""

from actsearch.live.following import Follower, State, View, followers
from actsearch.live.server import serving
from actsearch.live.terminal import lines, screen, watch_terminal

__all__ = ["Follower", "State", "View", "followers", "lines", "screen", "serving", "watch_terminal"]
