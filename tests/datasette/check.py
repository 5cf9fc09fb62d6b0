"""Holds config/datasette.yaml against the catalog, with the real Datasette, as the manual starts it.

    python3 -m venv target/datasette
    target/datasette/bin/pip install --requirement tests/datasette/requirements.txt
    target/datasette/bin/python tests/datasette/check.py

Wants target/release/recording-archiver, and Chromium for the pages that are rendered. Prints a sentence a check. Exits 1 if
any check fails.
"""

import contextlib
import datetime
import hashlib
import html
import html.parser
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/recording-archiver"
CONFIGURATION = ROOT / "config/datasette.yaml"
PAGE = "systemd/package/man/recording-archiver-catalog.5.md"
DATASETTE = Path(sys.executable).parent / "datasette"
PATIENCE_SECONDS = 60

# A title and a name that would show themselves if a page took them for anything but text.
HOSTILE_TITLE = """<img src=x onerror="document.title='ran'"> **bold** [link](javascript:document.title='ran')"""
HOSTILE_NAME = "<script>document.title='ran'</script>"
HOSTILE_REGION = "<b>region</b>"

failures = 0


@contextlib.contextmanager
def check(sentence):
    """Prints whether what the sentence says is so."""
    global failures
    try:
        yield
        print(f"ok      {sentence}", flush=True)
    except Exception as error:  # Whatever goes wrong here is a finding.
        failures += 1
        print(f"FAILED  {sentence}: {type(error).__name__}: {error}", flush=True)


def wait_for(find, what):
    """What `find` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not in {PATIENCE_SECONDS} s")


# ---- who reads, and with what rights


def forbid_writing(folder):
    """Leaves whoever reads the folder's files no right to write them, or beside them; returns what to start readers with.

    Root may write whatever it is forbidden. So for root the files are somebody else's, and the reader is a root without the
    capability to write all the same: as little as a member of the catalog's group has.
    """
    files = list(folder.iterdir())
    if os.geteuid() == 0:
        for path in [folder, *files]:
            os.chown(path, 65534, 65534)
            path.chmod(0o755 if path == folder else 0o644)
        without = "-dac_override,-fowner"
        return ["setpriv", f"--inh-caps={without}", f"--bounding-set={without}"]
    for path in [*files, folder]:
        path.chmod(0o555 if path == folder else 0o444)
    return []


def assert_refused(reader, path):
    """Asserts that the reader can neither write the file nor make one beside it."""
    tries = (
        "import sys\n"
        "for name, mode in [(sys.argv[1], 'r+b'), (sys.argv[1] + '-wal', 'x'), (sys.argv[1] + '.new', 'x')]:\n"
        "    try: open(name, mode)\n"
        "    except (PermissionError, FileExistsError): continue\n"
        "    sys.exit(name + ' could be written')\n"
    )
    done = subprocess.run([*reader, sys.executable, "-c", tries, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr.strip()


def printed_arguments():
    """What the manual starts Datasette with."""
    take = f". .ci/printed.bash; printed {PAGE} '.*/bin/datasette .*'"
    printed = subprocess.run(["bash", "-c", take], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "/bin/datasette " in printed, f"{PAGE} does not print a command that starts Datasette"
    return shlex.split(printed)[1:]


class Datasette:
    """The real one, over one catalog, on a port of its own choice."""

    def __init__(self, catalog, reader, log):
        there = {"catalog.db": catalog, "datasette.yaml": CONFIGURATION}
        arguments = [there.get(Path(a).name, a) for a in printed_arguments()]
        # A busy machine is no failure.
        patience = ["--setting", "sql_time_limit_ms", "20000", "--setting", "facet_time_limit_ms", "20000"]
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*reader, DATASETTE, *arguments, *patience, "--port", "0"], stdout=out, stderr=out, cwd=log.parent
            )

    def __enter__(self):
        try:
            self.address = wait_for(self.listening, "Datasette listens")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        stop(self.process)

    def listening(self):
        text = self.log.read_text()
        assert self.process.poll() is None, f"Datasette ended: {text.strip()}"
        running = re.search(r"running on (http://127\.0\.0\.1:\d+)", text)
        return running and running[1]

    def get(self, path):
        """The page, which must answer 200."""
        # No proxy: what is asked here is on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.address + path, timeout=PATIENCE_SECONDS) as answer:
                assert answer.status == 200, f"{path} answered {answer.status}"
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            message = re.search(r'message-error">(.*?)<', error.read().decode())
            raise AssertionError(f"{path} answered {error.code}: {message[1] if message else ''}") from None

    def json(self, path, **parameters):
        return json.loads(self.get(f"{path}.json?{urllib.parse.urlencode(parameters)}"))

    def query(self, name, **parameters):
        """The rows of a canned query, each by the names of its columns. Its page, too, must answer."""
        self.get(f"/catalog/{name}?{urllib.parse.urlencode(parameters)}")
        answer = self.json(f"/catalog/{name}", **parameters)
        return [dict(zip(answer["columns"], row)) for row in answer["rows"]]


def stop(process, by=signal.SIGTERM):
    """Ends a process that was started here; returns its exit code."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


# ---- the catalog, and what is said of it


def ask(catalog, sql, *parameters):
    """Rows, straight from the file."""
    with contextlib.closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, parameters).fetchall()


def schema(catalog):
    """Every table and view with its columns, but for SQLite's own."""
    sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' ORDER BY name"
    columns = "SELECT name FROM pragma_table_info(?)"
    return {name: [column for (column,) in ask(catalog, columns, name)] for (name,) in ask(catalog, sql)}


def differences(there, said, what):
    return [f"{what} {name} is not described" for name in there if name not in said] + [
        f"{what} {name} is described, but is not there" for name in said if name not in there
    ]


def named_columns(table):
    """Columns that the configuration names in passing."""
    facets = [name for facet in table.get("facets", []) for name in (facet.values() if isinstance(facet, dict) else [facet])]
    single = [table[key] for key in ("sort", "sort_desc", "label_column") if key in table]
    return [*facets, *single, *table.get("units", {})]


def check_descriptions(described, catalog):
    there, tables = schema(catalog), described["tables"]
    with check("every table and view of the catalog is described, and no other"):
        found = differences(there, tables, "table or view")
        found += [f"{name} has no {key}" for name in tables for key in ("title", "description") if not tables[name].get(key)]
        assert not found, "; ".join(found)
    with check("every column of the catalog is described, and no other"):
        found = []
        for name, columns in there.items():
            said = tables.get(name, {}).get("columns", {})
            found += differences(columns, said, f"column {name}.")
            found += [f"{name}.{column} is described by nothing" for column in said if not said[column]]
        assert not found, "; ".join(found).replace(". ", ".")
    with check("every column that is sorted by, counted, measured or a label is there"):
        found = [f"{t}.{c}" for t in tables for c in named_columns(tables[t]) if c not in there.get(t, [])]
        assert not found, "not there: " + ", ".join(found)
    with check("every query has a title and a description"):
        queries, keys = described["queries"], ("title", "description")
        found = [f"{name} has no {key}" for name in queries for key in keys if not queries[name].get(key)]
        assert not found, "; ".join(found)
    with check("nothing in the configuration is HTML, or makes HTML of data"):
        text = CONFIGURATION.read_text()
        found = re.findall(r"^\s*(?:\w+_html|plugins|extra_\w+_urls):|<[a-z/!].*>", text, re.MULTILINE)
        assert not found, ", ".join(found)


def check_pages(described, datasette):
    with check("Datasette opened the file for reading, as one that others may write"):
        (database,) = [d for d in json.loads(datasette.get("/-/databases.json")) if d["name"] == "catalog"]
        assert database["is_mutable"], "it was opened as immutable"
        assert not database["is_memory"]
        assert "--nolock" not in printed_arguments()
    with check("Datasette shows every title, description and facet"):
        for name, table in described["tables"].items():
            page = html.unescape(datasette.get(f"/catalog/{name}"))
            for text in [table["title"], table["description"], *table["columns"].values()]:
                assert text in page, f"{name} does not show {text!r}"
            facets = {f if isinstance(f, str) else next(iter(f.values())) for f in table.get("facets", [])}
            counted = set(datasette.json(f"/catalog/{name}").get("facet_results", {}))
            assert facets == counted, f"{name} counts {counted}, not {facets}"
    with check("Datasette lists every query, by its title"):
        listed = {query["name"]: query["title"] for query in datasette.json("/catalog")["queries"]}
        assert listed == {name: query["title"] for name, query in described["queries"].items()}, listed


# ---- the queries, over a catalog in which everything has come to its end


def check_queries(described, catalog, datasette):
    answered = set()
    ((last,),) = ask(catalog, "SELECT date(max(started_at) / 1000, 'unixepoch') FROM recordings")

    def began(first, until):
        sql = "SELECT count(*) FROM recordings WHERE date(started_at / 1000, 'unixepoch') BETWEEN ? AND ?"
        return ask(catalog, sql, first, until)[0][0]

    def day(of, back):
        return str(datetime.date.fromisoformat(of) - datetime.timedelta(days=back))

    with check("recorded_last_week shows the recordings of its days, no more and no fewer"):
        rows = datasette.query("recorded_last_week", until=last)
        assert rows and len(rows) == began(day(last, 6), last), f"{len(rows)} rows"
        assert rows == sorted(rows, key=lambda row: row["started"], reverse=True)
        rows = datasette.query("recorded_last_week", until=day(last, 1), days=2)
        assert rows and {row["started"][:10] for row in rows} == {day(last, 1), day(last, 2)}
        today = str(datetime.datetime.now(datetime.timezone.utc).date())
        assert len(datasette.query("recorded_last_week")) == began(day(today, 6), today)
        assert datasette.query("recorded_last_week", until="last week") == []
        answered.add("recorded_last_week")
    with check("by_region_and_size adds up to all recordings"):
        rows = datasette.query("by_region_and_size")
        sizes = ("below_10_mib", "from_10_to_100_mib", "from_100_mib", "size_not_given")
        assert all(row["recordings"] == sum(row[size] for size in sizes) for row in rows)
        expected = "SELECT region_id, count(*), count(missing_since) FROM recordings GROUP BY 1 ORDER BY 1"
        shown = sorted((row["region"], row["recordings"], row["no_longer_listed"]) for row in rows)
        assert rows and shown == ask(catalog, expected), shown
        answered.add("by_region_and_size")
    with check("changed_after_archiving shows what was listed and dropped after the archiving"):
        rows = datasette.query("changed_after_archiving")
        late = "SELECT count(*) FILTER (WHERE first_seen_at > closed_at), count(*) FILTER (WHERE missing_since > closed_at)"
        expected = ask(catalog, late + " FROM recordings JOIN conferences USING (conference_id) WHERE state = 'archived'")
        what = [row["what"] for row in rows]
        shown = [(what.count("listed for the first time"), what.count("no longer listed"))]
        assert rows and shown == expected and len(rows) == sum(shown[0]), f"{shown} instead of {expected}"
        since = rows[0]["changed"][:10]
        assert datasette.query("changed_after_archiving", since=since) == [r for r in rows if r["changed"] >= since]
        answered.add("changed_after_archiving")
    with check("calls_by_day shows every day's calls, and adds them up as api_usage does"):
        ((last_day,),) = ask(catalog, "SELECT max(day) FROM api_calls")
        rows = datasette.query("calls_by_day", until=last_day)
        usage = dict(ask(catalog, "SELECT month, calls FROM api_usage"))
        assert rows and rows[0]["day"] == last_day
        assert rows[0]["month_so_far"] == usage[last_day[:7]], rows[0]
        assert sum(row["calls"] for row in rows if row["day"][:7] == last_day[:7]) == usage[last_day[:7]]
        kinds = ("organisation_list", "user_lists", "batch_queries", "conference_info", "recording_lists", "other")
        assert all(row["calls"] == sum(row[kind] or 0 for kind in kinds) for row in rows)
        assert [row["day"] for row in datasette.query("calls_by_day", until=last_day, days=1)] == [last_day]
        answered.add("calls_by_day")
    with check("backlog and needs_a_person show nothing where nothing is open and nothing failed"):
        assert datasette.query("backlog") == [] and datasette.query("needs_a_person") == []
    return answered


# ---- beside a daemon


@contextlib.contextmanager
def running(command, log, environment):
    with log.open("wb") as err, log.with_suffix(".out").open("wb") as out:
        process = subprocess.Popen([PROGRAM, *command], stdout=out, stderr=err, env=environment, cwd=log.parent)
    try:
        yield process
    finally:
        stop(process)


def check_beside_a_daemon(scratch):
    """Against a simulated DingTalk: a meeting that does not exist, and meetings that go on."""
    answered = set()
    folder = scratch / "live"
    folder.mkdir()
    catalog, simulated = folder / "catalog.db", scratch / "simulator.out"
    environment = os.environ | {"RECORDING_ARCHIVER__CATALOG__PATH": str(catalog)}

    def program(*command):
        subprocess.run([PROGRAM, "--config", simulated, *command], check=True, capture_output=True, env=environment)

    simulator = ["simulate", "--listen", "127.0.0.1:0", "--meetings", "400", "--seed", "3", "--speed", "60"]
    with running(simulator, scratch / "simulator.log", os.environ):
        wait_for(lambda: "calls_per_month" in simulated.read_text(), "the simulator prints its configuration")
        program("watch", "add", "000000000000000000000000")

        def something_goes_on():
            program("once")
            return ask(catalog, "SELECT 1 FROM conference_backlog")

        wait_for(something_goes_on, "a meeting goes on")
        reader = forbid_writing(folder) if os.geteuid() == 0 else []  # else the daemon could not write either
        with running(["--config", simulated, "run"], scratch / "daemon.log", environment) as daemon:
            wait_for((folder / "catalog.db-wal").exists, "the daemon has opened the catalog")
            with Datasette(catalog, reader, scratch / "live.log") as datasette:
                if reader:
                    with check("beside a daemon, Datasette may not write the catalog"):
                        assert_refused(reader, catalog)
                with check("backlog shows what is open beside a daemon, and why"):
                    rows = datasette.query("backlog")
                    assert rows and all(row["why"] and row["since"] for row in rows), rows
                    answered.add("backlog")
                with check("needs_a_person shows a conference that does not exist"):
                    codes = [(row["conference_id"], row["last_error_code"]) for row in datasette.query("needs_a_person")]
                    assert codes == [("000000000000000000000000", "roomNotFound")], codes
                    answered.add("needs_a_person")
                with check("calls_by_day begins with today, if it is not told otherwise"):
                    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
                    days = [row["day"] for row in datasette.query("calls_by_day")]
                    assert days and days[0] in (str(today), str(today - datetime.timedelta(days=1))), days
                with check("Datasette shows what the daemon writes after it was opened"):
                    def polled():
                        rows = datasette.json("/catalog/job_runs", _shape="array", stage="poll")
                        return rows and rows[0]["last_finished_at"]

                    before = wait_for(polled, "a first poll is shown")
                    wait_for(lambda: polled() > before, "a later poll is shown")
                with check("the daemon stops in order while Datasette has the catalog open, and Datasette goes on"):
                    assert stop(daemon) == 0, (scratch / "daemon.log").read_text()
                    assert datasette.query("backlog")
            with check("Datasette opens what the daemon left behind"):
                with Datasette(catalog, reader, scratch / "left.log") as datasette:
                    assert datasette.query("backlog")
    return answered


# ---- foreign text


def make_hostile(demo, catalog):
    """A copy of the demo's catalog with titles that want to be more than text, and a recording that was changed late."""
    catalog.parent.mkdir()
    shutil.copy(demo, catalog)
    catalog.chmod(0o600)
    with contextlib.closing(sqlite3.connect(catalog)) as connection, connection:
        latest = "SELECT conference_id, media_id FROM recordings ORDER BY started_at DESC LIMIT 1"
        ((conference_id, media_id),) = connection.execute(latest).fetchall()
        meeting = "UPDATE conferences SET title = ?, creator_nick = ? WHERE conference_id = ?"
        connection.execute(meeting, (HOSTILE_TITLE, HOSTILE_NAME, conference_id))
        # Ten days pass before each of the two changes.
        recording = "UPDATE recordings SET last_changed_at = last_changed_at + 864000000, {} WHERE media_id = ?"
        connection.execute(recording.format("region_id = ?"), (HOSTILE_REGION, media_id))
        connection.execute(recording.format("file_size = 1048576, duration_ms = 1000"), (media_id,))
    return media_id


def check_foreign_text(described, demo, catalog, log):
    media_id = make_hostile(demo, catalog)
    ((region, file_size),) = ask(demo, "SELECT region_id, file_size FROM recordings WHERE media_id = ?", media_id)
    with Datasette(catalog, [], log) as datasette:
        with check("changed_after_archiving says what a recording said before each change"):
            what = [row["what"] for row in datasette.query("changed_after_archiving") if row["media_id"] == media_id]
            assert what[1:] == [f"region was {region}"], what
            assert re.fullmatch(rf"size was {file_size / 1048576:.1f} MiB; duration was \d\d:\d\d:\d\d", what[0]), what
        with check("no page takes foreign text for HTML"):
            names = [*described["tables"], *(f"{q}?days=100000" for q in described["queries"])]
            pages = {name: datasette.get(f"/catalog/{name}") for name in names}
            for name, page in pages.items():
                for raw in (HOSTILE_TITLE, HOSTILE_NAME, HOSTILE_REGION):
                    assert raw not in page and raw[:12] not in page, f"{name} has it raw: {raw}"
            for name in ("recording_catalog", "conferences", "recordings", "recorded_last_week?days=100000"):
                assert "&lt;img src=x" in pages[name], f"{name} does not show it"
        render_foreign_text(datasette)


# ---- a browser


class Cells(html.parser.HTMLParser):
    """The text of every table cell, by its column."""

    def __init__(self, page):
        super().__init__()
        self.cells, self.column, self.elements = {}, None, set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.add((tag, dict(attributes).get("src")))
        if tag == "td":
            self.column = dict(attributes).get("class", "").split(" ")[0].removeprefix("col-")
            self.cells.setdefault(self.column, []).append("")

    def handle_endtag(self, tag):
        if tag == "td":
            self.column = None

    def handle_data(self, data):
        if self.column is not None:
            self.cells[self.column][-1] += data


def rendered(address):
    """The page as Chromium has it after its scripts have run. It may speak to nobody but loopback."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={profile}"]
        # Chromium's sandbox works neither for root nor in many containers; the page is our own.
        command += ["--no-sandbox", "--dump-dom", address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=3 * PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr.strip()[-500:]
    # Datasette's script puts a menu on each head: without it, no script ran.
    assert "dropdown-menu-icon" in done.stdout, "Datasette's own script did not run"
    return done.stdout


def render_catalog(catalog, datasette):
    if not shutil.which("chromium"):
        print("SKIPPED Chromium is not installed: NO PAGE WAS RENDERED", flush=True)
        return
    with check("Chromium shows the latest recording's title and region"):
        ((title, region),) = ask(catalog, "SELECT title, region FROM recording_catalog ORDER BY started DESC LIMIT 1")
        cells = Cells(rendered(f"{datasette.address}/catalog/recording_catalog")).cells
        assert cells["title"][0] == title and cells["region"][0] == region, (cells["title"][0], cells["region"][0])


def render_foreign_text(datasette):
    if not shutil.which("chromium"):
        return  # said already
    with check("Chromium shows foreign text as it is, and runs none of it"):
        page = rendered(f"{datasette.address}/catalog/recording_catalog")
        shown = Cells(page)
        assert HOSTILE_TITLE in shown.cells["title"] and HOSTILE_NAME in shown.cells["creator"]
        assert HOSTILE_REGION in shown.cells["region"]
        assert ("img", "x") not in shown.elements and "<title>ran" not in page


def fingerprint(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def main(scratch):
    whole = yaml.safe_load(CONFIGURATION.read_text())
    with check("what is described is the database `catalog`"):
        assert list(whole["databases"]) == ["catalog"]
    described = whole["databases"]["catalog"]
    with check("the manual installs the Datasette that is tested here"):
        pinned = re.search(r"^datasette==\S+$", Path(__file__).with_name("requirements.txt").read_text(), re.MULTILINE)[0]
        assert f" {pinned}\n" in (ROOT / PAGE).read_text(), f"{PAGE} does not install {pinned}"
    folder = scratch / "demo"
    folder.mkdir()
    catalog = folder / "catalog.db"
    subprocess.run([PROGRAM, "demo", "--catalog", catalog], check=True, stdout=subprocess.DEVNULL)
    check_descriptions(described, catalog)
    reader = forbid_writing(folder)
    try:
        before = fingerprint(folder)
        with Datasette(catalog, reader, scratch / "demo.log") as datasette:
            with check("Datasette may neither write the catalog nor anything beside it"):
                assert_refused(reader, catalog)
            check_pages(described, datasette)
            answered = check_queries(described, catalog, datasette)
            render_catalog(catalog, datasette)
        with check("the catalog's bytes are what they were, and nothing lies beside it"):
            assert fingerprint(folder) == before and list(before) == ["catalog.db"]
        check_foreign_text(described, catalog, scratch / "hostile/catalog.db", scratch / "hostile.log")
    finally:
        folder.chmod(0o755)  # or it could not be removed
    answered |= check_beside_a_daemon(scratch)
    with check("every query answered with rows"):
        unanswered = set(described["queries"]) - answered
        assert not unanswered, f"no rows, or no check, for {', '.join(sorted(unanswered))}"
    return 1 if failures else 0


if __name__ == "__main__":
    (ROOT / "target").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="datasette-", dir=ROOT / "target") as scratch:
        Path(scratch).chmod(0o755)  # the reader without root's rights must pass
        sys.exit(main(Path(scratch)))
