"""A change: what is compared with what, what its commits declare, and both states as folders."""
from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..tools import ToolError

TRAILER = re.compile(r"^(Fixes|Weakens|Contract|Costs): *(.*)$", re.MULTILINE)
SHORTEST_REASON = 10
"""Characters: less says nothing to a reviewer."""
FIXING = re.compile(r"(?:^|: )(?:fix|fixes|fixed|mend|repair|correct)\b", re.IGNORECASE)
"""A subject that claims a fix, of a change that touches code of the library."""


class Impossible(ToolError):
    """The change cannot be judged: exit status 2."""


def git(repository: Path, *words: str, stdin: bytes | None = None, index: str = "") -> bytes:
    """Run git, with another index if one is named. Raises Impossible."""
    done = subprocess.run(["git", "-c", "core.quotepath=off", *words], cwd=repository, capture_output=True, input=stdin,
                          check=False, env=os.environ | ({"GIT_INDEX_FILE": index} if index else {}))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["failed"]
        raise Impossible(f"git {' '.join(words[:3])}: {next((line for line in said if line.startswith('fatal: ')), said[-1])}")
    return done.stdout


@dataclass(frozen=True)
class Hunk:
    """Lines that go, and lines that come, with the number of the first of each."""
    old_at: int
    new_at: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass
class File:
    """A file that differs. `old` or `new` is None where it does not exist."""
    path: str
    old: str | None = None
    new: str | None = None
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def removed(self) -> list[str]:
        return [line for hunk in self.hunks for line in hunk.removed]

    @property
    def added(self) -> list[str]:
        return [line for hunk in self.hunks for line in hunk.added]

    @property
    def new_lines(self) -> set[int]:
        """Numbers of lines that are new or changed."""
        return {hunk.new_at + at for hunk in self.hunks for at in range(len(hunk.added))}


def tree_of(repository: Path) -> str:
    """All files of a working tree that git does not ignore, as a tree of git's."""
    with tempfile.TemporaryDirectory() as name:
        index = f"{name}/index"
        git(repository, "read-tree", "HEAD", index=index)
        git(repository, "add", "-A", index=index)
        return git(repository, "write-tree", index=index).decode().strip()


class Tree:
    """One state of the repository, as a folder that keeps what did not change from one judgement to the next, builds included."""

    def __init__(self, repository: Path, state: str, folder: Path):
        self.repository, self.state, self.folder = repository, state, folder
        self.entries: dict[str, tuple[str, str]] = {}
        self.modules: dict[str, str] = {}
        for entry in git(repository, "ls-tree", "-r", "-z", state).split(b"\0"):
            if entry:
                mode_kind_name, path = entry.decode(errors="surrogateescape").split("\t", 1)
                mode, kind, name = mode_kind_name.split()
                if kind == "blob":
                    self.entries[path] = (mode, name)
                else:
                    self.modules[path] = name
        self.texts: dict[str, str] = {}

    def text(self, path: str) -> str:
        """'' where it does not exist."""
        if path not in self.entries:
            return ""
        if path not in self.texts:
            self.texts[path] = git(self.repository, "cat-file", "blob", self.entries[path][1]).decode(errors="replace")
        return self.texts[path]

    def paths(self, *patterns: str) -> list[str]:
        return sorted(path for path in self.entries if not patterns or any(fnmatch.fnmatch(path, one) for one in patterns))

    def write(self) -> None:
        """As tests expect it: a repository with one commit. Only what differs from what is there is written, so that builds know what
        is new."""
        objects = git(self.repository, "rev-parse", "--path-format=absolute", "--git-path", "objects").decode()
        self.folder.mkdir(parents=True, exist_ok=True)
        git(self.folder, "init", "-q")
        own = self.folder / ".git"
        (own / "objects/info/alternates").write_text(objects)
        (own / "info/attributes").write_text("* -text -filter -ident -working-tree-encoding\n")  # the bytes that were judged
        (own / "info/exclude").write_text("/build/\n")
        for lock in own.rglob("*.lock"):
            lock.unlink()  # of a judgement that was killed
        named = ["-c", "user.name=gate", "-c", "user.email=gate@procbuf.invalid", "-c", "commit.gpgsign=false"]
        commit = git(self.folder, *named, "commit-tree", "-m", "as it is judged", f"{self.state}^{{tree}}").decode().strip()
        git(self.folder, "reset", "-q", "--hard", commit)
        git(self.folder, "clean", "-qfdx", "-e", "/build")


@dataclass(frozen=True)
class Declaration:
    """A trailer: Weakens, Contract or Costs, of what, and why."""
    kind: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}: {self.why}"


class Change:
    """From `base` to a commit, or to the working tree."""

    def __init__(self, repository: Path, base: str, folder: Path, worktree: bool = False, message: str = ""):
        try:
            self.repository = Path(git(repository, "rev-parse", "--show-toplevel").decode().strip())
        except (Impossible, OSError) as problem:
            raise Impossible(f"{repository}: {problem.strerror if isinstance(problem, OSError) else problem}") from problem
        try:
            self.base = git(self.repository, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}").decode().strip()
        except Impossible as problem:
            raise Impossible(f"{base}: no such revision") from problem
        self.head = git(self.repository, "rev-parse", "--verify", "HEAD").decode().strip()
        dirty = git(self.repository, "status", "--porcelain").decode(errors="replace").splitlines()
        if dirty and not worktree:
            raise Impossible(f"the working tree differs from HEAD ({dirty[0][3:]}): commit, or judge it with --worktree")
        merge_base = subprocess.run(["git", "merge-base", self.base, self.head], cwd=self.repository, capture_output=True,
                                    text=True, check=False).stdout.strip()
        if not merge_base:
            raise Impossible(f"{base}: has no commit in common with HEAD")
        self.base = merge_base
        self.worktree = worktree and bool(dirty)
        self.judged = tree_of(self.repository) if self.worktree else self.head
        messages = git(self.repository, "log", "--format=%B%x00", f"{self.base}..{self.head}").decode(errors="replace")
        self.messages = [one.strip() for one in messages.split("\0") if one.strip()] + ([message.strip()] if message.strip() else [])
        self.old = Tree(self.repository, self.base, folder / "base")
        self.new = Tree(self.repository, self.judged, folder / "change")
        self.files = self._diff()
        self.modules = sorted(path for path, commit in self.new.modules.items() if self.old.modules.get(path) != commit)
        if not self.files and not self.modules:
            raise Impossible(f"nothing differs from {base}")
        self.declarations, self.fixes, self.malformed = self._trailers()
        self.used: set[Declaration] = set()

    def _diff(self) -> dict[str, File]:
        files: dict[str, File] = {}
        for path in sorted({*self.old.entries, *self.new.entries}):
            if self.old.entries.get(path) != self.new.entries.get(path):
                files[path] = File(path, self.old.text(path) if path in self.old.entries else None,
                                   self.new.text(path) if path in self.new.entries else None)
        text = git(self.repository, "diff", "-U0", "--no-renames", "--no-color", "--no-ext-diff", "--text",
                   "--diff-algorithm=histogram", "--src-prefix=a/", "--dst-prefix=b/", self.base, self.judged)
        now: File | None = None
        lines = text.decode(errors="replace").split("\n")
        at = 0
        while at < len(lines):
            line = lines[at]
            at += 1
            if line.startswith("diff --git "):
                now = None
            elif line.startswith(("--- a/", "+++ b/")):
                now = files.get(line[6:].rstrip("\t"), now)
            elif now is not None and (head := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)):
                counts = [int(head[2] or 1), int(head[4] or 1)]
                sides: list[list[str]] = [[], []]
                while any(counts):
                    side = 0 if lines[at].startswith("-") else 1
                    if not lines[at].startswith("\\"):
                        sides[side].append(lines[at][1:])
                        counts[side] -= 1
                    at += 1
                now.hunks.append(Hunk(int(head[1]), int(head[3]), tuple(sides[0]), tuple(sides[1])))
        return files

    def _trailers(self) -> tuple[list[Declaration], list[str], list[str]]:
        declarations, fixes, malformed = [], [], []
        for kind, text in TRAILER.findall("\n".join(self.messages)):
            if kind == "Fixes":
                fixes.append(text)
                continue
            what, _, why = (part.strip() for part in text.partition(": "))
            if not what or len(why) < SHORTEST_REASON or kind == "Weakens" and self._is_too_much(what):
                malformed.append(f"{kind}: {text}: write \"{kind}: WHAT: why it is right\"")
                continue
            declarations.append(Declaration(kind, what, why))
        return declarations, fixes, malformed

    def _is_too_much(self, what: str) -> bool:
        """Half of the tests at once: a pattern, or a folder, has to be of one area."""
        fixed = re.split(r"[*?\[]", what)[0]
        if fixed == what.rstrip("/"):
            return "/" not in fixed and any(path.startswith(fixed + "/") for path in self.old.entries)
        return len([part for part in fixed.split("/") if part]) < 2

    def declared(self, kind: str, what: str) -> Declaration | None:
        """The trailer that names it: a path may be a pattern, or a folder."""
        for one in self.declarations:
            if one.kind == kind and (fnmatch.fnmatchcase(what, one.what) or what.startswith(one.what.rstrip("/") + "/")):
                self.used.add(one)
                return one
        return None

    def touched(self, *patterns: str) -> list[File]:
        return [file for path, file in self.files.items() if any(fnmatch.fnmatch(path, one) for one in patterns)]

    @property
    def subjects(self) -> list[str]:
        return [message.splitlines()[0] for message in self.messages]

    # ---- What it is about ----

    @cached_property
    def library(self) -> list[File]:
        """Code of the library that differs in more than comments and blanks."""
        return [file for file in self.touched("lib/src/*.[ch]", "lib/include/*.h")
                if code_of(file.old or "") != code_of(file.new or "")]

    @cached_property
    def testbed(self) -> list[File]:
        """Likewise of what judges it."""
        return [file for file in self.touched("fuzz/*.[ch]", "fuzz/*.def", "fuzz/CMakeLists.txt", "CMakeLists.txt",
                                              "CMakePresets.json", "fuzz/oracle/*", "lib/CMakeLists.txt")
                if not file.path.endswith((".c", ".h", ".def")) or code_of(file.old or "") != code_of(file.new or "")]

    @cached_property
    def units(self) -> list[File]:
        return self.touched("tests/unit/*", "tests/found/*", "tests/exhaustive/*")

    @cached_property
    def seeds(self) -> list[File]:
        """New, or not what they were."""
        return [file for file in self.touched("corpus/*.trace", "corpus/*.sequence") if file.new is not None]

    @cached_property
    def is_built(self) -> bool:
        """Whether a build differs, or what runs on it."""
        return bool(self.library or self.testbed or self.units or self.seeds or self.touched("corpus/*")
                    or self.touched("tests/defects/patches/*"))

    @cached_property
    def claims_a_fix(self) -> str:
        """By what; '' if it does not."""
        if self.fixes:
            return f"Fixes: {self.fixes[0]}"
        if not self.library:
            return ""
        for subject in self.subjects:
            if FIXING.search(subject):
                return f'"{subject}"'
        kept = [file.path for file in self.files.values() if file.old is None
                and fnmatch.fnmatch(file.path, "corpus/regressions/*") | fnmatch.fnmatch(file.path, "tests/found/*.c")]
        return kept[0] if kept else ""


def code_of(text: str) -> str:
    """C without comments (but proofs, which are contracts), strings kept, blanks made one."""
    found = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*(?!@).*?\*/|//(?!@)[^\n]*',
                   lambda match: match[0] if match[0][0] in "\"'" else " ", text, flags=re.DOTALL)
    return " ".join(found.split())
