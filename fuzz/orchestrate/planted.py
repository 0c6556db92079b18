"""Planted bugs of tests/defects: their headers, and builds of the testbed with one of them in the library.

Each file in patches/ is one mistake as a patch against lib/, with a header that says what it is,
which rule of the contract it breaks, and which identities count as catching it. What shows only where internal checks
are off says "build: as shipped" there: the files that it changes are compiled without PROCBUF_CHECKED.
"""
from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .tools import ROOT, ToolError

DEFECTS = ROOT / "tests/defects"
TIMEOUT_S = 600
"""Which only a hang reaches."""
AS_SHIPPED = "as shipped"
NAME_STATE = [str(ROOT / "fuzz/oracle/name_state"), "objcopy"]
"""What the build compiles the library with: compile_commands.json leaves launchers out."""


class Failure(ToolError):
    """A class of result that is not "caught", and what to do about it."""


@dataclass
class Defect:
    """One planted bug: the header of its patch."""
    path: Path
    fields: dict

    @property
    def id(self) -> str:
        return self.fields["id"]


def read_defect(path: Path) -> Defect:
    fields = {}
    for line in path.read_text().split("\n\n", 1)[0].splitlines():
        key, _, value = line.partition(": ")
        fields[key] = value
    missing = {"id", "title", "rule", "oracle", "hardness", "identity", "story"} - fields.keys()
    if missing:
        raise ToolError(f"{path}: the header lacks {', '.join(sorted(missing))}")
    if fields["id"] != path.stem:
        raise ToolError(f"{path}: the id is {fields['id']}, the file says {path.stem}")
    return Defect(path, fields)


def all_defects() -> list[Defect]:
    return [read_defect(path) for path in sorted((DEFECTS / "patches").glob("*.patch"))]


def run(command: list, cwd: Path, timeout: float = TIMEOUT_S) -> subprocess.CompletedProcess[str]:
    return tools.run(command, cwd=cwd, timeout=timeout)


def patch(defect: Defect, folder: Path) -> None:
    """Make the mistake in the copy of the library that is in a folder."""
    done = run(["patch", "-p1", "--no-backup-if-mismatch", "-s", "-F0", "-i", str(defect.path)], folder)
    if done.returncode != 0:
        raise Failure("does not apply: lib has changed under it. If only the lines around it have, "
                      "run with --refresh; else plant the same mistake again and write the new diff "
                      f"to {defect.path.relative_to(ROOT)}\n{done.stdout}")


def patched_library(defect: Defect, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "lib", folder / "lib")
    patch(defect, folder)
    if defect.fields.get("build") == AS_SHIPPED:
        (folder / AS_SHIPPED).touch()
    return folder / "lib"


def compile_commands(build: Path, target: str = "lib_under_test.dir") -> dict[str, list[str]]:
    """Of the library under test, or as another target has it: source file name to command."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if target in entry["command"]:
            commands[Path(entry["file"]).name] = shlex.split(entry["command"])
    return commands


def compile_changed(lib: Path, folder: Path, build: Path, ours: Path = ROOT / "lib") -> list[str]:
    """Compile the files of the library that the bug changed; `ours` is the one that was built. Returns: the objects."""
    changed = [path for path in sorted((lib / "src").glob("*.c"))
               if path.read_bytes() != (ours / "src" / path.name).read_bytes()]
    if any(path.read_bytes() != (ours / path.relative_to(lib)).read_bytes()
           for path in list(lib.glob("include/**/*.h")) + list(lib.glob("src/*.h"))):
        changed = sorted((lib / "src").glob("*.c"))
    objects = []
    for source in changed:
        command = compile_commands(build)[source.name]
        command = [w.replace(f"{ours}/", f"{lib}/") for w in command]
        if (folder / AS_SHIPPED).exists():
            command.remove("-DPROCBUF_CHECKED")
        target = folder / (source.stem + ".o")
        command[command.index("-o") + 1] = str(target)
        done = run([*NAME_STATE, *command], build)
        if done.returncode != 0:
            raise Failure(f"does not build:\n{done.stderr}")
        objects.append(str(target))
    return objects


def link_words(program: str, build: Path) -> list[str]:
    """How a program of the build is linked."""
    text = run(["ninja", "-t", "commands", program], build).stdout.splitlines()[-1]
    return [word for word in shlex.split(text.split("&& cd ")[0]) if word not in (":", "&&")]


def link(program: str, library: list[str], folder: Path, build: Path, testbed: dict[str, Path] | None = None) -> Path:
    """Link a program of the build again, with these objects of the library before those of ours, and objects of the testbed
    (the name as linked, to the new one)."""
    words = link_words(program, build)
    linked = folder / Path(program).name
    words[words.index("-o") + 1] = str(linked)
    words = [str((testbed or {}).get(w, w)) for w in words]
    archive = next(i for i, w in enumerate(words) if w.endswith("liblib_under_test.a"))
    done = run(words[:archive] + library + words[archive:], build)
    if done.returncode != 0:
        raise Failure(f"does not link:\n{done.stderr}")
    return linked


def judge(defect: Defect, identity: str) -> None:
    """Raises Failure when the bug was caught as something that it is not."""
    if not re.search(defect.fields["identity"], identity):
        raise Failure(f"caught as something else: {identity}\n  expected: {defect.fields['identity']}")
