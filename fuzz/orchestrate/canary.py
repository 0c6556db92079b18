"""Would we have noticed? Planted bugs of tests/defects, chosen by the campaign's seed, are fuzzed
for from nothing with the same targets, and must be found and recognised."""
from __future__ import annotations

import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools import ROOT, Build, ToolError

sys.path.insert(0, str(ROOT / "tests/defects"))

import from_nothing  # noqa: E402  (they live with the planted bugs)
import planted  # noqa: E402

LIMIT_S = 30.0
"""Of processor time: a busy night misses none for being slow."""


@dataclass
class Canary:
    """One planted bug, and how it fared. seconds: of processor time until it was
    found, None if it was missed."""
    id: str
    title: str
    harness: str
    seconds: float | None
    identity: str
    why: str = ""


def _fly(defect: planted.Defect, seed: int, build: Build) -> Canary:
    harness = from_nothing.room(defect)
    folder = build.folder / "canaries" / defect.id
    canary = Canary(defect.id, defect.fields["title"], harness, None, "")
    try:
        objects = planted.compile_changed(planted.patched_library(defect, folder), folder, build.folder)
        for program in (f"fuzz-{harness}", "procbuf-replay"):
            planted.link_with(objects, program, folder, build.folder)
        result = from_nothing.try_once(defect, "libfuzzer", harness, seed, LIMIT_S, folder)
        canary.seconds, canary.identity = result["seconds"], result["identity"]
        canary.why = "" if result["seconds"] is not None else f"not found in {LIMIT_S:.0f} s of processor time"
    except planted.Failure as failure:
        canary.why = str(failure)
    shutil.rmtree(folder, ignore_errors=True)
    return canary


def release(build: Build, seed: int, jobs: int, seconds: float, say) -> list[Canary]:
    """Fly canaries on `jobs` processes for about `seconds`, but at least one for each."""
    if build.lib != ROOT / "lib":
        raise ToolError("planted bugs are patches to our library, and this is another")
    chance = random.Random(seed)
    order = planted.all_defects()
    chance.shuffle(order)
    deadline = time.monotonic() + seconds
    flown: list[Canary] = []
    with ThreadPoolExecutor(jobs) as pool:
        while order and (not flown or time.monotonic() < deadline):
            batch, order = order[:jobs], order[jobs:]
            for canary in pool.map(lambda d: _fly(d, chance.randrange(1, 2**31), build), batch):
                flown.append(canary)
                say(f"canary {canary.id}: " + (f"found after {canary.seconds} s" if not canary.why
                                               else f"MISSED: {canary.why}"))
    return flown
