"""What hosts share: values that are named by their content, and that only become more. fuzz/SCALE.md describes a share.

A place is a folder, a path of rsync's, or a branch of a git repository. Each host, and whoever merges, has a replica: a
folder of the same shape. To exchange is to take the union of replica and place, in both directions, so that order,
repetition and lateness change nothing. Nothing from a place is believed: names match a pattern, contents their hash.
"""
from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from .replay import INPUT_MOST_BYTES
from .tools import ToolError, as_file, describe, run, shown

HOST = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
HASH = "[0-9a-f]{64}"
NAMES = {"format": rf"format/[0-9]{{1,4}}/{HASH}", "inputs": rf"inputs/[a-z][a-z0-9_]{{0,39}}/{HASH}",
         "findings": rf"findings/{HASH}/{HASH}", "facts": rf"facts/{HOST}/[0-9]{{1,6}}/[0-9]{{1,8}}-{HASH}"}
"""What a share holds, by the first part of a name."""
NAME = re.compile("|".join(NAMES.values()))
MOST_BYTES = {"format": 100, "inputs": INPUT_MOST_BYTES, "findings": 32 << 20, "facts": 8 << 20}
DEPTH = 4
FORMAT = 1
FORMAT_TEXT = b"procbuf share 1\n"
PARTIAL = ".partial-"
TIMEOUT_S = 600
SSH = "ssh -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=10 -oServerAliveCountMax=3"
MOST_SAID = 5
IN_THE_WAY = (errno.EISDIR, errno.ENOTDIR, errno.ELOOP)
"""A folder, a file or a link where a value or its folder belongs."""
PUSH_TRIES = 20


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_true(name: str, content: bytes) -> bool:
    """Whether a content is the one that its name says."""
    return name[-64:] == digest(content)


def format_name() -> str:
    return f"format/{FORMAT}/{digest(FORMAT_TEXT)}"


def facts_last(names: Iterable[str]) -> list[str]:
    """In the order in which they are given: what a host says of its night comes after all that it speaks of, so that a host
    that is killed has not said what it has not given."""
    return sorted(names, key=lambda name: (name.startswith("facts/"), name))


def check_format(names: Iterable[str], others: Iterable[str], where: object) -> None:
    """Refuse what is not a share, or is one of another version. Nothing has been written there yet."""
    formats = {name.split("/")[1] for name in names if name.startswith("format/")}
    if formats - {str(FORMAT)}:
        raise ToolError(f"{where}: a share of another version ({', '.join(sorted(formats))}; this is {FORMAT}): use another place")
    if not formats and (first := next(iter(others), None)) is not None:
        raise ToolError(f"{where}: not a share, and not empty: it holds {shown(first)}; name an empty place")


def _remote_shell(variable: str) -> dict[str, str]:
    """ssh that asks nothing and gives up soon, unless the user has another in a variable of rsync's or git's."""
    return {variable: os.environ.get(variable, SSH)}


class Place(ABC):
    """Where hosts share. `problems` has what is there and cannot be taken: it is said, and left alone."""

    def __init__(self, where: str):
        self.where = where
        self.problems: list[str] = []
        self.damaged: list[str] = []

    @abstractmethod
    def fetch(self, have: Folder) -> Iterator[tuple[str, bytes]]:
        """What is there, and not in the replica."""

    @abstractmethod
    def send(self, have: Folder, again: Iterable[str]) -> None:
        """Add what the replica has, and is not there; `again`: what was seen damaged there, in any case."""

    def refuse(self, name: str, why: str) -> None:
        self.problems.append(shown(f"{name}: {why}"))

    def is_wanted(self, name: str, size: int) -> bool:
        """Whether something there can be a value of ours."""
        if not NAME.fullmatch(name):
            self.refuse(name, "not of this share; left alone")
        elif size > MOST_BYTES[name.split("/")[0]]:
            self.refuse(name, f"{size:,} bytes long: too large to be taken")
        else:
            return True
        return False


class Folder(Place):
    """A folder: of a file system that hosts share, a replica, or what rsync brought. No link in it is followed."""

    def __init__(self, root: Path, owner: str = "", make: bool = True):
        super().__init__(str(root))
        self.root, self.owner, self.make = root, owner, make

    def listing(self, under: str = "") -> dict[str, int]:
        """Names of values, and how long they are; `under`: of this kind only."""
        found: dict[str, int] = {}
        self.problems.clear()
        if self.make and not self.root.exists():
            return found
        root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._list(root, "", found, under)
        finally:
            os.close(root)
        return found

    def _list(self, folder: int, prefix: str, found: dict[str, int], under: str = "") -> None:
        for name in [under] if under else sorted(os.listdir(folder)):
            path = prefix + name
            if name.startswith(PARTIAL) or prefix and name.startswith("."):
                continue  # half written, by us or by rsync
            try:
                if under and not os.access(name, os.F_OK, dir_fd=folder):
                    continue
                facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    if self.is_wanted(path, facts.st_size):
                        found[path] = facts.st_size
                elif stat.S_ISDIR(facts.st_mode) and path.split("/")[0] in NAMES and path.count("/") < DEPTH - 1:
                    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                    try:
                        self._list(inner, f"{path}/", found)
                    finally:
                        os.close(inner)
                else:
                    self.refuse(path, "a link; not followed" if stat.S_ISLNK(facts.st_mode) else "not of this share; left alone")
            except OSError as error:
                self.refuse(path, error.strerror or str(error))

    @contextlib.contextmanager
    def _parent(self, name: str, make: bool) -> Iterator[tuple[int, str]]:
        """The folder that a value is in, reached without following a link."""
        *folders, last = name.split("/")
        if make and self.make:
            self.root.mkdir(parents=True, exist_ok=True)
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for folder in folders:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=here)
                inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = inner
            yield here, last
        finally:
            os.close(here)

    def read(self, name: str) -> bytes:
        with self._parent(name, make=False) as (folder, last):
            file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with open(file, "rb") as stream:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise ToolError(f"{name}: not a regular file")
                return stream.read(MOST_BYTES[name.split("/")[0]] + 1)

    def add(self, name: str, content: bytes) -> None:
        """Whole or not at all, even if the machine stops: a reader sees it once it is on the disk."""
        with self._parent(name, make=True) as (folder, last):
            partial = f"{PARTIAL}{self.owner}-{secrets.token_hex(8)}"
            try:
                with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder), "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                os.rename(partial, last, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(partial, dir_fd=folder)
                raise

    def true_content(self, name: str) -> bytes | None:
        """A value; None when it is damaged, or gone."""
        with contextlib.suppress(OSError, ToolError):
            content = self.read(name)
            if is_true(name, content):
                return content
        return None

    def clear_partial(self) -> None:
        """Remove what this owner, who was killed, had half written."""
        for path in self.root.glob(f"**/{PARTIAL}{self.owner}-*"):
            path.unlink(missing_ok=True)

    def scrub(self) -> None:
        """Remove of a replica what is damaged: it is fetched again."""
        self.clear_partial()
        for name in self.listing():
            if self.true_content(name) is None:
                (self.root / name).unlink()

    def fetch(self, have: Folder) -> Iterator[tuple[str, bytes]]:
        theirs, ours = self.listing(), have.listing()
        check_format(theirs, (problem.split(":")[0] for problem in self.problems), self.where)
        for name in theirs:
            if name not in ours:
                try:
                    yield name, self.read(name)
                except OSError as error:
                    self.refuse(name, error.strerror or str(error))

    def send(self, have: Folder, again: Iterable[str]) -> None:
        theirs, ours = self.listing(), have.listing()
        wrong = [name for name, size in ours.items() if theirs.get(name, size) != size]
        refused = []
        for name in facts_last({*(ours.keys() - theirs.keys()), *wrong, *(set(again) & ours.keys())}):
            if (content := have.true_content(name)) is not None:
                try:
                    self.add(name, content)
                except OSError as error:
                    if error.errno not in IN_THE_WAY:
                        raise
                    refused.append(name)
        if refused:
            raise ToolError(f"{self.where}: {len(refused)} values cannot be written, since something else is in their place: {refused[0]}")


class Rsync(Place):
    """A path of rsync's: user@host:path by ssh, or rsync://host/module. What comes goes into a folder of our own first."""

    def __init__(self, where: str, work: Path):
        super().__init__(where.rstrip("/") + "/")
        self.staged = Folder(work / "rsync")

    def _rsync(self, *words: object) -> subprocess.CompletedProcess[str]:
        try:
            return run(["rsync", "--recursive", "--timeout=30", *words], timeout=TIMEOUT_S, environment=_remote_shell("RSYNC_RSH"))
        except FileNotFoundError as error:
            raise ToolError("rsync is missing: apt-get install rsync openssh-client") from error

    def fetch(self, have: Folder) -> Iterator[tuple[str, bytes]]:
        shutil.rmtree(self.staged.root, ignore_errors=True)
        self.staged.root.mkdir(parents=True)
        have.root.mkdir(parents=True, exist_ok=True)
        done = self._rsync("--size-only", "--safe-links", f"--max-size={max(MOST_BYTES.values())}", f"--exclude={PARTIAL}*",
                           f"--compare-dest={have.root.resolve()}", "--", self.where, f"{self.staged.root}/")
        if done.returncode not in (0, 23, 24):  # 23, 24: some of it could not be read, or has gone
            raise ToolError(f"{self.where}: {(done.stderr.strip().splitlines() or ['rsync failed'])[0]}")
        self.problems[:] = [shown(line) for line in done.stderr.splitlines() if line.startswith(("rsync: ", "skipping "))]
        names = [*self.staged.listing(), *have.listing()]
        self.problems += self.staged.problems
        check_format(names, (problem.split(":")[0] for problem in self.staged.problems), self.where)
        for name in self.staged.listing():
            yield name, self.staged.read(name)
        shutil.rmtree(self.staged.root, ignore_errors=True)

    def send(self, have: Folder, again: Iterable[str]) -> None:
        ours = have.listing().keys()
        facts = {name for name in ours if name.startswith("facts/")}
        for words, names in ((["--ignore-existing"], ours - facts), (["--ignore-times"], ours & set(again)), (["--ignore-existing"], facts)):
            if not names:
                continue
            with as_file("\n".join(names)) as listed:
                done = self._rsync(*words, "--fsync", f"--files-from={listed}", "--", f"{have.root}/", self.where)
            if done.returncode != 0:
                raise ToolError(f"{self.where}: {(done.stderr.strip().splitlines() or ['rsync failed'])[0]}")


class Git(Place):
    """A branch of a git repository: git+URL#BRANCH. Nothing of it is ever checked out: trees are listed, blobs read."""

    def __init__(self, where: str, work: Path):
        super().__init__(re.sub("://[^/@]*@", "://", where))  # no password in what is said
        url, _, branch = where.removeprefix("git+").partition("#")
        self.url, self.branch = url, branch or "procbuf-share"
        self.work = work / "git"
        self.theirs: dict[str, str] = {}
        self.head = ""

    def _git(self, *words: object, stdin: bytes | None = None, index: str | None = None) -> str:
        environment = {"GIT_DIR": str(self.work), "GIT_TERMINAL_PROMPT": "0"} | _remote_shell("GIT_SSH_COMMAND")
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "procbuf campaign", f"GIT_{who}_EMAIL": "campaign@localhost"}
        done = run(["git", *words], timeout=TIMEOUT_S, stdin=stdin, environment=environment | ({"GIT_INDEX_FILE": index} if index else {}))
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["failed"]
            raise ToolError(f"{self.where}: git {words[0]}: {next((line for line in lines if line.startswith(('fatal:', 'error:'))), lines[-1])}")
        return done.stdout

    def _look(self) -> None:
        """What the branch holds now."""
        if not (self.work / "HEAD").exists():
            self.work.mkdir(parents=True, exist_ok=True)
            self._git("init", "-q", "--bare")
        self.head, self.theirs, self.problems = "", {}, []
        if not self._git("ls-remote", "--", self.url, f"refs/heads/{self.branch}").strip():
            return
        self._git("fetch", "-q", "--no-tags", "--", self.url, f"+refs/heads/{self.branch}:refs/share")
        self.head = self._git("rev-parse", "refs/share").strip()
        for line in filter(None, self._git("ls-tree", "-r", "-l", "-z", self.head).split("\0")):
            facts, name = line.split("\t", 1)
            mode, _, blob, size = facts.split()
            if mode not in ("100644", "100755"):
                self.refuse(name, "a link or a module; not followed")
            elif self.is_wanted(name, int(size)):
                self.theirs[name] = blob

    def fetch(self, have: Folder) -> Iterator[tuple[str, bytes]]:
        self._look()
        check_format(self.theirs, (problem.split(":")[0] for problem in self.problems), self.where)
        ours = have.listing()
        for name, blob in self.theirs.items():
            if name not in ours:
                done = subprocess.run(["git", "cat-file", "blob", blob], env=os.environ | {"GIT_DIR": str(self.work)}, capture_output=True,
                                      check=False)
                yield name, done.stdout

    def send(self, have: Folder, again: Iterable[str]) -> None:
        """A commit that adds; who was faster is fetched, and it is tried again."""
        for _ in range(PUSH_TRIES):
            ours = have.listing()
            names = sorted({*(ours.keys() - self.theirs.keys()), *(set(again) & ours.keys())})
            if not names:
                return
            with tempfile.TemporaryDirectory(prefix="procbuf-") as folder:
                blobs = self._git("hash-object", "-w", "--no-filters", "--stdin-paths",
                                  stdin="".join(f"{have.root.resolve() / name}\n" for name in names).encode()).split()
                lines = "".join(f"100644 {blob}\t{name}\n" for blob, name in zip(blobs, names))
                index = f"{folder}/index"
                self._git("read-tree", *([self.head] if self.head else ["--empty"]), index=index)
                self._git("update-index", "--index-info", stdin=lines.encode(), index=index)
                tree = self._git("write-tree", index=index).strip()
            commit = self._git("commit-tree", "-m", f"share: add {len(names)} values", *(["-p", self.head] if self.head else []), tree).strip()
            try:
                self._git("push", "-q", "--", self.url, f"{commit}:refs/heads/{self.branch}")
                return
            except ToolError:
                before = self.head
                self._look()
                if self.head == before:
                    raise
        raise ToolError(f"{self.where}: {PUSH_TRIES} times, others were faster")


def place_of(where: str, work: Path, owner: str = "") -> Place:
    """The place that an argument names; `work` is a folder for what a transport needs."""
    if where.startswith("git+"):
        return Git(where, work)
    if where.startswith("rsync://") or re.match(r"[^/]+:", where):
        return Rsync(where, work)
    return Folder(Path(where), owner, make=False)


def keep_apart(where: str, *folders: Path) -> None:
    """Refuse a share that has one of these folders in it: what is made there would look like values, or take their place."""
    root = Path(where)
    for folder in folders if root.is_dir() else ():
        if root.resolve() in (folder.resolve(), *folder.resolve().parents):
            raise ToolError(f"{where}: {folder} is in this share: name a folder outside of it")


def _keep(replica: Folder, name: str, content: bytes) -> None:
    try:
        replica.add(name, content)
    except OSError as error:
        raise ToolError(f"{replica.where}: {error.strerror}") from error


def take(replica: Folder, place: Place) -> None:
    """Take from a place what the replica does not have. What is damaged there is named."""
    try:
        place.damaged.clear()
        for name, content in place.fetch(replica):
            if is_true(name, content):
                _keep(replica, name, content)
            else:
                place.damaged.append(name)
                place.refuse(name, "damaged: its content is not what its name says")
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{place.where}: {describe(error)}") from error


def give(replica: Folder, place: Place, again: Iterable[str] = ()) -> None:
    """Add to a place what the replica has."""
    try:
        _keep(replica, format_name(), FORMAT_TEXT)
        place.send(replica, again)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{place.where}: cannot be written: {describe(error)}") from error


def said(problems: list[str]) -> list[str]:
    """The first of many problems."""
    rest = len(problems) - MOST_SAID
    return problems[:MOST_SAID] + ([f"and {rest} more"] if rest > 0 else [])
