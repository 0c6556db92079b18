"""What else the tests of planted bugs do with them, and mistakes that are planted in the testbed itself."""
import argparse
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrate.planted import (DEFECTS, Defect, Failure, all_defects, compile_changed, edit, link, patch, run)
from orchestrate.tools import FINDING_STATUS, ROOT, ToolError, identity_in

CORPORA = [str(path) for path in sorted((ROOT / "corpus").iterdir()) if path.is_dir()]


# ---- What their commands have in common ----

def make_parser(description: str, epilog: str, ids: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=epilog)
    parser.add_argument("ids", nargs="*", metavar="ID", help=ids)
    parser.add_argument("--build", type=Path, default=ROOT / "build/asan", metavar="DIR", help="a built testbed (default: build/asan)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    return parser


def built(options: argparse.Namespace) -> Path:
    """The folder of --build."""
    build = options.build.resolve()
    if not (build / "fuzz/procbuf-replay").exists():
        raise ToolError(f"{build}: no built testbed there; run ./tests/run first")
    return build


def chosen(rows: list, ids: list[str], what: str = "bug (tests/defects/run --list shows them)") -> list:
    """Those with these ids; without any, all."""
    if unknown := set(ids) - {row.id for row in rows}:
        raise ToolError(f"{', '.join(sorted(unknown))}: no such {what}")
    return [row for row in rows if not ids or row.id in ids]


def each(rows: Iterable, work: Callable, jobs: int | None, *more: type[Exception]) -> Iterator[tuple]:
    """Do something with each, side by side. Yields, in their order: it, what came of it, and why it failed, or ''."""
    failures: tuple[type[Exception], ...] = (Failure, subprocess.TimeoutExpired, *more)
    with ThreadPoolExecutor(jobs) as pool:
        for row, future in [(row, pool.submit(work, row)) for row in rows]:
            try:
                yield row, future.result(), ""
            except failures as failure:
                yield row, None, str(failure) or "failed"


def caught_by_corpora(replay: Path, folder: Path) -> tuple[str, str]:
    """The identity in which the saved corpora end, and the report. Raises Failure if they do not end in one."""
    done = run([replay, *CORPORA], folder)
    identity = identity_in(done.stderr)
    if done.returncode == 0:
        raise Failure("missed: the corpora ran clean")
    if done.returncode != FINDING_STATUS or not identity:
        raise Failure(f"ended with status {done.returncode} and no identity:\n{done.stderr[-2000:]}")
    return identity, done.stderr


# ---- What they do ----


def frozen() -> set[str]:
    """The ids of frozen.txt."""
    lines = (DEFECTS / "frozen.txt").read_text().splitlines()
    return {name for line in lines if not line.startswith("#") for name in line.split()}


def refresh(defect: Defect, folder: Path) -> str:
    """Write a patch again whose mistake can still be made, at lines that moved or that have changed
    around it. Returns: what was done."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "lib", folder / "b/lib")
    (folder / "a").mkdir()
    (folder / "a/lib").symlink_to(ROOT / "lib")
    done = run(["patch", "-p1", "--no-backup-if-mismatch", "-F3", "-i", str(defect.path)], folder / "b")
    if done.returncode != 0:
        return "cannot be made any more: plant it again"
    if "fuzz" not in done.stdout and "offset" not in done.stdout:
        return "as it was"
    head = defect.path.read_text().split("\n\n", 1)[0]
    files = re.findall(r"^\+\+\+ b/(\S+)", defect.path.read_text(), re.MULTILINE)
    diff = "".join(run(["diff", "-u", "--label", f"a/{file}", "--label", f"b/{file}", f"a/{file}",
                        f"b/{file}"], folder).stdout for file in files)
    defect.path.write_text(f"{head}\n\n{diff}")
    shutil.rmtree(folder)
    return "written again: look at it"


Edit = tuple[str, str, str]
"""A file below the root, code that is in it once, and the code with the mistake."""


def edit_copy(edits: list[Edit], folder: Path) -> None:
    """Copy the library and the testbed into a folder, and make the mistakes there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lib", "fuzz"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py", "*.png"))
    for file, code, wrong in edits:
        edit(folder / file, code, wrong)


@functools.cache
def testbed_objects(build: Path) -> list[tuple[set[str], list[str]]]:
    """Of each object of the testbed: the files below the root that it was made from, as ninja noted them, and its command."""
    made_from = {}
    for note in run(["ninja", "-t", "deps"], build).stdout.strip().split("\n\n"):
        head, *paths = note.splitlines()
        if re.search(r"/(testbed|forms_[a-z]+)\.dir/", head):
            made_from[head.split(": #deps")[0]] = {os.path.relpath(build / path.strip(), ROOT) for path in paths}
    commands = [shlex.split(entry["command"]) for entry in json.loads((build / "compile_commands.json").read_text())]
    by_target = {words[words.index("-o") + 1]: words for words in commands}
    return [(files, by_target[target]) for target, files in made_from.items()]


def compile_testbed(files: list[str], folder: Path, build: Path) -> dict[str, Path]:
    """Compile what a copy's changed files of the testbed are part of. Returns: object file as linked, to the new one."""
    objects = {}
    for made_from, words in testbed_objects(build):
        if made_from.isdisjoint(files):
            continue
        # What is left out leaves things unused: no error.
        command = [w.replace(f"{ROOT}/fuzz/", f"{folder}/fuzz/") for w in words if w != "-Werror"]
        at = command.index("-o") + 1
        target = folder / command[at].replace("/", "-")
        objects[command[at]], command[at] = target, str(target)
        done = run(command, build)
        if done.returncode != 0:
            raise Failure(f"does not build:\n{done.stderr}")
    if files and not objects:
        raise Failure(f"{', '.join(files)}: nothing of the testbed was made from it")
    return objects


def build_replay(edits: list[Edit], folder: Path, build: Path, bug: str = "", also: str = "") -> Path:
    """The replay program with these mistakes, in the library and in the testbed, and a planted bug's; and another program next to it."""
    edit_copy(edits, folder)
    if bug:
        patch(next(d for d in all_defects() if d.id == bug), folder)
    objects = compile_testbed([file for file, _, _ in edits if file.startswith("fuzz/")], folder, build)
    library = compile_changed(folder / "lib", folder, build)
    if also:
        link(f"fuzz/{also}", library, folder, build, objects)
    return link("fuzz/procbuf-replay", library, folder, build, objects)
