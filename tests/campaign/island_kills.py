#!/usr/bin/python3
"""kill -9 at random moments, of hosts that share a campaign and of who merges: nothing is lost, nothing counted twice.

Four hosts, with stand-ins for engine and replay, are killed again and again, and go on; so is a merge. Then all come to
their end. Every input that a host kept is in the union and every finding that was told is in the report, once; each
host's runs are those of its own store; every value in the share is whole; and two merges in different orders are the same.
"""
import argparse
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import standin
from support import ROOT, recorded
from test_closed import RUN
from test_islands import OFTEN, tree

from orchestrate import share

HOSTS = ("a", "b", "c", "d")
BUSY = "too little time|no input was run"
"""What a report says after a night of seconds on a busy machine; nothing is lost by it."""


class Islands:
    def __init__(self, folder: Path, seconds: int):
        self.folder, self.seconds = folder, seconds
        self.shared = folder / "shared"
        self.shared.mkdir()
        standin.put_into(folder / "programs")

    def command(self, host: str) -> list[str]:
        """Go on with the night that was not ended, or begin it."""
        words = ["--resume"] if self.is_open(host) else [
            "--harness", "slices", "--harness", "life", "--engine", "libfuzzer", "--build", "asan", "--empty", "--time", f"{self.seconds}s",
            "--slice", "1s", "--jobs", "1", "--host", host, "--share", str(self.shared)]
        return ["/usr/bin/python3", "-X", "utf8", "-B", "-c", RUN % OFTEN, str(self.folder / "programs"), *words, "--out", str(self.folder / host)]

    def rows(self, host: str, question: str) -> list[tuple]:
        path = self.folder / host / "state.sqlite"
        try:
            return sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(question).fetchall()
        except sqlite3.Error:
            return []  # it has no tables yet

    def is_open(self, host: str) -> bool:
        return bool(self.rows(host, "select 1 from nights where ended is null")) and (self.folder / host / "island.json").exists()

    def has_ended(self, host: str) -> bool:
        return bool(self.rows(host, "select 1 from nights where ended is not null"))

    def start(self, host: str, does: str) -> subprocess.Popen:
        with open(self.folder / f"log-{host}", "a") as log:
            return subprocess.Popen(self.command(host), stdout=log, stderr=log, env=os.environ | {
                "PROCBUF_STANDIN": does, "PYTHONPATH": str(ROOT / "fuzz")})

    def merge(self, out: str, *wheres: Path) -> subprocess.Popen:
        with open(self.folder / f"log-{out}", "a") as log:
            return subprocess.Popen([ROOT / "fuzz/campaign", "--merge", *(wheres or (self.shared,)), "--out", self.folder / out], stdout=log, stderr=log)

    def damaged(self) -> list[str]:
        place = share.Folder(self.shared)
        return [f"damaged: {name}" for name in place.listing() if place.true_content(name) is None]

    def check(self) -> list[str]:
        """After all have ended and were merged."""
        record = recorded(self.folder / "merged")
        errors = [f"broken: {text}" for text in record["broken"] if not re.search(BUSY, text)] + self.damaged()
        told = {line for host in HOSTS for line in re.findall(r"^FINDING after \d+ s: (PROCBUF-BUG .*)$", (self.folder / f"log-{host}").read_text(),
                                                            re.MULTILINE)}
        identities = [finding["identity"] for finding in record["findings"]]
        errors += [f"lost: {identity}" for identity in told - {*identities}]
        errors += [f"counted twice: {identity}" for identity in {*identities} if identities.count(identity) > 1]
        for host, row in zip(HOSTS, record["hosts"]):
            (runs,), = self.rows(host, "select sum(runs) from slices where night = (select max(id) from nights)")
            if (row["name"], row["runs"], row["ended"], row["lives"]) != (host, runs, True, 1):
                errors.append(f"host {host} has {runs} runs; the report says {row}")
        words = {word for host in HOSTS for path in (self.folder / host / "corpus").glob("*/*") for word in path.read_text().split()}
        united = {word for path in (self.folder / "merged/share/inputs").glob("*/*") for word in path.read_text().split()}
        errors += [f"an input is lost: {word}" for word in sorted(words - united)]
        if tree(self.folder / "merged/share") != tree(self.folder / "again/share") or tree(self.folder / "merged/report") != tree(
                self.folder / "again/report"):
            errors.append("another order gave another result")
        if not words:
            errors.append("nothing was found: these kills show nothing")
        return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit status: 0 nothing was lost; 1 something was.")
    parser.add_argument("--count", type=int, default=6, metavar="N", help="kills (6)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="procbuf-test-") as name:
        islands = Islands(Path(name), 10 + options.count // 2)
        running: dict[str, subprocess.Popen] = {}
        for number in range(options.count):
            for host in HOSTS:
                if (host not in running or running[host].poll() is not None) and not islands.has_ended(host):
                    running[host] = islands.start(host, "crash:break" if chance.random() < 0.2 else f"find:{host}{number}")
            if "merge" not in running or running["merge"].poll() is not None:
                running["merge"] = islands.merge("merged")
            time.sleep(chance.uniform(0.2, 2.5))
            victim = running.pop(chance.choice([*HOSTS, "merge"] if number else HOSTS), None)
            if victim is not None:
                victim.kill()
                victim.wait()
            errors += [f"kill {number}: {error}" for error in islands.damaged()]
        for process in running.values():
            process.wait()
        while open_hosts := [host for host in HOSTS if not islands.has_ended(host)]:
            last = [islands.start(host, "steady") for host in open_hosts]
            if any(process.wait() not in (0, 1) for process in last):
                errors.append("a host did not finish:\n" + "\n".join((islands.folder / f"log-{host}").read_text()[-3000:] for host in open_hosts))
                break
        for out, wheres in (("merged", [islands.shared]), ("again", [*(islands.folder / host / "share" for host in reversed(HOSTS)), islands.shared])):
            if islands.merge(out, *wheres).wait() not in (0, 1):
                errors.append(f"the merge failed:\n{(islands.folder / f'log-{out}').read_text()[-3000:]}")
        if not errors:
            errors = islands.check()
        findings = len(recorded(islands.folder / "merged")["findings"]) if not errors else 0
    print("\n".join(errors))
    print(f"{options.count} kills, {findings} findings, {len(errors)} things wrong")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
