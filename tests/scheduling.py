"""Which of several processes runs what: all that shares something costly goes to one, which makes it once."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SHARED = {
    "coded": (
        "tests/encoding/plans/test_inband.py",
        "tests/encoding/streams/test_encryption.py",
        "tests/encoding/streams/test_judged.py",
        "tests/encoding/streams/test_package.py",
    ),
    "house": ("tests/browser/",),
    "spark": (
        "tests/base/test_compute_spark.py",
        "tests/base/test_compute_together.py",
        "tests/contracts/test_compute.py::TestSpark",
        "tests/examples/test_streaming.py",
        "tests/recommendation/methods/test_als_spark.py",
        "tests/recommendation/test_counting.py",
    ),
}


class Shared(LoadScopeScheduling):
    """A module or class to each process in turn, but all that is `SHARED` under one name to one."""

    def _split_scope(self, nodeid: str) -> str:
        found = (name for name, places in SHARED.items() if nodeid.startswith(places))
        return next(found, super()._split_scope(nodeid))
