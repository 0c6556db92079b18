"""Planted bugs: their headers, and builds of the testbed with one of them in the library.

Each file in patches/ is one mistake as a patch against lib/, with a header that says what it is,
which rule of the contract it breaks, and which identities count as catching it. What shows only where internal checks
are off says "build: as shipped" there: the files that it changes are compiled without PROCBUF_CHECKED.
"""
import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FINDING = 77
TIMEOUT_S = 60
IDENTITY = "PROCBUF-BUG "
AS_SHIPPED = "as shipped"
NAME_STATE = [str(ROOT / "fuzz/oracle/name_state"), "objcopy"]
"""What the build compiles the library with: compile_commands.json leaves launchers out."""


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
        raise SystemExit(f"{path}: the header lacks {', '.join(sorted(missing))}")
    if fields["id"] != path.stem:
        raise SystemExit(f"{path}: the id is {fields['id']}, the file says {path.stem}")
    return Defect(path, fields)


def all_defects() -> list[Defect]:
    return [read_defect(path) for path in sorted((HERE / "patches").glob("*.patch"))]


def frozen() -> dict[str, list[str]]:
    """The ids of frozen.txt, by section."""
    sections: dict[str, list[str]] = {}
    for line in (HERE / "frozen.txt").read_text().splitlines():
        if match := re.match(r"\[(\w+)\]", line):
            ids = sections.setdefault(match[1], [])
        elif line and not line.startswith("#"):
            ids += line.split()
    return sections


class Failure(Exception):
    """A class of result that is not "caught", and what to do about it."""


def run(command: list[str], cwd: Path, timeout: float = TIMEOUT_S) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace",
                          timeout=timeout, check=False)


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


def refresh(defect: Defect, folder: Path) -> str:
    """Write a patch anew whose mistake can still be made, at lines that moved or that have changed
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
    return "written anew: look at it"


def compile_commands(build: Path) -> dict[str, list[str]]:
    """Of the library under test: source file name to command."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if "lib_under_test.dir" in entry["command"]:
            commands[Path(entry["file"]).name] = shlex.split(entry["command"])
    return commands


def link_command(build: Path, program: str) -> list[str]:
    text = run(["ninja", "-t", "commands", f"fuzz/{program}"], build).stdout.splitlines()[-1]
    words = shlex.split(text.replace("&& :", "").lstrip(": &"))
    return [w for w in words if w not in (":", "&&")]


def compile_changed(lib: Path, folder: Path, build: Path) -> list[str]:
    """Compile the files of the library that the bug changed. Returns: the objects."""
    changed = [path for path in sorted((lib / "src").glob("*.c"))
               if path.read_bytes() != (ROOT / "lib/src" / path.name).read_bytes()]
    if any(path.read_bytes() != (ROOT / "lib" / path.relative_to(lib)).read_bytes()
           for path in list(lib.glob("include/**/*.h")) + list(lib.glob("src/*.h"))):
        changed = sorted((lib / "src").glob("*.c"))
    objects = []
    for source in changed:
        command = compile_commands(build)[source.name]
        command = [w.replace(str(ROOT / "lib") + "/", str(lib) + "/") for w in command]
        if (folder / AS_SHIPPED).exists():
            command.remove("-DPROCBUF_CHECKED")
        target = folder / (source.stem + ".o")
        command[command.index("-o") + 1] = str(target)
        done = run([*NAME_STATE, *command], build)
        if done.returncode != 0:
            raise Failure(f"does not build:\n{done.stderr}")
        objects.append(str(target))
    return objects


def link_with(objects: list[str], program: str, folder: Path, build: Path) -> Path:
    """Link a program of the testbed anew, these objects before those of our library."""
    command = link_command(build, program)
    linked = folder / program
    command[command.index("-o") + 1] = str(linked)
    archive = next(i for i, w in enumerate(command) if w.endswith("liblib_under_test.a"))
    done = run(command[:archive] + objects + command[archive:], build)
    if done.returncode != 0:
        raise Failure(f"does not link:\n{done.stderr}")
    return linked


def build_with(defect: Defect, program: str, folder: Path, build: Path) -> Path:
    """A program of the testbed, built in `build`, with the bug in its library."""
    return link_with(compile_changed(patched_library(defect, folder), folder, build), program,
                     folder, build)


Edit = tuple[str, str, str]
"""A file below the root, code that is in it once, and the code with the mistake."""


def edit_copy(edits: list[Edit], folder: Path) -> None:
    """Copy the library and the testbed into a folder, and make the mistakes there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lib", "fuzz"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py", "*.png"))
    for file, code, wrong in edits:
        path = folder / file
        text = path.read_text()
        if text.count(code) != 1:
            raise Failure(f"{file} has that code {text.count(code)} times: write the row again")
        path.write_text(text.replace(code, wrong))


def compile_testbed(files: list[str], folder: Path, build: Path) -> dict[str, Path]:
    """Compile what a copy's changed files of the testbed need. Returns: object file as linked, to the
    new one."""
    known = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if "/testbed.dir/" in entry["command"]:
            known[str(Path(entry["file"]).relative_to(ROOT))] = shlex.split(entry["command"])
    objects = {}
    for file in dict.fromkeys(files):
        for name in known if file.endswith(".h") else [file]:
            if Path(name).parent != Path(file).parent:
                continue
            # What is left out leaves things unused: no error.
            command = [w.replace(f"{ROOT}/fuzz/", f"{folder}/fuzz/") for w in known[name] if w != "-Werror"]
            at = command.index("-o") + 1
            target = folder / (name.replace("/", "-") + ".o")
            objects[command[at]], command[at] = target, str(target)
            done = run(command, build)
            if done.returncode != 0:
                raise Failure(f"does not build:\n{done.stderr}")
    return objects


def link(program: str, objects: dict[str, Path], library: list[str], folder: Path, build: Path) -> Path:
    """Link a program again, with objects of the testbed and of the library that replace others."""
    text = run(["ninja", "-t", "commands", program], build).stdout.splitlines()[-1]
    words = [w for w in shlex.split(text.split("&& cd ")[0].replace("&& :", "").lstrip(": &"))
             if w not in (":", "&&")]
    linked = folder / Path(program).name
    words[words.index("-o") + 1] = str(linked)
    words = [str(objects.get(w, w)) for w in words]
    archive = next(i for i, w in enumerate(words) if w.endswith("liblib_under_test.a"))
    done = run(words[:archive] + library + words[archive:], build)
    if done.returncode != 0:
        raise Failure(f"does not link:\n{done.stderr}")
    return linked


def build_replay(edits: list[Edit], folder: Path, build: Path, bug: str = "") -> Path:
    """The replay program with these mistakes, in the library and in the testbed, and a planted bug's."""
    edit_copy(edits, folder)
    if bug:
        patch(next(d for d in all_defects() if d.id == bug), folder)
    objects = compile_testbed([file for file, _, _ in edits if file.startswith("fuzz/")], folder, build)
    return link("fuzz/procbuf-replay", objects, compile_changed(folder / "lib", folder, build), folder, build)


def identity_in(text: str) -> str:
    """The identity line of a report, or nothing."""
    return next((line for line in reversed(text.splitlines()) if line.startswith(IDENTITY)), "")


def judge(defect: Defect, identity: str) -> None:
    """Raises Failure when the bug was caught as something that it is not."""
    if not re.search(defect.fields["identity"], identity):
        raise Failure(f"caught as something else: {identity}\n  expected: {defect.fields['identity']}")
