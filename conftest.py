"""Settings of tests and doctests alike: nothing goes into, or comes from, the cache folder of the user who runs them.

It stands here, not in tests/, so that it also holds where doctests are run by themselves; processes that tests start
inherit it.
"""

import atexit
import os
import shutil
import tempfile

os.environ["ACTSEARCH_CACHE"] = "off"

# Every module forgets what it compiled, so that memory stays small, and most compile much the same: a cache of this run
# saves a third of the time. Each worker has its own, since JAX does not write its files at one stroke; a child that is
# killed in the middle costs its program's next user a compilation and a warning.
CACHE = tempfile.mkdtemp(prefix="actsearch-tests-")
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
os.environ |= {"JAX_COMPILATION_CACHE_DIR": CACHE, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
