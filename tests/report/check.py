"""Looks at the report in Chromium: on a phone and on a desk, light and dark.

    python3 tests/report/check.py [PROGRAM [PICTURES]]

PROGRAM is target/release/recording-archiver unless it is named. With PICTURES, what is seen is kept in that folder. Prints
a sentence a check. Exits 1 if any check fails.
"""

import base64
import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "target/release/recording-archiver"
PICTURES = Path(sys.argv[2]) if len(sys.argv) > 2 else None

PHONE, DESK = 400, 1100
FOREIGN = """<img src=x onerror="document.title='ran'"><script>document.title='ran'</script> 产品周会"""
LONG = "https://example.invalid/" + "x" * 500

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


class Browser:
    """Chromium, spoken to over a pipe in its own protocol: the pages' policy keeps scripts out, and this does not need any."""

    def __init__(self, profile):
        (theirs_in, self.to), (self.of, theirs_out) = os.pipe(), os.pipe()
        command = ["chromium", "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        # Chromium's sandbox works neither for root nor in many containers; the page is our own.
        command += ["--no-sandbox", "--hide-scrollbars", "about:blank"]
        # The pipe is expected at 3 and 4.
        shell = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "-", *command]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(shell, pass_fds=(theirs_in, theirs_out), stdout=quiet, stderr=quiet)
        os.close(theirs_in)
        os.close(theirs_out)
        self.ids, self.unread, self.events, self.session = itertools.count(1), b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def message(self):
        while b"\0" not in self.unread:
            more = os.read(self.of, 1 << 20)
            assert more, "Chromium ended"
            self.unread += more
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        question = {"id": next(self.ids), "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.to, json.dumps(question).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == question["id"]:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.events.append(message)

    def open(self, address, width, scheme):
        """Shows a page; answers what it asked for, and what the browser had to say about it."""
        self.events.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        self.ask("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        # Whatever comes late has come when this is answered.
        self.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
        requests = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        said = [e["params"]["entry"]["text"] for e in self.events if e["method"] == "Log.entryAdded"]
        return requests, said

    def value(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def picture(self, path):
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


# What stands over what it should not: labels of a plot on one another, or anything beyond the page's edge.
OVERLAPS = """(() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([one, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
      if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom) found.push(one + ' on ' + other);
    }));
    boxes.forEach(([text, box]) => {
      if (box.left < 0 || box.right > innerWidth) found.push(text + ' beyond the edge');
    });
  }
  return found;
})()"""

# The contrast of each text with the page, by WCAG 2: the least.
CONTRAST = """(() => {
  const light = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  const ratio = color => {
    const other = light(color);
    return (Math.max(paper, other) + 0.05) / (Math.min(paper, other) + 0.05);
  };
  const least = (selector, property) => Math.min(...[...document.querySelectorAll(selector)]
    .map(element => ratio(getComputedStyle(element)[property])));
  return {
    text: Math.min(least('main *:not(svg):not(svg *)', 'color'), least('svg text', 'fill')),
    bars: Math.min(least('.part0, .part1, .part2', 'fill'), least('path.line', 'stroke')),
  };
})()"""

UNNAMED = """[...document.querySelectorAll('svg')].filter(svg => !svg.closest('svg[role=img]') || svg.getAttribute('role') == 'img'
  && !svg.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id).textContent)).length"""


def write(catalog, page, *options):
    settings = {"RECORDING_ARCHIVER__CATALOG__PATH": str(catalog), "RECORDING_ARCHIVER__EVENTS__STREAM": "true"}
    environment = os.environ | settings
    subprocess.run([PROGRAM, "report", page, *options], check=True, env=environment, stdout=subprocess.DEVNULL)


def make_hostile(demo, catalog):
    """A copy of the demo's catalog in which everything is wrong, in words that want to be more than text."""
    shutil.copy(demo, catalog)
    with contextlib.closing(sqlite3.connect(catalog)) as connection, connection:
        of_closed = "WHERE conference_id IN (SELECT conference_id FROM conferences WHERE closed_at IS NOT NULL LIMIT ?)"
        failed = "UPDATE conferences SET state = 'failed', title = ?, last_error_code = 'permissionError', last_error_message = ?"
        connection.execute(f"{failed} {of_closed}", (FOREIGN, LONG, 30))
        ended = "UPDATE conferences SET state = 'ended', closed_at = NULL WHERE state = 'archived'"
        connection.execute(ended)
        connection.execute("UPDATE recordings SET region_id = ? WHERE rowid % 3 = 0", (FOREIGN,))
        connection.execute("UPDATE recordings SET record_type = 7 WHERE rowid % 5 = 0")
        connection.execute("UPDATE job_runs SET outcome = ?, failures = 9, last_ok_at = 1", (LONG,))
        connection.execute("UPDATE event_stream SET connected_since = NULL, closed_at = 1, last_error = ?", (FOREIGN,))
        connection.execute("UPDATE pushes SET event_type = ? WHERE event_type = 'flash_minutes_open_event'", (LONG,))
        connection.execute("UPDATE sightings SET announced_at = NULL")
        connection.execute("INSERT INTO pauses VALUES ('*', 4000000000000, 1, 1, 'systemError', ?)", (FOREIGN,))


def look(browser, page, name):
    """What must hold of every page, however it is looked at."""
    for width, scheme in itertools.product((PHONE, DESK), ("light", "dark")):
        seen = f"{name}, {width} pixels wide, {scheme}:"
        requests, said = browser.open(page.as_uri(), width, scheme)
        with check(f"{seen} asks for nothing but itself, and breaks no policy"):
            assert requests == [page.as_uri()] and not said, (requests, said)
        with check(f"{seen} nothing scrolls sideways"):
            beyond = browser.value("[...document.querySelectorAll('main *:not(svg *)')].filter("
                                   "e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))")
            assert browser.value("document.documentElement.scrollWidth") <= width and not beyond, beyond
        with check(f"{seen} no label stands on another, and each plot has a name and says what it shows"):
            overlaps = browser.value(OVERLAPS)
            assert not overlaps and browser.value(UNNAMED) == 0, overlaps
        with check(f"{seen} text stands out from the page by 4.5, and bars by 3"):
            contrast = browser.value(CONTRAST)
            assert (contrast["text"] or 21) >= 4.5 and (contrast["bars"] or 21) >= 3, contrast
        if PICTURES:
            browser.picture(PICTURES / f"{name.replace(' ', '-')}-{width}-{scheme}.png")


def main(scratch):
    if not shutil.which("chromium"):
        print("SKIPPED Chromium is not installed: NO PAGE WAS LOOKED AT", flush=True)
        return 0
    demo, hostile, empty = scratch / "demo.db", scratch / "hostile.db", scratch / "empty.db"
    demo_with_events = [PROGRAM, "demo", "--events", "--format", "json", "--catalog", demo]
    subprocess.run(demo_with_events, check=True, stdout=subprocess.DEVNULL)
    make_hostile(demo, hostile)
    shutil.copy(demo, empty)
    with contextlib.closing(sqlite3.connect(empty)) as connection, connection:
        for table in ("recording_revisions", "recordings", "conferences", "api_calls", "pushes", "event_stream", "job_runs"):
            connection.execute(f"DELETE FROM {table}")
    june = ("--since", "2026-06-01", "--until", "2026-06-30")
    with Browser(scratch / "profile") as browser:
        for catalog, name in ((demo, "the demo"), (hostile, "a hostile catalog"), (empty, "an empty catalog")):
            page = scratch / f"{catalog.stem}.html"
            write(catalog, page, *june)
            look(browser, page, name)
            if catalog == demo:
                with check("the demo has its plots"):
                    assert browser.value("document.querySelectorAll('svg[role=img]').length") == 6
            if catalog == hostile:
                with check("foreign text is shown as it is, and none of it runs"):
                    assert FOREIGN in browser.value("document.querySelector('#person').textContent")
                    assert browser.value("document.querySelectorAll('img, script').length") == 0
                    assert browser.value("document.title").startswith("Recordings, ")
            if catalog == empty:
                with check("an empty catalog has sentences, and no frame without a picture"):
                    assert browser.value("document.querySelectorAll('svg, tbody:empty').length") == 0
    return 1 if failures else 0


if __name__ == "__main__":
    # Some process of the browser may still write to its profile.
    with tempfile.TemporaryDirectory(prefix="report-", ignore_cleanup_errors=True) as scratch:
        sys.exit(main(Path(scratch)))
