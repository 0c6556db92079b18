"""What a folder of campaigns knows from night to night: facts in SQLite, inputs and findings as files.

Whatever is in a file is complete there before its fact is written; facts that are missing, because
a campaign was killed in between, are recovered from the files when the next one begins.
"""
from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .record import Canary, Finding, Flight, Harness, Night, Residual, Sample, Span, Totals
from .tools import ToolError

VERSION = 1
ADDED = """
create table if not exists corpora (harness text primary key, inputs integer not null);
create table if not exists spans (
    night integer not null, core integer not null, harness text not null, setup text not null, begin_s real not null,
    end_s real not null, runs integer not null, discoveries text not null);
create table if not exists islands (night integer primary key, life text not null, shared_night integer not null);
create table if not exists covered (night integer primary key, lines integer not null, covered_lines integer not null);
"""
"""Folders of an earlier campaign have them not yet."""
SCHEMA = """
create table nights (
    id integer primary key, began text not null, revision text not null, options text not null,
    fuzzed_s real not null default 0, ended text, red integer, runs integer, summary text);
create table slices (
    night integer not null, harness text not null, setup text not null, seconds real not null,
    startup_s real not null, runs integer not null, checked integer not null, edges integer not null,
    features integer not null, corpus integer not null, crashes integer not null, at_s real not null);
create table samples (
    night integer not null, harness text not null, setup text not null, at_s real not null,
    runs integer not null, features integer not null);
create table findings (
    identity text primary key, folder text not null, harness text not null, severity text not null,
    first_night integer not null, last_night integer not null, status text not null,
    fixed_night integer);
create table artefacts (path text primary key, identity text not null);
create table canaries (
    night integer not null, id text not null, harness text not null, seconds real, why text not null);
create table reached (code text primary key, night integer not null);
create table residual (
    night integer not null, harness text not null, at_s real not null, inputs integer not null,
    seen integer not null, once integer not null);
"""


class Store:
    """The facts of one folder. `night` is the one that goes on: what is added is its."""

    def __init__(self, folder: Path):
        self.night = 0
        self.path = folder / "state.sqlite"
        self.was_empty = self.path.exists() and self.path.stat().st_size == 0
        try:
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
            self.db.row_factory = sqlite3.Row
            self.db.execute("pragma journal_mode = wal")
            self.db.execute("pragma synchronous = full")
            version = self.db.execute("pragma user_version").fetchone()[0]
            if version == 0:
                self.db.executescript(f"begin; {SCHEMA} pragma user_version = {VERSION}; commit;")
            elif version != VERSION:
                raise ToolError(f"{self.path}: written by another version of the campaign ({version}, this is "
                                f"{VERSION}): use another folder")
            self.db.executescript(ADDED)
            self.db.execute("select count(*) from nights").fetchone()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                raise
            raise ToolError(f"{self.path}: damaged ({error}): move it away and start again; findings and inputs "
                            "are plain files, and are taken in again") from error

    @contextmanager
    def writing(self):
        """All or nothing."""
        self.db.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def _add(self, table: str, *values: object, how: str = "") -> None:
        """A row of a table; `how`: what to do if there is one with its key."""
        self.db.execute(f"insert {how} into {table} values ({', '.join('?' * len(values))})", values)

    # ---- Nights ----

    def begin_night(self, revision: str, options: dict, life: str = "", shared_night: int = 0) -> None:
        """Nights that were killed, and that no --resume continued, are over. One that is shared has the life that this host
        calls it, and the number that all hosts do."""
        with self.writing() as db:
            db.execute("update nights set ended = 'killed' where ended is null")
            self.night = db.execute("insert into nights (began, revision, options) values (?, ?, ?)",
                                    (time.strftime("%Y-%m-%d %H:%M:%S"), revision, json.dumps(options))).lastrowid
            if life:
                self._add("islands", self.night, life, shared_night)

    def go_on(self) -> tuple[dict, float]:
        """The night that was not ended goes on. Returns: its options, and the seconds that were fuzzed."""
        row = self.db.execute("select * from nights where ended is null order by id desc limit 1").fetchone()
        if row is None:
            why = ("its state.sqlite is empty" if self.was_empty or not self.nights()
                   else "the last campaign in this folder has finished")
            raise ToolError(f"{self.path.parent}: no unfinished campaign: {why}")
        self.night = row["id"]
        return json.loads(row["options"]), row["fuzzed_s"]

    def shared(self) -> tuple[str, int]:
        """Of the night that goes on: its life, and its number in the share."""
        row = self.db.execute("select life, shared_night from islands where night = ?", (self.night,)).fetchone()
        if row is None:
            raise ToolError(f"{self.path}: the night that was stopped was not shared: begin without --resume")
        return row["life"], row["shared_night"]

    def note_time(self, seconds: float) -> None:
        self.db.execute("update nights set fuzzed_s = ? where id = ?", (seconds, self.night))

    def end_night(self, red: bool, runs: int, summary: str) -> None:
        self.db.execute("update nights set ended = ?, red = ?, runs = ?, summary = ? where id = ?",
                        (time.strftime("%Y-%m-%d %H:%M:%S"), int(red), runs, summary, self.night))

    def nights(self) -> list[Night]:
        """All of them, the oldest first, with how many findings and canaries each had."""
        seconds: dict[int, list[float]] = {}
        for flight in self.canary_series():
            seconds.setdefault(flight.night, []).extend([flight.seconds] if flight.seconds is not None else [])
        return [Night(**row, detection_s=median(seconds[row["id"]]) if seconds.get(row["id"]) else None) for row in self.db.execute(
            "select id, began, revision, fuzzed_s, ended, red, runs, summary, "
            "(select count(*) from findings where first_night = nights.id) as new_findings, "
            "(select count(*) from canaries where night = nights.id) as canaries, "
            "(select count(*) from canaries where night = nights.id and why = '') as canaries_found, "
            "(select lines from covered where night = nights.id) as lines, "
            "(select covered_lines from covered where night = nights.id) as covered_lines "
            "from nights order by id")]

    # ---- Slices ----

    def add_slice(self, facts: Harness, span: Span, samples: list[tuple[float, int, int]]) -> None:
        """What one process did."""
        f = facts
        with self.writing():
            self._add("slices", self.night, f.name, span.setup, f.seconds, f.startup_s, f.runs, f.checked_operations, f.edges, f.features,
                      f.corpus, f.crashes, span.end_s)
            self._add("spans", self.night, span.core, f.name, span.setup, span.begin_s, span.end_s, span.runs, json.dumps(span.discoveries))
            for sample in samples:
                self._add("samples", self.night, f.name, span.setup, *sample)

    def spans(self) -> list[Span]:
        return [Span(**dict(row) | {"discoveries": json.loads(row["discoveries"])}) for row in self.db.execute(
            "select core, harness, setup, begin_s, end_s, runs, discoveries from spans where night = ? order by end_s", (self.night,))]

    def slices(self) -> list[Harness]:
        """Those of the night, of which some may be from before it was stopped."""
        return [Harness(**row, about="") for row in self.db.execute(
            "select harness as name, runs, checked as checked_operations, edges, features, corpus, seconds, startup_s, crashes "
            "from slices where night = ?", (self.night,))]

    def turns(self) -> list[tuple[str, str, int, float]]:
        """What each harness had in each set-up, this night: processes, and their seconds."""
        return [(row[0], row[1], row[2], row[3]) for row in self.db.execute(
            "select harness, setup, count(*), sum(seconds) from slices where night = ? group by harness, setup", (self.night,))]

    def samples(self) -> list[Sample]:
        return [Sample(*row) for row in self.db.execute(
            "select harness, setup, round(at_s, 1), runs, features from samples where night = ? order by at_s", (self.night,))]

    def add_residual(self, point: Residual) -> None:
        self._add("residual", self.night, point.harness, point.at_s, point.inputs, point.seen, point.once)

    def residual(self) -> list[Residual]:
        return [Residual(*row) for row in self.db.execute(
            "select harness, at_s, inputs, seen, once from residual where night = ? order by at_s", (self.night,))]

    # ---- Findings ----

    def finding(self, identity: str) -> sqlite3.Row | None:
        return self.db.execute("select * from findings where identity = ?", (identity,)).fetchone()

    def has_folder(self, folder: str) -> bool:
        return self.db.execute("select 1 from findings where folder = ?", (folder,)).fetchone() is not None

    def open_findings(self) -> list[sqlite3.Row]:
        return self.db.execute("select * from findings where status != 'fixed' order by identity").fetchall()

    def see_finding(self, finding: Finding) -> str:
        """A finding was seen. Returns: new, known or regressed."""
        known = self.finding(finding.identity)
        if known is None:
            self._add("findings", finding.identity, finding.folder, finding.harness, finding.severity, self.night, self.night, "new", None)
            return "new"
        status = ("regressed" if known["status"] == "fixed" or
                  (known["status"] == "regressed" and known["last_night"] == self.night) else
                  "new" if known["first_night"] == self.night else "known")
        self.db.execute("update findings set last_night = ?, status = ?, folder = ? where identity = ?",
                        (self.night, status, finding.folder, finding.identity))
        return status

    def fix_finding(self, identity: str) -> None:
        self.db.execute("update findings set status = 'fixed', fixed_night = ? where identity = ?", (self.night, identity))

    def fixed(self) -> list[str]:
        return [row[0] for row in self.db.execute(
            "select identity from findings where status = 'fixed' and fixed_night = ? order by identity", (self.night,))]

    def has_triaged(self, path: str) -> bool:
        return self.db.execute("select 1 from artefacts where path = ?", (path,)).fetchone() is not None

    def triaged(self, path: str, identity: str) -> None:
        self._add("artefacts", path, identity, how="or replace")

    # ---- Corpora ----

    def corpus_before(self, harness: str) -> int:
        """How many inputs there were when the last night had done with it."""
        row = self.db.execute("select inputs from corpora where harness = ?", (harness,)).fetchone()
        return row[0] if row else 0

    def note_corpus(self, harness: str, inputs: int) -> None:
        self._add("corpora", harness, inputs, how="or replace")

    # ---- Canaries, coverage ----

    def add_canary(self, canary: Canary) -> None:
        self._add("canaries", self.night, canary.id, canary.harness, canary.seconds, canary.why)

    def canary_series(self) -> list[Flight]:
        return [Flight(*row) for row in self.db.execute(
            "select night, id, harness, seconds, why from canaries order by night, id")]

    def note_coverage(self, all_of: Totals) -> None:
        """Of the whole library."""
        self._add("covered", self.night, all_of.lines, all_of.covered_lines, how="or replace")

    def first_reached(self, code: set[str]) -> list[str]:
        """Take in what was reached. Returns: what no night before had reached; none in the first."""
        known = {row[0] for row in self.db.execute("select code from reached")}
        with self.writing():
            for line in sorted(code):
                self._add("reached", line, self.night, how="or ignore")
        return sorted(code - known) if known else []
