"""What one asks of a bug: does it always show, which builds see it, since when is it there."""
from __future__ import annotations

import errno
import hashlib
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from .builds import BUILDS
from .bundle import read_record
from .replay import replay
from .revision import unpack_library
from .tools import ROOT, Build, ToolError, build_with, describe, run


class Answer(NamedTuple):
    text: str
    found: bool
    """A run showed a bug."""


def reliability(built: Build, text: bytes, identity: str, times: int) -> Answer:
    """Run an input again and again. Returns: how often the bug showed; without an identity, how often it ran clean."""
    seen = [replay(built, None, text=text).identity for _ in range(times)]
    count = seen.count(identity)
    others = sorted(set(seen) - {identity})
    line = f"{count} of {times} runs show it" if identity else f"{count} of {times} runs are clean"
    if others:
        line += "; others: " + ", ".join(other or "clean" for other in others)
    return Answer(line, any(seen))


def matrix(lib: Path, text: bytes, identity: str, names: list[str], say) -> Answer:
    """Replay an input in every build, or in those that are named. Returns: a table, and what it means."""
    rows: list[str] = []
    seen: list[str] = []
    unseen: list[str] = []
    for name, preset in BUILDS.items():
        if names and name not in names:
            continue
        say(f"building for {preset.what}")
        try:
            outcome = replay(build_with(f"matrix-{name}", [], lib, "procbuf-replay", preset=name), None, text=text)
            result = ("runs clean" if not outcome.identity
                      else "the same bug" if outcome.identity == identity else outcome.identity)
        except (ToolError, OSError) as error:  # no compiler; no mode of this machine for its programs
            if isinstance(error, OSError) and error.errno != errno.ENOEXEC:
                raise
            rows.append(f"  {preset.what:28}not tried: {describe(error).splitlines()[0]}")
            continue
        (seen if outcome.found else unseen).append(name)
        rows.append(f"  {preset.what:28}{result}")
    if not seen and not unseen:
        raise ToolError("--matrix: no build could be tried\n" + "\n".join(rows))
    if not identity:
        meaning = f"seen by {', '.join(seen)} alone" if seen else "no build sees a bug"
    elif not unseen:
        meaning = "every build sees a bug: it is in the library's source"
    elif not seen:
        meaning = "no other build sees it: only ASan or UBSan of clang 19 do, or it needs their layout"
    else:
        meaning = f"not seen by {', '.join(unseen)}: suspect a compiler, or what only a sanitizer sees"
    return Answer("\n".join([*rows, f"  {meaning}"]), bool(seen))


# ---- Since when ----

def _git(*arguments: str) -> str:
    done = run(["git", *arguments], cwd=ROOT)
    if done.returncode != 0:
        raise ToolError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _library_of(commit: str, folder: Path, patch: Path | None = None) -> Path:
    """lib/ as it was at a commit, with a patch. The folder keeps it whole, whoever else makes it, or ends us."""
    lib = folder / "lib"
    if not lib.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            unpack_library(ROOT, commit, Path(fresh))
            if patch is not None and (tried := run(["patch", "-s", "-p1", "-d", fresh, "-i", patch.resolve()])).returncode != 0:
                raise ToolError(f"{patch}: does not apply to {commit}: {tried.stdout.strip()}")
            try:
                (Path(fresh) / "lib").rename(lib)
            except OSError:
                if not lib.is_dir():  # else another command was first
                    raise
    return lib


def build_of(commit: str) -> Build:
    """The testbed of now with the library as it was then; kept in build/, since the next search may
    come to the same library."""
    tree = run(["git", "rev-parse", "--verify", "-q", "--end-of-options", f"{commit}:lib"], cwd=ROOT).stdout.strip()[:12]
    if not tree:
        raise ToolError(f"{commit}: no revision of this repository that has lib/")
    folder = ROOT / "build" / f"bisect-{tree}"
    return build_with(f"{folder.name}/build", [], _library_of(commit, folder), "procbuf-replay")


def library_as_found(bundle: Path) -> Path:
    """The library that a finding was found in: its revision's, with what its library.patch adds."""
    record = read_record(bundle)
    revision = re.sub(r"-dirty$", "", str(record.get("revision", "")))
    patch = bundle / "library.patch"
    octets = patch.read_bytes() if patch.is_file() else b""
    if run(["git", "cat-file", "-e", f"{revision}^{{commit}}"], cwd=ROOT).returncode != 0:
        raise ToolError(f"{bundle}: its revision {revision or '(none)'} is not in this repository")
    name = f"as-found-{hashlib.sha1(revision.encode() + octets).hexdigest()[:12]}"
    return _library_of(revision, ROOT / "build" / name, patch if octets else None)


def ends(revisions: str) -> list[str]:
    match = re.fullmatch(r"([^\s.].*?)\.\.([^\s.]\S*)", revisions)
    if not match:
        raise ToolError(f"--bisect {revisions}: write GOOD..BAD, two revisions")
    return [match[1], match[2]]


def bisect(revisions: str, text: bytes, identity: str, say) -> str:
    """Find the first commit of GOOD..BAD whose library has the bug. Returns: what was found."""
    good, _ = ends(revisions)
    commits = [_git("rev-parse", "--verify", "--end-of-options", f"{good}^{{commit}}").strip()]
    commits += _git("rev-list", "--reverse", revisions, "--", "lib").split()
    no_answer: list[str] = []  # commits that do not build: neither good nor bad, and named in the end

    def has_bug(commit: str) -> bool | None:
        try:
            built = build_of(commit)
        except ToolError as error:
            no_answer.append(f"{commit[:10]}: {str(error).splitlines()[0]}")
            return None
        found = replay(built, None, text=text).identity == identity
        say(f"{commit[:10]} {'has' if found else 'does not have'} the bug")
        return found

    answer = _search(commits, has_bug)
    lines = [answer if answer.startswith("no ") else
             "the first commit with the bug:\n" + _git("show", "--stat", "--format=%h %an, %as%n    %s", answer).strip()]
    return "\n".join(lines + [f"skipped, since it does not build with the testbed of now: {s}" for s in no_answer])


def _search(commits: list[str], has_bug) -> str:
    """Binary search; commits without an answer are left out. Returns: a commit, or "no …"."""
    if len(commits) == 1:
        return "no commit in between touches lib/"
    if has_bug(commits[0]):
        return f"no good one: {commits[0][:10]} has the bug already"
    good, bad = 0, len(commits) - 1
    if not (answer := has_bug(commits[bad])):
        return f"no bad one: {commits[bad][:10]}, the last that touches lib/, " + ("does not build" if answer is None else "does not have the bug")
    while bad - good > 1:
        for middle in sorted(range(good + 1, bad), key=lambda i: abs(i - (good + bad) // 2)):
            answer = has_bug(commits[middle])
            if answer is not None:
                break
        else:
            break  # none of those in between builds
        good, bad = (good, middle) if answer else (middle, bad)
    return commits[bad]
