"""Would we have noticed? Planted bugs of tests/defects, chosen by the campaign's seed, are fuzzed
for from nothing with the same targets, and must be found and recognised."""
from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .detection import plant, recognised, room, try_once
from .planted import Defect, Failure, all_defects
from .record import Canary
from .builds import SETUPS
from .tools import ROOT, Build, ToolError

ENGINE = SETUPS[0].engine
LIMIT_S = 30.0
"""Of processor time: a busy night misses none for being slow."""


def _fly(defect: Defect, seed: int, build: Build) -> Canary:
    harness = room(defect)
    folder = build.folder / "canaries" / defect.id
    canary = Canary(defect.id, defect.fields["title"], harness, None, "")
    try:
        plant(defect, harness, ENGINE, folder, build.folder)
        canary.seconds, canary.identity = try_once(ENGINE, harness, seed, LIMIT_S, folder,
                                                   lambda found: recognised(defect, folder, harness, found))
        canary.why = "" if canary.seconds is not None else f"not found in {LIMIT_S:.0f} s of processor time"
    except Failure as failure:
        canary.why = str(failure)
    shutil.rmtree(folder, ignore_errors=True)
    return canary


def release(build: Build, seed: int, jobs: int, seconds: float, say, ours: Callable[[str], bool] = lambda id: True) -> list[Canary]:
    """Fly canaries on `jobs` processes for about `seconds`, but at least one for each; of many hosts, those that are ours."""
    if build.lib != ROOT / "lib":
        raise ToolError("planted bugs are patches to our library, and this is another")
    chance = random.Random(seed)
    order = [defect for defect in all_defects() if defect.fields.get("canary") != "no"]
    if not order:
        raise ToolError("there is none in tests/defects/patches")
    chance.shuffle(order)
    order = [defect for defect in order if ours(defect.id)]
    deadline = time.monotonic() + seconds
    tried: list[Canary] = []
    with ThreadPoolExecutor(jobs) as pool:
        while order and (not tried or time.monotonic() < deadline):
            batch, order = order[:jobs], order[jobs:]
            for canary in pool.map(lambda d: _fly(d, chance.randrange(1, 2**31), build), batch):
                tried.append(canary)
                say(f"canary {canary.id}: " + (f"found after {canary.seconds} s" if not canary.why
                                               else f"MISSED: {canary.why}"))
    return tried
