"""What the measurements share: the programs, what a child of theirs costs, and how it is held against the goals."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from goals import GOALS

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ARCHIVER = TARGET / "release" / "recording-archiver"
FAKE = TARGET / "release" / "examples" / "fake"
LOWER_BOUND = TARGET / "release" / "examples" / "lower_bound"

SAMPLED_EVERY_S = 0.005


@dataclass
class Cost:
    """What a program took. Of several runs of it that follow each other, one after the other."""

    cpu_s: float = 0.0
    switches: int = 0
    peak_mib: float = 0.0

    def __add__(self, other):
        peak_mib = max(self.peak_mib, other.peak_mib)
        return Cost(self.cpu_s + other.cpu_s, self.switches + other.switches, peak_mib)


def built(*programs):
    """Ends here if one of the programs was not built."""
    for program in programs:
        if not Path(program).exists():
            sys.exit(f"{program} is missing: tests/bench/README.md says what to build first")


def status(pid, name):
    """A line of /proc/PID/status in MiB; 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":")), 0.0)


def cpu_s(pid):
    """The processor time that a running process has taken, by its CPU clock, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime((~pid << 3) | 2)


def run(*command, accept=(0,), **options):
    """Runs a program to its end; its cost. Its output is thrown away, but for what it says when it fails."""
    with tempfile.TemporaryFile() as said:
        options.setdefault("stdout", subprocess.DEVNULL)
        child = subprocess.Popen([str(part) for part in command], stderr=said, **options)
        # A child's maximum in its rusage begins with this program's own, so it is asked while it runs.
        peak, is_over = [0.0], threading.Event()

        def sample():
            while not is_over.wait(SAMPLED_EVERY_S):
                peak[0] = max(peak[0], status(child.pid, "VmHWM"))

        sampler = threading.Thread(target=sample)
        sampler.start()
        _, ended, usage = os.wait4(child.pid, 0)
        is_over.set()
        sampler.join()
        child.returncode = os.waitstatus_to_exitcode(ended)
        if child.returncode not in accept:
            said.seek(0)
            words = said.read().decode(errors="replace")
            sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}:\n{words}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_nvcsw + usage.ru_nivcsw, peak[0])


@contextmanager
def started(*command, **options):
    """A program that runs until the block ends."""
    child = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


@contextmanager
def fake():
    """The address of a DingTalk that costs little."""
    with started(FAKE, stdout=subprocess.PIPE, text=True) as child:
        yield child.stdout.readline().strip()


def configuration(folder, catalog, base_url, more=""):
    """A configuration file for this catalog, in which nothing waits for the rate; `more` are lines of TOML."""
    file = Path(folder) / f"{Path(catalog).stem}.toml"
    file.write_text(
        f'[dingtalk]\nbase_url = "{base_url}"\napp_key = "dingbench"\napp_secret = "secret"\n'
        f"requests_per_second = 100000\n[catalog]\npath = \"{catalog}\"\n{more}"
    )
    return file


def table(head, rows):
    """Prints a table: the first column left, the others right."""
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        print("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip(), flush=True)
    print(flush=True)


def judge(measured, check):
    """Prints what was measured beside the goals; with `check`, ends here if a bound of CI is broken."""
    rows, broken = [], []
    for name, value in measured.items():
        goal = GOALS[name]
        promised = ["", ""] if goal.most is None else [f"{goal.most:g}", "yes" if value <= goal.most else "NO"]
        rows.append([name, f"{value:.3g}", *promised])
        if goal.in_ci is not None and value > goal.in_ci:
            broken.append(f"{name}: {value:.3g}, and CI allows {goal.in_ci:g}")
    table(["", "measured", "goal", "reached"], rows)
    if check and broken:
        sys.exit("\n".join(broken))
