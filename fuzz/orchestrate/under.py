"""Seen under: what a night kept runs once more in the kernel of tests/kernel, on each machine whose protection hardware
QEMU emulates: new inputs first, then findings, whose programs may show there too."""
from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import hardware, shrink
from .bundle import MINIMISE_S, read_finding
from .explain import kind_of
from .findings import Findings, Origin
from .journal import Journal
from .record import Finding, Under
from .replay import Outcome, sequence_of
from .suspects import Opinion, of_machine, told
from .tools import Build, ToolError

FROM_S = 600.0
"""Shorter campaigns do it when they are asked to."""
SHARE = 0.05
LEAST_S = 60.0
"""For all machines: a kernel is built for each."""
PORTION = 64
"""Programs of a boot: between two of them the time is looked at."""
MOST_PROGRAMS = 1024
MOST_FINDINGS = 20
MOST_MINIMISED = 10
"""Findings of a night. A port that is broken has more."""
NOT_ASKED = ("hang", "oom", "slow", "unexplained")


@dataclass(frozen=True)
class Program:
    """Text of a trace that the night kept, and the harness that it is of."""
    text: str
    harness: str


Take = Callable[[Program, str, hardware.Wrong], None]
"""What to do with a program that is wrong on a machine, by name."""


def budget(time_s: float) -> float:
    return max(LEAST_S, SHARE * time_s)


def plan_line(time_s: float) -> str:
    """What --plan says."""
    absent = [name for name in hardware.MACHINES if hardware.missing(name)]
    here = [name for name in hardware.MACHINES if name not in absent]
    return (f"then for at most {budget(time_s):.0f} s what the night kept, on protection hardware: {', '.join(here) or 'none'}"
            + (f" (without {', '.join(absent)}: fuzz/setup/install --all)" if absent else ""))


def kept(built: Build, folders: dict[str, list[Path]]) -> list[Program]:
    """Programs of the inputs of each harness, the newest first."""
    newest: list[tuple[float, Path, str]] = sorted(((path.stat().st_mtime, path, harness) for harness, paths in folders.items() for path in paths),
                                                   reverse=True)[:MOST_PROGRAMS]
    programs = []
    for harness in folders:
        if mine := [path for _, path, name in newest if name == harness]:
            programs += [Program(text, harness) for text in hardware.members(sequence_of(built, mine, harness))]
    return programs


def _row(name: str, why: str = "") -> Under:
    return Under(name, hardware.MACHINES[name].what, why=why)


def _run(row: Under, built: Build, kernel: Path, programs: list[Program], until: float, take: Take) -> None:
    """On one machine, portion by portion, but one at least."""
    for at in range(0, len(programs), PORTION):
        portion = programs[at:at + PORTION]
        if at and time.monotonic() > until:
            row.why = f"{len(programs) - at} of {len(programs)} programs did not run: its time was over"
            return
        judged = hardware.judge(row.machine, built.folder, kernel, [program.text for program in portion])
        row.traces += judged.programs
        row.seconds = round(row.seconds + judged.seconds, 1)
        for name in ("system_calls", "probes"):
            setattr(row, name, getattr(row, name) + judged.counts.get(name, 0))
        row.faults_expected += judged.counts.get("expected", 0)
        row.faults_seen += judged.counts.get("faults", 0)
        for wrong in judged.wrong:
            row.findings = sorted({*row.findings, wrong.identity})
            take(next(program for program in portion if program.text == wrong.text), row.machine, wrong)


def _ask(row: Under, built: Build, kernel: Path, findings: Findings, found: list[Finding]) -> None:
    """Whether findings of this machine show there."""
    for finding in found[:MOST_FINDINGS]:
        trace, _ = read_finding(findings.bundles.of(finding))
        judged = hardware.judge(row.machine, built.folder, kernel, hardware.members(trace.read_text(errors="surrogateescape")), timeout=30)
        row.traces += judged.programs
        row.seconds = round(row.seconds + judged.seconds, 1)
        if judged.wrong:
            finding.under.append(row.machine)


def run(built: Build, programs: list[Program], findings: Findings, journal: Journal, seconds: float, take: Take,
        note: Callable[[list[Under]], None] = lambda rows: None) -> list[Under]:
    """Returns: a row for each machine, with what ran there, or why nothing did; `note` has them as they grow."""
    rows: list[Under] = []
    absent: list[str] = []
    found = [f for f in findings.by_identity.values() if not f.machine and kind_of(f.identity) not in NOT_ASKED]
    for number, name in enumerate(hardware.MACHINES):
        begin = time.monotonic()
        if program := hardware.missing(name):
            absent.append(name)
            rows.append(_row(name, f"{program} is missing"))
            continue
        row = _row(name)
        rows.append(row)
        try:
            journal.say(f"running {len(programs)} programs on {name}")
            kernel = hardware.kernel_of(name, built.folder, built.lib)
            _ask(row, built, kernel, findings, found)
            _run(row, built, kernel, programs, begin + seconds / (len(hardware.MACHINES) - number), take)
            if row.why:
                journal.leave_out(f"on {name}, {row.why}", "./fuzz/campaign --hardware --time 8h")
        except ToolError as error:
            row.why = str(error).splitlines()[0]
            journal.breaks(f"protection hardware, {name}", row.why)
        seconds -= time.monotonic() - begin
        note(rows)
    if absent:
        journal.leave_out(f"what the night kept did not run on {', '.join(absent)}: QEMU or a compiler is missing", "fuzz/setup/install --all")
    return rows


def shows(finding: Finding, trace: Path, built: Build) -> bool | None:
    """Whether a finding of a machine still shows there; None: the machine is not there."""
    if hardware.missing(finding.machine):
        return None
    kernel = hardware.kernel_of(finding.machine, built.folder, built.lib)
    judged = hardware.judge(finding.machine, built.folder, kernel, hardware.members(trace.read_text(errors="surrogateescape")))
    return any(wrong.identity == finding.identity for wrong in judged.wrong)


def taker(found: Findings, see: Callable[[Finding], None]) -> Take:
    """Makes findings of what is wrong on a machine and nowhere else."""
    def take(program: Program, machine: str, wrong: hardware.Wrong) -> None:
        known = found.by_identity.get(wrong.identity)
        if known is not None and not known.machine:
            known.under = sorted({*known.under, machine})
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "input.trace"
            path.write_text(program.text, errors="surrogateescape")
            finding = found.add_on_machine(path, Origin(program.harness, f"run on {machine}", machine=machine), Outcome(wrong.identity, wrong.said))
        if known is None and found.is_ours(wrong.identity):
            _shorten(found, finding, program.text, wrong)
            finding.no_suspects = of_machine(machine)
            found.bundles.tell(finding, f"\n{told(Opinion(none_since=finding.no_suspects))}")
        see(finding)
    return take


def _shorten(found: Findings, finding: Finding, text: str, wrong: hardware.Wrong) -> None:
    """Make its program small, on the machine that shows it."""
    if sum(bool(other.machine) for other in found.by_identity.values()) > MOST_MINIMISED:
        finding.minimised = f"not minimised: more than {MOST_MINIMISED} findings of machines"
        return
    kernel = hardware.kernel_of(finding.machine, found.build.folder, found.build.lib)
    smaller, shown = shrink.minimise(finding.machine, found.build.folder, kernel, text, wrong, MINIMISE_S)
    finding.minimised = smaller.how_far
    found.bundles.replace(finding, smaller.text, Outcome(shown.identity, shown.said), found.build, 0)
