"""What grows with the catalog, and what does not: the same work on a small catalog and on a large one.

    cargo build --release && cargo build --release --examples
    python3 tests/bench/ratios.py [--small 10000] [--large 1000000] [--due 100000] [--rounds 5] [--check]

The catalogs (tests/bench/closed.sql) are kept in target/bench, for a day: what is recent in them must stay recent.
"""

import argparse
import contextlib
import hashlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
import harness

FOLDER = harness.TARGET / "bench"
SQL = Path(__file__).parent

# So many conferences are due in a pass that is not about a backlog.
DUE = 100

COMMANDS = {
    "status": ["status"],
    "conferences show": ["conferences", "show", "ID"],
    "conferences explain": ["conferences", "explain", "ID"],
}
PAGES = ["/healthz", "/metrics"]
READS = [*COMMANDS, *PAGES]

# `/metrics` and `/healthz` give one answer to all who ask within a second of it.
BETWEEN_SCRAPES_S = 1.2
UNMETERED = "[quota]\ncalls_per_month = 0\n"

# Nothing is watched, so DingTalk is asked nothing. If it were, nobody would be there.
NOBODY = "https://127.0.0.1:9"
IDLE_WARM_UP_S = 5

READ = "SELECT count(DISTINCT conference_id) FROM recordings WHERE conference_id >= 'due' AND conference_id < 'duf'"
LATEST = "SELECT conference_id FROM conferences WHERE rowid = (SELECT max(rowid) FROM conferences)"
LIST = """
    SELECT conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms,
           file_size, region_id, raw, first_seen_at, last_changed_at, missing_since
    FROM recordings ORDER BY coalesce(started_at, first_seen_at) DESC
"""


def execute(catalog, file, **numbers):
    """Runs a file of SQL with numbers in the place of names."""
    sql = (SQL / file).read_text()
    for name, value in {"now": int(time.time() * 1_000), **numbers}.items():
        sql = sql.replace(f":{name}", str(value))
    with contextlib.closing(sqlite3.connect(catalog)) as connection:
        connection.executescript(f"PRAGMA synchronous = OFF; BEGIN; {sql} COMMIT;")


def number(catalog, sql):
    with contextlib.closing(sqlite3.connect(catalog)) as connection:
        [(value,)] = connection.execute(sql).fetchall()
    return value


def closed(conferences):
    """A catalog with so many closed conferences."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made_of = [SQL / "closed.sql", *sorted((harness.ROOT / "migrations").glob("*.sql"))]
    digest = hashlib.sha256(time.strftime("%F", time.gmtime()).encode())
    for file in made_of:
        digest.update(file.read_bytes())
    catalog = FOLDER / f"closed-{conferences}-{digest.hexdigest()[:12]}.db"
    if not catalog.exists():
        print(f"making a catalog of {conferences} closed conferences", file=sys.stderr, flush=True)
        for outdated in FOLDER.glob(f"closed-{conferences}-*"):
            outdated.unlink()
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            being_made = Path(folder) / "catalog.db"
            harness.run(harness.ARCHIVER, "--config", harness.configuration(folder, being_made, NOBODY), "once")
            execute(being_made, "closed.sql", closed=conferences)
            being_made.rename(catalog)
    execute(catalog, "due.sql", due=0)
    return catalog


def once(catalogs, folder, rounds):
    """CPU of a pass with some conferences due, on the default share; a number a catalog."""
    costs = {catalog: [] for catalog in catalogs}
    with harness.fake() as base_url:
        for _ in range(rounds):
            for catalog in catalogs:
                execute(catalog, "due.sql", due=DUE)
                config = harness.configuration(folder, catalog, base_url)
                costs[catalog].append(harness.run(harness.ARCHIVER, "--config", config, "once").cpu_s)
                read = number(catalog, READ)
                if read != DUE:
                    sys.exit(f"{read} of {DUE} lists were read")
        for catalog in catalogs:
            execute(catalog, "due.sql", due=0)
    return [min(costs[catalog]) for catalog in catalogs]


def command(catalogs, folder, rounds, *words):
    """CPU of a command that reads; a number a catalog."""
    costs = {catalog: [] for catalog in catalogs}
    for _ in range(rounds):
        for catalog in catalogs:
            config = harness.configuration(folder, catalog, NOBODY)
            conference_id = number(catalog, LATEST)
            arguments = [conference_id if word == "ID" else word for word in words]
            costs[catalog].append(harness.run(harness.ARCHIVER, "--config", config, *arguments).cpu_s)
    return [min(costs[catalog]) for catalog in catalogs]


def sqlite(catalogs, rounds, form):
    """CPU of SQLite's own program for the list of recordings; a number a catalog."""
    return [
        min(harness.run("sqlite3", "-readonly", "-header", form, catalog, LIST).cpu_s for _ in range(rounds))
        for catalog in catalogs
    ]


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def daemon(catalog, folder, more=""):
    """The daemon at work on a catalog in which nothing is due."""
    config = harness.configuration(folder, catalog, NOBODY, more)
    with harness.started(harness.ARCHIVER, "--config", config, "run", stderr=subprocess.DEVNULL) as child:
        yield child


def scrapes(catalogs, folder, rounds):
    """CPU of an answer of each page, after the first; for each page, a number a catalog."""
    costs = {page: [] for page in PAGES}
    for catalog in catalogs:
        address = f"127.0.0.1:{free_port()}"
        with daemon(catalog, folder, f'[http]\nlisten = "{address}"\n') as child:
            wait_for(f"http://{address}/healthz")
            for page in PAGES:
                url = f"http://{address}{page}"
                fetch(url)
                costs[page].append(min(scrape(child.pid, url) for _ in range(rounds)))
    return costs.values()


def scrape(pid, url):
    time.sleep(BETWEEN_SCRAPES_S)
    before = harness.cpu_s(pid)
    fetch(url)
    return harness.cpu_s(pid) - before


def wait_for(url):
    """Until it is answered well."""
    for _ in range(300):
        with contextlib.suppress(urllib.error.URLError):
            return fetch(url)
        time.sleep(0.1)
    sys.exit(f"{url} is not answered")


def backlog(catalog, folder, due):
    """The cost of a pass with so many due."""
    with harness.fake() as base_url:
        execute(catalog, "due.sql", due=due)
        config = harness.configuration(folder, catalog, base_url, UNMETERED)
        cost = harness.run(harness.ARCHIVER, "--config", config, "once")
        left = number(catalog, "SELECT count(*) FROM conferences WHERE state = 'ended' AND attempts = 0")
        if left:
            sys.exit(f"{left} of {due} lists were not read")
        execute(catalog, "due.sql", due=0)
    return cost


def idle(folder, seconds):
    """CPU milliseconds a minute and resident MiB of a daemon that has nothing to do, all settings at their defaults."""
    with daemon(folder / "idle.db", folder) as child:
        time.sleep(IDLE_WARM_UP_S)
        before = harness.cpu_s(child.pid)
        time.sleep(seconds)
        return (harness.cpu_s(child.pid) - before) * 60_000 / seconds, harness.status(child.pid, "VmRSS")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000, help="conferences in the small catalog")
    parser.add_argument("--large", type=int, default=1_000_000, help="conferences in the large catalog")
    parser.add_argument("--due", type=int, default=100_000, help="lists in the backlog")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle-seconds", type=int, default=60, help="how long the idle daemon is watched")
    parser.add_argument("--check", action="store_true", help="fail where a bound of CI is broken")
    arguments = parser.parse_args()
    harness.built(harness.ARCHIVER, harness.FAKE)
    small, large, rounds = arguments.small, arguments.large, arguments.rounds
    catalogs = [closed(small), closed(large)]
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        folder = Path(folder)
        grows = {f"once with {DUE} due": once(catalogs, folder, rounds)}
        grows |= {what: command(catalogs, folder, rounds, *words) for what, words in COMMANDS.items()}
        grows |= dict(zip(PAGES, scrapes(catalogs, folder, rounds)))
        lists = {
            f"recordings list as {form}": (
                command(catalogs, folder, 1, "recordings", "list", "--format", form),
                sqlite(catalogs, 1, f"-{form}"),
            )
            for form in ("csv", "json")
        }
        many_due = backlog(catalogs[0], folder, arguments.due)
        idle_ms, idle_mib = idle(folder, arguments.idle_seconds)

    def row(what, costs):
        return [what, *(f"{cost * 1_000:.1f} ms" for cost in costs), f"{costs[1] / costs[0]:.2f}"]

    print(f"CPU, the least of {rounds} rounds, for what disturbs a round adds to it (lists: of one):\n")
    rows = [row(what, costs) for what, costs in grows.items()]
    for what, (ours, theirs) in lists.items():
        rows += [row(what, ours), row("the same by sqlite3", theirs)]
    harness.table(["", f"{small} closed", f"{large} closed", "ratio"], rows)
    print(f"{arguments.due} lists due at once: {many_due.cpu_s / arguments.due * 1e6:.0f} µs CPU each\n")
    measured = {f"{what}, large / small": costs[1] / costs[0] for what, costs in grows.items()}
    measured |= {f"{what}, large, CPU s": costs[1] for what, costs in grows.items() if what in READS}
    measured |= {f"{what}, large, / sqlite3": ours[1] / theirs[1] for what, (ours, theirs) in lists.items()}
    measured |= {
        "peak memory, many due at once, MiB": many_due.peak_mib,
        "idle, CPU ms a minute": idle_ms,
        "idle, resident MiB": idle_mib,
    }
    harness.judge(measured, arguments.check)


if __name__ == "__main__":
    main()
