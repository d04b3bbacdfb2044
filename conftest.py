"""Settings of tests and doctests alike: nothing goes into, or comes from, the cache folder of the user who runs them.

It stands here, not in tests/, so that it also holds where doctests are run by themselves; processes that tests start
inherit it.
"""

import atexit
import os
import shutil
import tempfile

os.environ["ACTSEARCH_CACHE"] = "off"

# Modules compile much the same, and forget it now and then: a cache of this run, which its workers share, saves a third
# of the time. JAX does not write its files at one stroke: who meets one that is half written, by another worker or by a
# child that was killed in the middle, warns and compiles.
if "PYTEST_XDIST_WORKER" not in os.environ:
    CACHE = tempfile.mkdtemp(prefix="actsearch-tests-")
    atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
    os.environ |= {"JAX_COMPILATION_CACHE_DIR": CACHE, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
