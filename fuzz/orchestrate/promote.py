"""A finding that was fixed becomes a regression test: corpus/regressions."""
from __future__ import annotations

import re
from pathlib import Path

from .bundle import read_finding, read_record
from .inquiry import build_of
from .replay import TEXTS, replay, suffix_of, to_text
from .tools import CORPUS, Build, ToolError, shown, slug, write_whole


def story(folder: Path, identity: str, report: str, revision: str) -> list[str]:
    """What broke, as comment lines for the trace."""
    rule = re.search(r"^Rule of lib/CONTRACT.md: (.+)$", report, re.MULTILINE)
    said = re.findall(r"^(expected|actual): (.+)$", report, re.MULTILINE)[:2]
    found_at = shown(read_record(folder).get("revision", "unknown"))
    lines = [f"{identity.split()[3].removeprefix('op=')} broke rule {rule[1]}." if rule and rule[1] else "It broke."]
    lines += [f"{word.capitalize()}: {what}" for word, what in said]
    return lines + [f"{identity}", f"Found at {found_at}; present at {revision}, gone since."]


def promote(built: Build, name: str, failed_at: str) -> str:
    """Check that a finding failed then and passes now, and write it down. Returns: what to commit."""
    folder = Path(name)
    if not folder.is_dir():
        raise ToolError(f"{name}: not a finding's folder")
    trace, identity = read_finding(folder)
    program = to_text(built, trace, None)
    text = program.encode(errors="surrogateescape")
    now = replay(built, None, text=text)
    if now.found:
        raise ToolError(f"{name}: still breaks ({now.identity}): a regression test is one that passes")
    before = replay(build_of(failed_at), None, text=text, explain=True)
    if before.identity != identity:
        raise ToolError(f"{name}: at {failed_at} it " + (f"shows another bug, {before.identity}"
                                                         if before.found else "runs clean")
                        + ": that revision does not show that the test can fail")
    target = CORPUS / "regressions" / f"{slug(identity).replace('-', '_').lower()}{suffix_of(program)}"
    for suffix in TEXTS:  # each is a test of the name without it
        if target.with_suffix(suffix).exists():
            raise ToolError(f"{target.with_suffix(suffix)}: there is one already")
    lines = [line for line in program.splitlines() if not line.startswith("#")]
    comment = [f"# {line}" for line in story(folder, identity, before.report, failed_at)]
    write_whole(target, ("\n".join(comment + lines) + "\n").encode(errors="surrogateescape"))
    return (f"wrote {target.relative_to(CORPUS.parent)}: it failed at {failed_at}, and passes now\n"
            "say in its comment what fixed it, give it a name of words, and commit it:\n"
            f"  git add {target.relative_to(CORPUS.parent)}")
