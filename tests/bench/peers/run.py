"""The archiver beside its peers: the same conferences, the same DingTalk, one after the other and again.

    cargo build --release && cargo build --release --examples
    python3 -m venv target/sdk && target/sdk/bin/pip install --requirement tests/sdk/requirements.txt
    python3 tests/bench/peers/run.py [--conferences 5000] [--rounds 3] [--check]

Every conference is over: what it takes to archive it is a share of a batch query, conference info, and the list of its
recordings. All of them begin with the same catalog, and must end with the same recordings in it.
"""

import argparse
import hashlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import harness

SDK = Path(__file__).with_name("sdk.py")
SETTINGS = """
[collect]
first_delay = "0s"
settle = "0s"
[quota]
calls_per_month = 0
"""


def catalog_of(conferences, folder, base_url):
    """A catalog with so many conferences on watch."""
    ids = folder / "ids"
    # As random as DingTalk's, and the same in each run.
    ids.write_text("".join(hashlib.sha256(b"%d" % n).hexdigest()[:24] + "\n" for n in range(conferences)))
    catalog = folder / "watched.db"
    config = harness.configuration(folder, catalog, base_url, SETTINGS)
    harness.run(harness.ARCHIVER, "--config", config, "watch", "import", ids)
    return catalog


def number(catalog, sql):
    connection = sqlite3.connect(catalog)
    [(value,)] = connection.execute(sql).fetchall()
    connection.close()
    return value


def archiver(catalog, folder, base_url):
    """One pass takes on a bounded number of conferences that were never asked about."""
    config = harness.configuration(folder, catalog, base_url, SETTINGS)
    cost, left = harness.Cost(), None
    while left != 0:
        cost += harness.run(harness.ARCHIVER, "--config", config, "once")
        before, left = left, number(catalog, "SELECT count(*) FROM conferences WHERE closed_at IS NULL")
        if left == before:
            sys.exit(f"{left} conferences stay open")
    return cost


def programs(sdk_python):
    return {
        "archiver": archiver,
        "lower bound": lambda catalog, _, base_url: harness.run(harness.LOWER_BOUND, base_url, catalog),
        "SDK loop": lambda catalog, _, base_url: harness.run(sdk_python, SDK, base_url, catalog),
    }


def archived(catalog):
    """What the catalog has, to compare."""
    connection = sqlite3.connect(catalog)
    rows = connection.execute(
        """SELECT c.conference_id, c.state, c.ended_at, r.media_id, r.file_size
           FROM conferences c LEFT JOIN recordings r ON r.conference_id = c.conference_id ORDER BY 1, 4"""
    ).fetchall()
    connection.close()
    return rows


def measure(conferences, rounds, sdk_python):
    """Of each program, its costs, one a round."""
    costs = {}
    with tempfile.TemporaryDirectory(dir=harness.TARGET) as folder, harness.fake() as base_url:
        folder = Path(folder)
        watched = catalog_of(conferences, folder, base_url)
        for number_of_round in range(rounds):
            expected = None
            for name, program in programs(sdk_python).items():
                catalog = folder / f"{number_of_round}-{name.replace(' ', '-')}.db"
                shutil.copy(watched, catalog)
                costs.setdefault(name, []).append(program(catalog, folder, base_url))
                rows = archived(catalog)
                expected = expected or rows
                if rows != expected or any(row[1] != "archived" or row[3] is None for row in rows):
                    sys.exit(f"{name} did not archive what there was to archive")
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conferences", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sdk", default=harness.TARGET / "sdk/bin/python", help="a Python that has the SDK")
    parser.add_argument("--check", action="store_true", help="fail where a bound of CI is broken")
    arguments = parser.parse_args()
    harness.built(harness.ARCHIVER, harness.FAKE, harness.LOWER_BOUND, arguments.sdk)
    costs = measure(arguments.conferences, arguments.rounds, arguments.sdk)

    def middle(name, of):
        return statistics.median(of(cost) for cost in costs[name])

    cpu_us = {name: middle(name, lambda cost: cost.cpu_s) / arguments.conferences * 1e6 for name in costs}
    switches = {name: middle(name, lambda cost: cost.switches) / arguments.conferences for name in costs}
    peak = {name: middle(name, lambda cost: cost.peak_mib) for name in costs}
    print(f"{arguments.conferences} conferences, the median of {arguments.rounds} rounds:\n")
    harness.table(
        ["", "CPU a conference", "switches a conference", "peak memory"],
        [[name, f"{cpu_us[name]:.0f} µs", f"{switches[name]:.1f}", f"{peak[name]:.1f} MiB"] for name in costs],
    )
    harness.judge(
        {
            "CPU a conference, archiver / SDK loop": cpu_us["archiver"] / cpu_us["SDK loop"],
            "CPU a conference, archiver / lower bound": cpu_us["archiver"] / cpu_us["lower bound"],
            "context switches a conference": switches["archiver"],
            "peak memory of the archiver, MiB": peak["archiver"],
        },
        arguments.check,
    )


if __name__ == "__main__":
    main()
