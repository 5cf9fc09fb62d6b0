"""What is promised, and what CI holds a change against.

CI runs small sizes on machines that nobody knows, beside other work. So it asks for ratios within one run, for counts
and for memory, never for milliseconds, and for less than is promised.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """At most so much (None: nothing is promised); in CI, at most `in_ci` (None: not asked there)."""

    most: float | None
    in_ci: float | None


GOALS = {
    # tests/bench/peers/run.py
    "CPU a conference, archiver / SDK loop": Goal(0.3, 0.6),
    "CPU a conference, archiver / lower bound": Goal(2, 8),
    "context switches a conference": Goal(20, 40),
    "peak memory of the archiver, MiB": Goal(20, 30),
    # tests/bench/ratios.py
    "once with 100 due, large / small": Goal(1.3, 2),
    "status, large / small": Goal(3, 5),
    "conferences show, large / small": Goal(3, 5),
    "conferences explain, large / small": Goal(3, 5),
    "/healthz, large / small": Goal(3, 5),
    "/metrics, large / small": Goal(3, 5),
    "status, large, CPU s": Goal(0.2, None),
    "conferences show, large, CPU s": Goal(0.2, None),
    "conferences explain, large, CPU s": Goal(0.2, None),
    "/healthz, large, CPU s": Goal(0.2, None),
    "/metrics, large, CPU s": Goal(0.2, None),
    "recordings list as csv, large, / sqlite3": Goal(None, 5),
    "recordings list as json, large, / sqlite3": Goal(None, 5),
    "peak memory, many due at once, MiB": Goal(40, 50),
    "idle, CPU ms a minute": Goal(15, None),
    "idle, resident MiB": Goal(17, 24),
}
