"""What the tests of the commands share."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

from orchestrate import tools
from orchestrate.planted import edit, patch, read_defect
from orchestrate.tools import ROOT

BUILD = Path(os.environ.get("PROCBUF_BUILD", ROOT / "build/asan"))
PATCHES = ROOT / "tests/defects/patches"
HARNESSES = sorted(path.name for path in (ROOT / "corpus").iterdir() if path.is_dir() and path.name != "regressions")


def call(*command, stdin: bytes | None = None, timeout: float = 1200, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return tools.run(command, stdin=stdin, timeout=timeout, cwd=cwd, environment=environment)


def programs_with(mark: str) -> list[str]:
    """Names of the processes that have it in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes().split(b"\0"):
                found.append((path.parent / "comm").read_text().strip())
        except OSError:
            continue
    return found


def is_waiting(process: subprocess.Popen) -> bool:
    """Whether it sleeps until something happens."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
    return False


class Case(unittest.TestCase):
    """A test with a folder of its own, and no limit on what a failure shows."""
    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="procbuf-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def check(self, done, status: int, *texts: str):
        self.assertEqual(done.returncode, status, f"\n{done.stdout}\n{done.stderr}")
        for text in texts:
            self.assertIn(text, done.stdout + done.stderr)


def recorded(folder: Path) -> dict:
    """What the last night of a folder recorded, which is as its schema says."""
    record = json.loads((folder / "report/campaign.json").read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "fuzz/campaign.schema.json").read_text())).validate(record)
    return record


def changed_lib(name: str, change) -> Path:
    """A copy of lib that `change`, called with its parent folder, has changed. The same folder for a
    name each time, so that build/ keeps one build of it and not one for every run of the tests; it stays
    as it is while it is right, since another test may be using it."""
    folder = Path(tempfile.gettempdir()) / f"procbuf-lib-{name}-{os.getuid()}"
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(ROOT / "lib", fresh / "lib")
    change(fresh)
    if subprocess.run(["diff", "-rq", fresh, folder], capture_output=True, check=False).returncode == 0:
        shutil.rmtree(fresh)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return folder / "lib"


def broken_lib(*defects: str) -> Path:
    """A copy of lib with planted bugs in it."""
    def plant(folder: Path) -> None:
        for defect in defects:
            patch(read_defect(PATCHES / f"{defect}.patch"), folder)
    return changed_lib("-".join(defects), plant)


def edited_lib(name: str, file: str, old: str, new: str) -> Path:
    """A copy of lib with one place edited; an empty `old` means the whole file."""
    def change(folder: Path) -> None:
        path = folder / "lib" / file
        edit(path, old or path.read_text(), new)
    return changed_lib(name, change)


def build_of(lib: Path, *targets: str) -> Path:
    """The folder of the testbed's build with a library, its tools and other targets; built when it is not there yet."""
    return tools.build("fuzz", lib, say=lambda text: None, targets=(*tools.TOOLS, *targets)).folder
