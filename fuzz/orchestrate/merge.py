"""./fuzz/campaign --merge: many hosts' night as one. What comes out depends on what is in the shares, and on nothing else."""
from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from . import report
from .coverage import Misses
from .facts import Fact, Known, Wrong, lives, unpack
from .islands import two_of
from .parcels import Parcels, is_raw
from .plan import NO_TIME, by_setup
from .record import STATUSES, Cpu, Finding, Harness, Host, LeftOut, OneMore, Planned, Record, Residual, Under
from .share import Folder, Place, give, is_true, place_of, said, take
from .tools import CLEAN, ToolError, shown

PREFERRED = ("regressed", "known", "new")
OWNER = "merge"


@dataclass
class Merged:
    """What the hosts of a night have said, last of all in each life."""
    night: int
    facts: list[Fact]       # all of them, by host and number
    last: list[Fact]        # of each life
    hosts: dict[str, Fact]  # of each host, the last


def _hosts(night: Merged) -> list[Host]:
    rows = []
    clocks = skews(night)
    for name, fact in night.hosts.items():
        mine = [f for f in night.last if f.host == name]
        harnesses = [h for f in mine for h in f.record.harnesses]
        seconds, startup = sum(h.seconds for h in harnesses), sum(h.startup_s for h in harnesses)
        runs = sum(h.runs for h in harnesses)
        numbers = [f.number for f in night.facts if f.host == name]
        environment = fact.record.environment
        rows.append(Host(
            name, fact.ended, len(set(numbers)), len(mine), fact.record.revision, environment.get("system", "unknown"),
            environment.get("clang", "unknown"), fact.record.jobs, round(sum(f.record.fuzzing_s for f in mine), 1), runs,
            round(runs / seconds, 1) if seconds else 0.0, round(1 - startup / seconds, 3) if seconds else 0.0,
            sorted({part for f in mine for part, slices in f.parts.items() if slices}),
            sorted({f.host for f in night.facts if name in f.silent}), *clocks.get(name, (0.0, None)), _alone(night, name)))
    return rows


def skews(night: Merged) -> dict[str, tuple[float, float | None]]:
    """How far each clock is ahead of the first host's, and how sure that is: a fact is heard after it was written, so that
    both directions together bound the difference. None: no bound."""
    said_at = {(f.host, f.number): f.clock for f in night.facts}
    least: dict[tuple[str, str], float] = {}  # how much later than there it was here, at best
    for f in night.facts:
        for other, (number, clock) in f.heard.items():
            if (other, number) in said_at:
                key = (f.host, other)
                least[key] = min(least.get(key, math.inf), clock - said_at[(other, number)])
    first = next(iter(night.hosts), "")
    found: dict[str, tuple[float, float | None]] = {first: (0.0, 0.0)}
    for name in night.hosts:
        if name != first and (name, first) in least and (first, name) in least:
            high, low = least[(name, first)], -least[(first, name)]
            if high >= low:  # else a clock was set during the night
                found[name] = round((high + low) / 2, 1), round((high - low) / 2, 1)
    return found


def _behaviours(facts: Iterable[Fact]) -> tuple[dict[str, Counter[str]], Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    inputs: Counter[str] = Counter()
    for fact in facts:
        for harness, (number, packed) in fact.counts.items():
            with contextlib.suppress(Wrong):
                counts[harness].update(unpack(packed))
                inputs[harness] += number
    return counts, inputs


def _alone(night: Merged, host: str) -> int:
    """Behaviours that no other host has seen."""
    ours, _ = _behaviours(f for f in night.last if f.host == host)
    others, _ = _behaviours(f for f in night.last if f.host != host)
    return sum(len(slots.keys() - others[harness].keys()) for harness, slots in ours.items())


def _residual(night: Merged) -> list[Residual]:
    counts, inputs = _behaviours(night.last)
    at_s = max((f.record.fuzzing_s for f in night.last), default=0.0)
    return [Residual(harness, at_s, inputs[harness], len(slots), sum(count == 1 for count in slots.values()))
            for harness, slots in sorted(counts.items())]


def one_more(night: Merged) -> list[OneMore]:
    """What one more host like these would have shown, by Good and Toulmin: with t times the inputs more, t f1 - t² f2, of
    the behaviours that one input showed, and that two did."""
    counts, _ = _behaviours(night.last)
    worth = []
    for harness, slots in sorted(counts.items()):
        share = 1 / len([name for name in night.hosts if any(f.host == name and harness in f.counts for f in night.last)])
        few = Counter(slots.values())
        worth.append(OneMore(harness, round(max(0.0, few[1] * share - few[2] * share * share), 1), len(slots)))
    return worth


def _harnesses(night: Merged) -> list[Harness]:
    found: dict[str, Harness] = {}
    for fact in night.last:
        for row in fact.record.harnesses:
            if row.name in found:
                found[row.name].add(row)
                found[row.name].seeds = max(found[row.name].seeds, row.seeds)
                found[row.name].given_up |= row.given_up
            else:
                found[row.name] = replace(row)
    return [replace(row, seconds=round(row.seconds, 1), startup_s=round(row.startup_s, 1)) for _, row in sorted(found.items())]


def _findings(night: Merged, parcels: Parcels, folder: Path) -> list[Finding]:
    """One for each identity: who saw it first by its own time, and the best bundle, which is put into the folder."""
    seen: dict[str, list[tuple[float, str, Finding]]] = defaultdict(list)
    for fact in night.last:
        for finding in fact.record.findings:
            seen[finding.identity].append((finding.seconds, fact.host, finding))
    bundles = parcels.best()
    for identity, (parcel, finding) in bundles.items():
        if parcel.night == night.night and identity not in seen:  # its host was killed before it said so
            seen[identity].append((finding.seconds, parcel.host, finding))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = []
    for identity, sightings in sorted(seen.items()):
        seconds, host, first = min(sightings, key=lambda sighting: sighting[:2])
        statuses = {f.status for *_, f in sightings}
        status = next((s for s in PREFERRED if s in statuses), min(statuses, key=STATUSES.index))
        row = replace(first, status=status, inputs=sum(f.inputs for *_, f in sightings), found_by=f"{host}: {first.found_by}",
                      seconds=seconds, explanation="its bundle is not in these shares\n", folder="")
        if identity in bundles:
            made = bundles[identity][0].put(folder)
            row = replace(made, status=status, inputs=row.inputs, found_by=row.found_by, seconds=seconds, harness=first.harness,
                          command=f"./fuzz/repro findings/{made.folder}")
        rows.append(row)
    return rows


def _coverage(night: Merged, note) -> dict[str, Misses]:
    """What no host reached, of the library that most hosts had."""
    libraries = Counter(fact.library for fact in night.last if fact.misses)
    if not libraries:
        return {}
    library = min(libraries, key=lambda name: (-libraries[name], name))
    if len(libraries) > 1:
        note(f"hosts tested {len(libraries)} libraries: coverage is of {library[:12]}, which {libraries[library]} of "
             f"{sum(libraries.values())} had")
    united: dict[str, Misses] = {}
    for fact in night.last:
        for name, misses in fact.misses.items() if fact.library == library else ():
            united[name] = united[name].and_also(misses) if name in united else misses
    return dict(sorted(united.items()))


def _done(night: Merged) -> set[str]:
    return {part for fact in night.last if fact.ended for part, slices in fact.parts.items() if slices}


def _left_out(night: Merged) -> list[LeftOut]:
    """What was not done. What a host had no time for, another may have done."""
    every = sorted({(left.what, left.command) for fact in night.last for left in fact.record.left_out})
    wanted = sorted({part for fact in night.last for part in fact.wanted})
    nobodys = by_setup((part for part in wanted if part not in _done(night)), len({part.split()[0] for part in wanted}))
    for_more = [command for what, command in every if what.startswith(NO_TIME)]
    return [LeftOut(f"{NO_TIME}: {text}", for_more[0]) for text in nobodys if for_more] + [
        LeftOut(what, command) for what, command in every if not what.startswith(NO_TIME)]


def lost(night: Merged) -> tuple[list[str], list[str]]:
    """Hosts that did not come to their end, and parts that no host did. Returns: what was not done again, and what was."""
    broken, notes = [], []
    done = _done(night)
    for name, fact in night.hosts.items():
        if fact.ended:
            if left := sorted({f"{p.harness} {p.setup}" for p in fact.record.plan if not p.slices} - done):
                broken.append(f"host {name} had too little time for {', '.join(left)}, and no other did it")
            continue
        left = sorted({*fact.mine} - done)
        told = f"host {name} did not finish: its last fact is number {fact.number}"
        if left or not fact.mine:
            broken.append(f"{told}; not done again: {', '.join(left) or 'what it was to do'}")
        else:
            notes.append(f"{told}; others did its part: {', '.join(fact.mine)}")
    nobodys = {part for fact in night.hosts.values() for part in fact.wanted} - done - {part for fact in night.hosts.values() for part in fact.mine}
    if nobodys:
        broken.append(f"no host took, and none did: {', '.join(sorted(nobodys))}: they did not hear of each other")
    return broken, notes


def _is_two(facts: list[str]) -> bool:
    """Whether a life says something after another has begun."""
    changes = [life for life, before in zip(facts, [None, *facts]) if life != before]
    return len(changes) > len({*changes})


def no_longer_reached(night: Merged, covered: dict[str, Misses]) -> list[str]:
    """What every host that could tell misses; without such a host, none was asked."""
    telling = [{*f.record.no_longer_reached} for f in night.last if f.misses]
    return sorted(set.intersection(*telling)) if telling and covered else []


def add_under(night: Merged) -> list[Under]:
    """Of each machine, what all hosts ran on it."""
    found: dict[str, Under] = {}
    for row in (row for fact in night.last for row in fact.record.under):
        if (united := found.get(row.machine)) is None:
            found[row.machine] = replace(row)
            continue
        for name in ("traces", "system_calls", "probes", "faults_expected", "faults_seen", "seconds"):
            setattr(united, name, getattr(united, name) + getattr(row, name))
        united.findings, united.why = sorted({*united.findings, *row.findings}), united.why and row.why
    return [row for _, row in sorted(found.items())]


def record_of(known: Known, parcels: Parcels, folder: Path) -> Record:
    """The last night of a replica. Bundles go into a folder."""
    nights = known.nights()
    if not nights:
        raise ToolError("no host has reported anything in these shares")
    facts = known.of(nights[-1])
    night = Merged(nights[-1], facts, lives(facts), dict(sorted(known.last(nights[-1]).items())))
    parcels.look()
    record = Record(night=night.night)
    broken, notes = lost(night)
    record.broken += broken
    record.notes += notes
    record.broken += said(sorted([*known.problems.values(), *parcels.problems.values()]))
    record.broken += [two_of(name) for name in night.hosts if _is_two([f.life for f in night.facts if f.host == name])]
    records = [(fact.host, fact.record) for fact in night.last]
    record.broken += [f"{host}: {text}" for host, part in records for text in part.broken]
    record.notes += [f"{host}: {text}" for host, part in records for text in part.notes]
    record.revision = ", ".join(sorted({part.revision for _, part in records}))
    if len({part.revision for _, part in records}) > 1:
        record.notes.append(f"hosts ran different revisions: {record.revision}")
    libs = {part.lib for _, part in records}
    record.lib = "lib" if libs == {"lib"} else f"other than lib ({', '.join(sorted({fact.library[:12] for fact in night.last}))})"
    record.jobs = sum(fact.record.jobs for fact in night.hosts.values())
    record.time_s = max((part.time_s for _, part in records), default=0.0)
    record.fuzzing_s = max((part.fuzzing_s for _, part in records), default=0.0)
    record.cpu = Cpu(*(round(sum(getattr(part.cpu, name) for _, part in records), 1) for name in ("fuzzing_s", "building_s", "other_s")))
    record.left_out = _left_out(night)
    record.resumed = any(part.resumed for _, part in records)
    record.from_empty = any(part.from_empty for _, part in records)
    record.harnesses, record.findings = _harnesses(night), _findings(night, parcels, folder)
    for finding in record.findings:
        if is_raw(finding):
            record.notes.append(f"no host has made it small: {finding.identity}")
    record.fixed = sorted({identity for _, part in records for identity in part.fixed} - {f.identity for f in record.findings})
    record.under = add_under(night)
    record.canaries = sorted({c.id: c for _, part in records for c in sorted(part.canaries, key=lambda c: not c.why)}.values(),
                             key=lambda c: c.id)
    plans: dict[tuple[str, str], Planned] = {}
    for _, part in records:
        for p in part.plan:
            had = plans.get((p.harness, p.setup), Planned(p.harness, p.setup, 0, 0.0))
            plans[(p.harness, p.setup)] = Planned(p.harness, p.setup, had.slices + p.slices, round(had.seconds + p.seconds, 1))
    record.plan = [planned for _, planned in sorted(plans.items())]
    united = _coverage(night, record.notes.append)
    record.coverage = {name: misses.recorded() for name, misses in united.items()}
    record.no_longer_reached = no_longer_reached(night, united)
    record.residual, record.hosts, record.one_more_host = _residual(night), _hosts(night), one_more(night)
    return record


def merge(wheres: list[str], out: Path) -> int:
    """Unite shares in OUT/share, and report there. Returns: the exit status."""
    if (out / "state.sqlite").exists():
        raise ToolError(f"--out {out}: the folder of a campaign, whose findings would be replaced: name another")
    places: list[Place] = [place_of(where, out / "transport", OWNER) for where in wheres]
    for place in places:
        if isinstance(place, Folder) and not place.root.is_dir():
            raise ToolError(f"--merge {place.where}: no such folder")
    replica = Folder(out / "share", OWNER)
    replica.scrub()
    unreadable: list[str] = []
    damaged: set[str] = set()
    for place in places:
        try:
            take(replica, place)
        except ToolError as error:
            unreadable.append(str(error))
        damaged.update(place.damaged)
        for problem in said(place.problems):
            print(shown(f"{place.where}: {problem}"))
    give(replica, Folder(replica.root, OWNER))  # marks it as a share
    shutil.rmtree(out / "transport", ignore_errors=True)
    if unreadable:
        raise ToolError("\n".join(unreadable) + "\nThe others are united in " + str(replica.root) + "; nothing is reported of a part")
    record = record_of(Known(replica), Parcels(replica), out / "findings")
    record.broken += said([f"damaged, and whole in no share: {name}" for name in sorted(damaged - replica.listing().keys())])
    page = report.write(out / "report", record)
    print(shown(report.summary(record)))
    print(shown(f"report: {page}"))
    return record.status


def show(where: str) -> int:
    """--status: what the hosts of a share have said, and who is silent by the count of another."""
    with tempfile.TemporaryDirectory(prefix="procbuf-") as work:
        replica = Folder(Path(work) / "share", OWNER)
        for name, content in place_of(where, Path(work), OWNER).fetch(replica):
            if name.startswith("facts/") and is_true(name, content):
                replica.add(name, content)
        known = Known(replica)
        nights = known.nights()
        if not nights:
            raise ToolError(f"{where}: no host has reported anything there")
        last = dict(sorted(known.last(nights[-1]).items()))
        facts = known.of(nights[-1])
    print(f"night {nights[-1]} of {len(last)} host{'s' * (len(last) != 1)}")
    for row in _hosts(Merged(nights[-1], facts, lives(facts), last)):
        record = last[row.name].record
        state = "ended" if row.ended else f"silent, according to {', '.join(row.silent_for)}" if row.silent_for else "has not ended"
        print(shown(f"{row.name:16}{row.fuzzing_s:8.0f} s of {record.time_s:.0f} s{row.runs:14,} runs{row.runs_per_s:10,.0f} /s"
                    f"{len(record.findings):4} findings{len(row.parts):4} parts  {state}"))
    return CLEAN
