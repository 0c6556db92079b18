#!/usr/bin/python3
"""kill -9 at random moments, of the campaign, its fuzzers and its replays: nothing that was found is lost.

One campaign against a library with planted bugs is killed again and again, and goes on; then it may
end. Every finding that was ever told is in the last report, every folder of a finding is whole, the
store is sound, and no fuzzer outlives its campaign.

"""
import argparse
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support import PATCHES, ROOT, changed_lib, recorded

from orchestrate.planted import patch, read_defect

CAMPAIGN = ROOT / "fuzz/campaign"
PROGRAMS = (b"fuzz-", b"afl-fuzz", b"procbuf-replay")
PARTS = ("input", "original.", "trace.", "explanation.txt", "finding.json")
REMEMBERS = """
extern char *getenv(const char *name);
extern int setenv(const char *name, const char *value, int overwrite);

/* The fifth call in a process traps: one input alone seldom shows it. */
static void remember(void)
{
    const char *before = getenv("PROCBUF_TEST_STATE");
    const char now[2] = { (char)(before == 0 ? 'a' : before[0] + 1), 0 };
    if (now[0] == 'e')
        __builtin_trap();
    (void)setenv("PROCBUF_TEST_STATE", now, 1);
}

"""


def plant(folder: Path) -> None:
    """Bugs of a call, and one of what ran before."""
    for defect in ("S12", "F03", "L10a"):
        patch(read_defect(PATCHES / f"{defect}.patch"), folder)
    path = folder / "lib/src/brk.c"
    text, count = re.subn(r"(?m)^(enum \w+ \w+memop_sbrk\([^{]*\{\n)", REMEMBERS + "\\1    remember();\n", path.read_text())
    if count != 1:
        raise RuntimeError(f"brk.c: memop_sbrk() is defined {count} times")
    path.write_text(text)


def processes_of(out: Path) -> list[int]:
    """Fuzzers and replays that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(out).encode() in b" ".join(words) and os.path.basename(words[0]).startswith(PROGRAMS):
            found.append(int(path.parent.name))
    return found


def run_for(command: list, seconds: float, chance: random.Random, out: Path, told: set) -> int | None:
    """Run a campaign, and kill it after a while; on the way, perhaps a fuzzer. Returns: its status
    if it ended before."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([str(word) for word in command], stdout=said, stderr=subprocess.STDOUT)
        waits = chance.randrange(4) != 0  # mostly while it fuzzes; else also while it gets ready
        while waits and process.poll() is None and not processes_of(out):
            time.sleep(0.05)
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
            fuzzers = processes_of(out) if chance.random() < 0.03 else []
            if fuzzers:
                try:
                    os.kill(chance.choice(fuzzers), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        status = process.poll()
        process.kill()
        process.wait()
        said.seek(0)
        told |= set(re.findall(r"^FINDING after \d+ s: (PROCBUF-BUG .*)$", said.read(), re.MULTILINE))
    return status


def ends_soon(out: Path) -> bool:
    """Fuzzers die with their campaign, replays end by themselves; a busy machine takes its time for both."""
    end = time.monotonic() + 300
    while processes_of(out):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def has_store(out: Path) -> bool:
    """A campaign that is killed as it begins leaves no store, or an empty file: its tables come all at once."""
    return (out / "state.sqlite").exists() and sqlite3.connect(out / "state.sqlite").execute(
        "pragma user_version").fetchone()[0] != 0


def check_whole(out: Path) -> list[str]:
    errors = []
    database = sqlite3.connect(out / "state.sqlite")
    if database.execute("pragma integrity_check").fetchone()[0] != "ok":
        errors.append("the store is damaged")
    for folder in (out / "findings").glob("[!.]*"):
        errors += [f"{folder.name}: {part} is missing" for part in PARTS
                   if not list(folder.glob(f"{part}*"))]
        json.loads((folder / "finding.json").read_text())
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\nusage")[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit status: 0 nothing was lost; 1 something was.")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="kills (10)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    lib = changed_lib("kills", plant)
    told: set[str] = set()
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="procbuf-test-") as name:
        out = Path(name) / "out"
        begin = [CAMPAIGN, "--harness", "slices", "--harness", "everything", "--engine", "libfuzzer", "--build",
                 "asan", "--lib", lib, "--empty", "--time", f"{options.count + 10}s", "--slice", "2s", "--out", out, "--seed", "1"]
        number = 0
        while number < options.count or not told and number < 10 * options.count:  # on a busy machine nothing may have been told yet
            number += 1
            go_on = has_store(out) and sqlite3.connect(out / "state.sqlite").execute(
                "select count(*) from nights where ended is null").fetchone()[0]
            command = [CAMPAIGN, "--resume", "--out", out] if go_on else begin
            run_for(command, chance.uniform(0.3, 4.0) * max(1, number / options.count), chance, out, told)
            if not ends_soon(out):
                errors.append(f"kill {number}: fuzzers or replays live on")
            if has_store(out):
                errors += [f"kill {number}: {error}" for error in check_whole(out)]
        done = subprocess.run([str(w) for w in [CAMPAIGN, "--resume", "--out", out]], capture_output=True, text=True,
                              check=False)
        if "no unfinished campaign" in done.stderr:
            done = subprocess.run([str(w) for w in begin], capture_output=True, text=True, check=False)
        if done.returncode != 1:
            errors.append(f"the last one ended with status {done.returncode}:\n{done.stdout}\n{done.stderr}")
        else:
            record = recorded(out)
            lost = told - {finding["identity"] for finding in record["findings"]}
            errors += [f"lost: {identity}" for identity in sorted(lost)] + check_whole(out)
    print("\n".join(errors))
    print(f"{number} kills, {len(told)} findings told, {len(errors)} things wrong")
    return 1 if errors or not told else 0


if __name__ == "__main__":
    sys.exit(main())
