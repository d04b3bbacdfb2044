"""Settings of tests and doctests alike: nothing goes into, or comes from, the cache folder of the user who runs them.

It stands here, not in tests/, so that it also holds where doctests are run by themselves; processes that tests start
inherit it.
"""

import os

os.environ["ACTSEARCH_CACHE"] = "off"
