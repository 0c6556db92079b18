"""What a campaign records, and keeps as report/campaign.json: each field, its type, and what it means.

Its schema and the table of fuzz/OUTPUT.md are made of this: `tests/build/schema --update`. The text about a field is
next to its type; a tuple there has all values.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

SCHEMA = 2

SEVERITIES = ("high", "medium", "low")
STATUSES = ("new", "known", "regressed", "not asked tonight", "not shown tonight", "damaged")
"""Of findings that are not known to be fixed: the first three were seen tonight."""


@dataclass
class Cpu:
    fuzzing_s: Annotated[float, "in fuzzing processes, those of planted bugs too"] = 0.0
    building_s: Annotated[float, "in building them"] = 0.0
    other_s: Annotated[float, "in everything else"] = 0.0


@dataclass
class Harness:
    name: str
    about: str
    seeds: int = 0
    runs: int = 0
    checked_operations: Annotated[int, "not of processes that crashed"] = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    seconds: Annotated[float, "of all its processes"] = 0.0
    startup_s: Annotated[float, "of these, before mutation began"] = 0.0
    crashes: int = 0
    given_up: bool = False

    def add(self, more: Harness) -> None:
        """What one of its processes did."""
        self.runs += more.runs
        self.checked_operations += more.checked_operations
        self.edges, self.features = max(self.edges, more.edges), max(self.features, more.features)
        self.corpus = max(self.corpus, more.corpus)
        self.seconds += more.seconds
        self.startup_s += more.startup_s
        self.crashes += more.crashes


@dataclass
class Span:
    core: Annotated[int, "from 0"]
    harness: str
    setup: str
    begin_s: float
    end_s: float
    runs: int
    discoveries: Annotated[list[tuple[int, int]], "second, and how many inputs the engine kept then because they showed something new"]


class Sample(NamedTuple):
    harness: str
    setup: str
    seconds: float
    runs: int
    features: int


@dataclass
class Residual:
    harness: str
    at_s: float
    inputs: int
    seen: Annotated[int, "behaviours"]
    once: Annotated[int, "behaviours of one input only"]

    @property
    def chance(self) -> float:
        """Of one more input to show something new. The rule of three, where nothing was seen only once."""
        return (self.once or 3) / self.inputs if self.inputs else 1.0


@dataclass
class Suspect:
    """A line of the library that may be at fault."""
    file: Annotated[str, "lib/src/…"]
    line: int
    function: str
    score: Annotated[float, "the higher, the likelier; to be compared within a finding"]
    why: Annotated[str, "a small change of that line that undoes the bug, if there is one"]


@dataclass
class Finding:
    identity: str
    harness: str
    severity: Annotated[str, SEVERITIES]
    seconds: Annotated[float, "into the fuzzing, or 0 from the corpora"]
    inputs: int
    operations: Annotated[int, "of the minimised program"]
    folder: Annotated[str, "a bundle"]
    explanation: str
    command: str
    preset: Annotated[str, "of the build that shows it"] = "fuzz"
    minimised: Annotated[str, "how far"] = ""
    found_by: Annotated[str, "the engine and its options"] = ""
    status: Annotated[str, STATUSES] = "new"
    shows: Annotated[str, "in how many replays: 3 of 10"] = ""
    members: Annotated[int, "programs of a sequence"] = 1
    names: Annotated[list[str], "of the inputs kept"] = field(default_factory=list)
    trace: Annotated[str, "the minimised program as text, or its first lines"] = ""
    suspects: Annotated[list[Suspect], "lines of the library, the likeliest first"] = field(default_factory=list)
    no_suspects: Annotated[str, "why there are none"] = ""
    first_wrong: Annotated[str, "the operation after which state was wrong first, if that is not the one that was noticed"] = ""
    machine: Annotated[str, "the one whose protection hardware shows it, if this machine does not"] = ""
    under: Annotated[list[str], "machines whose kernel shows a bug of this program, too"] = field(default_factory=list)


@dataclass
class Group:
    """Findings with one likely cause."""
    findings: Annotated[list[str], "their identities, the one that explains it best first"]
    status: Annotated[str, STATUSES]
    cause: Annotated[str, "the likeliest line; nothing: not known"]


@dataclass
class Planned:
    harness: str
    setup: str
    slices: int
    seconds: float


@dataclass
class Canary:
    id: str
    title: str
    harness: str
    seconds: Annotated[float | None, "of processor time; null: missed"]
    identity: str
    why: Annotated[str, "it was missed, if it was"] = ""


@dataclass
class Under:
    machine: str
    what: Annotated[str, "its protection unit, processor and board"]
    traces: int = 0
    system_calls: int = 0
    probes: int = 0
    faults_expected: int = 0
    faults_seen: int = 0
    seconds: Annotated[float, "of the processor"] = 0.0
    findings: Annotated[list[str], "identities that it showed"] = field(default_factory=list)
    why: Annotated[str, "nothing ran there, or not all"] = ""


@dataclass
class Flight:
    night: int
    id: str
    harness: str
    seconds: Annotated[float | None, "null: missed"]
    why: str


@dataclass
class Night:
    id: int
    began: str
    revision: str
    fuzzed_s: float
    ended: str | None
    red: int | None
    runs: int | None
    summary: str | None
    new_findings: int
    canaries: int
    canaries_found: int
    detection_s: Annotated[float | None, "median of the planted bugs that were found, in seconds of processor time"]
    lines: int | None
    covered_lines: int | None


@dataclass
class Totals:
    lines: int
    covered_lines: int
    branches: int
    covered_branches: int


@dataclass
class HarnessCoverage(Totals):
    ran: Annotated[dict[str, str], "of each file, the lines that ran: 3-7,9"]


@dataclass
class FileCoverage(Totals):
    missed_functions: list[str]
    missed_lines: list[int]
    missed_branches: Annotated[list[tuple[int, str, str]], "line, the value it never had, its code"]
    counts: Annotated[list[int | None], "how often each line ran, from the first line of the file on; null: no code"]
    conditions: Annotated[dict[str, int], "of each function, how many it has"] = field(default_factory=dict)
    undecided: Annotated[list[tuple[str, str]], "function, and a condition of it that no two runs show to decide alone (MC/DC)"] = field(
        default_factory=list)


@dataclass
class LeftOut:
    what: str
    command: Annotated[str, "does it"]


@dataclass
class Host:
    name: str
    ended: Annotated[bool, "whether it came to the end of its plan"]
    exchanges: int
    lives: Annotated[int, "how often it began without what it had kept, and once more"]
    revision: str
    system: str
    compiler: str
    jobs: int
    fuzzing_s: float
    runs: int
    runs_per_s: Annotated[float, "of one process"]
    mutation: Annotated[float, "its share of the time of the fuzzing processes"]
    parts: Annotated[list[str], "harness, engine and build that it fuzzed"]
    silent_for: Annotated[list[str], "hosts that heard nothing of it for a while, and took its parts over"]
    ahead_s: Annotated[float, "its clock, compared with the first host's"]
    within_s: Annotated[float | None, "how sure that is; null: not known"]
    alone: Annotated[int, "behaviours that no other host showed"]


@dataclass
class OneMore:
    harness: str
    more: Annotated[float, "behaviours that one more host like these would have shown (Good and Toulmin)"]
    seen: int


@dataclass
class Suggestion:
    what: str
    command: str


@dataclass
class Reproduction:
    """What ./fuzz/repro --json prints of a file."""
    file: str
    status: Annotated[int, (0, 1, 2, 3)] = 0
    error: Annotated[str, "why it could not be run, if status is 2"] = ""
    identity: Annotated[str, "of the bug; empty: no bug found"] = ""
    wanted: Annotated[str, "identity of the finding, if the file is one; another than `identity` if status is 3"] = ""
    trace: Annotated[str, "the program as text, minimised with --minimize"] = ""
    program: Annotated[str, "the program in words"] = ""
    expected: Annotated[str, "what the contract says"] = ""
    actual: str = ""
    said: Annotated[str, "by the check or the sanitizer"] = ""
    rule: Annotated[str, "of lib/CONTRACT.md"] = ""
    rule_text: str = ""
    kind: Annotated[str, "which kind of bug it is, in a sentence"] = ""
    suspects: Annotated[list[Suspect], "with --suspects: lines of the library, the likeliest first"] = field(default_factory=list)
    no_suspects: Annotated[str, "why there are none"] = ""
    stack: Annotated[list[str], "of the library, innermost first"] = field(default_factory=list)
    memory: Annotated[str, "a map of process memory"] = ""
    commands: Annotated[list[Suggestion], "what to run next"] = field(default_factory=list)


EVIDENCE_STATES = ("shown", "partly", "stale", "not measured", "empty")
"""From good to bad. Stale: the library's function has another text than the one that was judged."""


@dataclass
class EvidenceCell:
    state: Annotated[str, EVIDENCE_STATES]
    source: Annotated[str, "where it comes from, and of which commit if the result is kept; tonight: this campaign measured it"]
    why: Annotated[str, "why it is not shown; empty: it is"] = ""
    counts: Annotated[dict[str, int], "may not fall"] = field(default_factory=dict)
    faults: Annotated[dict[str, int], "may not rise"] = field(default_factory=dict)
    figures: Annotated[dict[str, float], "are compared with nothing"] = field(default_factory=dict)
    items: Annotated[list[str], "by name"] = field(default_factory=list)


@dataclass
class EvidenceRow:
    rule: str
    text: Annotated[str, "how it begins"]
    functions: Annotated[EvidenceCell, "of the library: those whose comments or checks cite the rule, that are proved for it, or that a planted bug changes to break it"]
    model: Annotated[EvidenceCell, "places of the model and of the checks around it that cite the rule"]
    accepts: Annotated[EvidenceCell, "unit tests that show it accepting"]
    refuses: Annotated[EvidenceCell, "unit tests that show it refusing"]
    exhaustive: Annotated[EvidenceCell, "parts of the exhaustive tests"]
    proof: Annotated[EvidenceCell, "functions that are proved for it, by word size, and contracts that this takes for granted"]
    mcdc: Annotated[EvidenceCell, "conditions of its functions that the corpora show to decide by themselves (MC/DC)"]
    mutants: Annotated[EvidenceCell, "changes of its functions, and whether corpora and units notice"]
    planted: Annotated[EvidenceCell, "bugs that break it, and the longest time to find one from an empty corpus"]
    machines: Annotated[EvidenceCell, "on which the saved programs ran whose answers it decides"]
    leaks: Annotated[EvidenceCell, "leaks and influences that bend it in library and model alike"]


@dataclass
class Record:
    """A night of which nothing is known, but for what is given."""
    schema: Annotated[int, (SCHEMA,)] = SCHEMA
    status: Annotated[int, "the exit status"] = 0
    verdict: Annotated[str, "the first line of the summary"] = ""
    night: Annotated[int, "which night of the folder"] = 0
    resumed: Annotated[bool, "whether it went on after it was stopped"] = False
    interrupted: Annotated[bool, "whether it was stopped"] = False
    from_empty: Annotated[bool, "whether it began without the saved corpora"] = False
    revision: Annotated[str, "the repository's"] = "unknown"
    environment: Annotated[dict[str, str], "system, machine, and versions of tools"] = field(default_factory=dict)
    lib: Annotated[str, "the library that was tested"] = "lib"
    seed: Annotated[int, "what all chance was drawn from"] = 0
    jobs: Annotated[int, "fuzzing processes at a time"] = 0
    time_s: Annotated[float, "the time asked for"] = 0.0
    fuzzing_s: Annotated[float, "from the first to the last fuzzing process"] = 0.0
    split: Annotated[dict[str, float], "seconds of each part of the night, from the command to the report"] = field(default_factory=dict)
    cpu: Annotated[Cpu, "of all cores"] = field(default_factory=Cpu)
    harnesses: Annotated[list[Harness], "what was fuzzed"] = field(default_factory=list)
    spans: Annotated[list[Span], "fuzzing processes, in the order in which they ended"] = field(default_factory=list)
    samples: Annotated[list[Sample], "how runs and features grew"] = field(default_factory=list)
    residual: Annotated[list[Residual], "what remains"] = field(default_factory=list)
    findings: Annotated[list[Finding], "those that are not known to be fixed"] = field(default_factory=list)
    groups: Annotated[list[Group], "those findings, by likely cause"] = field(default_factory=list)
    fixed: Annotated[list[str], "identities that were fixed since the night before"] = field(default_factory=list)
    plan: Annotated[list[Planned], "how the time was shared"] = field(default_factory=list)
    broken: Annotated[list[str], "what failed to run, or ended early, and why"] = field(default_factory=list)
    canaries: Annotated[list[Canary], "planted bugs of this night"] = field(default_factory=list)
    under: Annotated[list[Under], "machines with protection hardware, on which what the night kept ran once more"] = field(default_factory=list)
    canary_series: Annotated[list[Flight], "of all nights"] = field(default_factory=list)
    nights: Annotated[list[Night], "all nights of the folder"] = field(default_factory=list)
    no_longer_reached: Annotated[list[str], "code of the library"] = field(default_factory=list)
    first_reached: Annotated[list[str], "code of the library that no night before had reached"] = field(default_factory=list)
    statistics: Annotated[dict[str, dict[str, int]], "how often each operation gave each answer, followed another, and met each way in "
                  "which two ranges overlap"] = field(default_factory=dict)
    coverage: Annotated[dict[str, FileCoverage], "of each file of the library"] = field(default_factory=dict)
    coverage_by_harness: Annotated[dict[str, HarnessCoverage], "of the whole library"] = field(default_factory=dict)
    evidence: Annotated[list[EvidenceRow], "of each rule of lib/CONTRACT.md, what it rests on: tests/evidence/evidence.json, with what this campaign measured"
                        ] = field(default_factory=list)
    evidence_worse: Annotated[list[str], "cells of it that got worse than what was committed"] = field(default_factory=list)
    left_out: Annotated[list[LeftOut], "what was not done"] = field(default_factory=list)
    notes: Annotated[list[str], "what else is worth knowing"] = field(default_factory=list)
    hosts: Annotated[list[Host], "of a merged report: who took part"] = field(default_factory=list)
    one_more_host: Annotated[list[OneMore], "what another would have been worth"] = field(default_factory=list)
