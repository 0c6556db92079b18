"""What the record of a campaign means, in words: status, verdict, summary."""
from __future__ import annotations

from ..coverage import totals
from ..record import STATUSES, Canary, Finding, Group, Host, Record, Residual
from ..tools import CLEAN, FINDINGS, UNABLE


def missed_canaries(record: Record) -> list[Canary]:
    return [c for c in record.canaries if c.why]


def is_red(record: Record) -> bool:
    """Findings, a planted bug that was missed, code that is no longer reached, or evidence that got worse."""
    return bool(record.findings or missed_canaries(record) or record.no_longer_reached or record.evidence_worse)


def status(record: Record) -> int:
    """The exit status of the night: see fuzz/OUTPUT.md. Nothing else leads to 0."""
    return FINDINGS if is_red(record) else UNABLE if record.broken or record.interrupted else CLEAN


def canary_line(record: Record) -> str:
    """Of planted bugs, what was found."""
    tried, missed = record.canaries, missed_canaries(record)
    if not tried:
        return "no planted bug was tried"
    slowest = max((c.seconds or 0 for c in tried), default=0.0)
    return (f"{len(tried) - len(missed)} of {len(tried)} planted bugs found" +
            (f", each within {slowest:.1f} s" if not missed else ""))


def under_line(record: Record) -> str:
    """What ran on protection hardware."""
    ran = [row for row in record.under if row.traces]
    if not ran:
        return "nothing ran on protection hardware"
    faults, probes = sum(row.faults_seen for row in ran), sum(row.probes for row in ran)
    shown = len({identity for row in ran for identity in row.findings})
    return (f"{', '.join(row.machine for row in ran)}: {sum(row.traces for row in ran):,} programs, {probes:,} probes, {faults:,} faults, as "
            f"many as expected; {f'{shown} findings' if shown else 'nothing else than here'}")


def triage_line(record: Record) -> str:
    """Tonight's findings, compared with those of earlier nights."""
    counts = {status: sum(f.status == status for f in record.findings)
              for status in STATUSES}
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    causes = len(groups(record))
    if causes < len(record.findings):
        parts.append(f"{causes} likely cause{'s' * (causes > 1)}")
    if record.fixed:
        parts.append(f"{len(record.fixed)} fixed since")
    return ", ".join(parts)


def verdict(record: Record) -> str:
    findings = len(record.findings)
    runs = sum(h.runs for h in record.harnesses)
    how = f"{runs:,} runs in {record.fuzzing_s:.0f} s of fuzzing" + (f" on {len(record.hosts)} hosts" if record.hosts else "")
    if record.interrupted:
        how += ", INTERRUPTED"
    if record.broken:
        how += f"; {len(record.broken)} part(s) of the night FAILED"
    if missed_canaries(record):
        how += f"; {len(missed_canaries(record))} planted bug(s) MISSED"
    elif record.canaries:
        how += f"; {canary_line(record)}"
    if record.no_longer_reached:
        how += "; code of the library is NO LONGER REACHED"
    if record.evidence_worse:
        how += f"; {len(record.evidence_worse)} cell(s) of the evidence are WORSE"
    if findings == 0:
        return f"{'Nothing found' if status(record) == CLEAN else 'NOT CLEAN'}: {how}."
    return f"{findings} finding{'s' if findings > 1 else ''} ({triage_line(record)}): {how}."


def hardest_first(canaries: list[Canary]) -> list[Canary]:
    """Those that were missed, then the rest, the slowest first."""
    return sorted(canaries, key=lambda c: (not c.why, -(c.seconds or 0)))


def coverage_total(record: Record) -> str:
    if not record.coverage:
        return "not measured"
    all_of = totals(record.coverage)
    return (f"{all_of.covered_lines} of {all_of.lines} lines and {all_of.covered_branches} of {all_of.branches} branches "
            "of the library")


def last_residual(record: Record) -> list[Residual]:
    """Of each harness whose behaviours were counted, the latest estimate."""
    return list({point.harness: point for point in record.residual if point.inputs}.values())


def uncounted(record: Record) -> list[str]:
    """Harnesses without an estimate: they count no behaviours, or only AFL++ ran them."""
    counted = {point.harness for point in last_residual(record)}
    return [harness.name for harness in record.harnesses if harness.runs and harness.name not in counted]


def residual_line(record: Record) -> str:
    points = last_residual(record)
    if not points:
        return "unknown"
    worst = max(points, key=lambda point: point.chance)
    return (f"the next input of {worst.harness} shows a new behaviour with a chance of about 1 in "
            f"{1 / worst.chance:,.0f}; the others' chances are smaller"
            + (f"; not counted: {', '.join(uncounted(record))}" if uncounted(record) else ""))


def clock_of(host: Host) -> str:
    """What is known of a host's clock: only a difference that is surely one counts."""
    if host.within_s is None:
        return "unknown"
    return "as the first host's" if abs(host.ahead_s) <= host.within_s else f"{host.ahead_s:+,.0f} s, within {host.within_s:,.0f} s"


def state_of(host: Host) -> str:
    silent = f"silent, according to {', '.join(host.silent_for)}" if host.silent_for else ""
    return ", and ".join(filter(None, (silent, "finished" if host.ended else "did not finish")))


def one_more_line(record: Record) -> str:
    """What another host would have been worth."""
    return ", ".join(f"{worth.more:,.0f} behaviours of {worth.harness} in addition to {worth.seen:,}" for worth in record.one_more_host) or "unknown"


def host_lines(record: Record) -> list[str]:
    """Of a merged report, for the summary."""
    if not record.hosts:
        return []
    lines = [f"  host {h.name}: {h.runs:,} runs in {h.fuzzing_s:.0f} s, {h.runs_per_s:,.0f} a second in a process, {h.mutation:.0%} of it "
             f"mutation; {h.alone} behaviours that no other showed; {state_of(h)}; clock: {clock_of(h)}" for h in record.hosts]
    return [*lines, f"  one more host would have shown about {one_more_line(record)}"]


def time_line(record: Record) -> str:
    """What the time of the fuzzing processes went into."""
    seconds = sum(h.seconds for h in record.harnesses)
    if not seconds:
        return "no process fuzzed"
    startup = sum(h.startup_s for h in record.harnesses)
    cpu = record.cpu
    everything = cpu.fuzzing_s + cpu.other_s
    share = f"; {cpu.fuzzing_s / everything:.0%} of all processor time, building left out, was fuzzing's" if everything else ""
    return f"{1 - startup / seconds:.0%} of it mutation, {startup / seconds:.0%} replay and start-up{share}"


def split_line(record: Record) -> str:
    """What the time from the command to the report went into."""
    parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in record.split.items())
    return f"{sum(record.split.values()):.0f} s" + (f": {parts}" if parts else "")


def size(finding: Finding) -> str:
    """How long its program is, and how often it shows."""
    count, members, shows = finding.operations, finding.members, finding.shows
    return (f"{count} operation{'s' * (count != 1)}" + (f" in {members} programs, one after another" if members > 1 else "") +
            (f", shows in {shows} replays" if shows and shows.split(" of ")[0] != shows.split(" of ")[1] else "") +
            (f", on {finding.machine} only" if finding.machine else "") +
            (f", seen under {', '.join(finding.under)} too" if finding.under else ""))


def summary(record: Record) -> str:
    lines = ["", verdict(record)]
    for h in record.harnesses:
        lines.append(f"  {h.name}: {h.seeds} saved inputs, {h.runs:,} runs, "
                     f"{h.checked_operations:,} checked calls, {h.edges} edges, "
                     f"{h.crashes} crashes")
    lines.append(f"  reached: {coverage_total(record)}")
    lines.append(f"  time: {split_line(record)}")
    lines.append(f"  fuzzing: {time_line(record)}")
    lines.append(f"  what remains: {residual_line(record)}")
    lines.append(f"  would we have noticed: {canary_line(record)}")
    lines.append(f"  seen under: {under_line(record)}")
    lines += host_lines(record)
    lines += [f"  MISSED: planted bug {c.id}, {c.title}: {c.why}" for c in missed_canaries(record)]
    lines += [f"  NO LONGER REACHED: {code}" for code in record.no_longer_reached]
    lines += [f"  WORSE EVIDENCE: {text}" for text in record.evidence_worse]
    lines += [f"  FAILED: {text}" for text in record.broken]
    for group, members in groups(record):
        if len(members) > 1:
            lines.append(f"  {group.status}: one bug, {len(members)} symptoms{at(group)}:")
        for f in members:
            lines += [f"  {f.status}: {f.identity}", f"    {size(f)}; {f.command}",
                      *(f"    | {line}" for line in f.trace.splitlines())]
    lines += [f"  fixed since: {identity}" for identity in record.fixed]
    lines += [f"  not done: {left.what}: {left.command}" for left in record.left_out]
    lines += [f"  note: {note}" for note in record.notes]
    return "\n".join(lines)


def at(group: Group) -> str:
    """Where its cause is likely to be."""
    return f", likely at {group.cause}" if group.cause else ""


def groups(record: Record) -> list[tuple[Group, list[Finding]]]:
    """Each with its findings."""
    by_identity = {f.identity: f for f in record.findings}
    made = record.groups or [Group([f.identity], f.status, "") for f in record.findings]
    return [(group, [by_identity[identity] for identity in group.findings]) for group in made]
