"""The corpora that grow from night to night: made small, and taken over into the repository."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .engine import INPUT_BYTES, INPUT_TIMEOUT_S
from .folder import Folder
from .replay import CONVERT_TIMEOUT_S, TEXTS, is_input
from .tools import CORPUS, Build, ToolError, put_in_place, run, shown, write_whole

MINIMISE_LIMIT_S = 300
AT_ONCE = "MERGE-OUTER: successful in 1 attempt"
"""What libFuzzer says when no input ended the process that ran them; else it goes on after that input."""


def tidy(folder: Folder, harness: str) -> list[str]:
    """Take out of a corpus what is not an input of an engine: it would stop every engine, replay and count. It goes to
    OUT/left-out/HARNESS. Returns: what that was."""
    corpus, aside = folder.corpus(harness), folder.out / "left-out" / harness
    old = corpus.with_name(f".{harness}.old")
    if old.is_dir() and not corpus.exists():
        old.rename(corpus)  # the campaign was killed while it replaced one by the other
    corpus.mkdir(parents=True, exist_ok=True)
    left_out = []
    for path in sorted(corpus.iterdir()):
        why = is_input(path) or ("text: its place is corpus/ of the repository" if path.suffix in TEXTS else "")
        if not why:
            continue
        aside.mkdir(parents=True, exist_ok=True)
        target = aside / path.name
        for number in range(2, 1000):
            if not os.path.lexists(target):
                break
            target = aside / f"{path.name}.{number}"
        path.rename(target)
        left_out.append(shown(f"corpus/{harness}/{path.name}: left out, and moved to left-out/{harness}: {why}"))
    return left_out


def convert(built: Build, *arguments: object) -> str:
    done = run([built.tool("procbuf-convert"), *arguments], timeout=CONVERT_TIMEOUT_S)
    if done.returncode != 0:
        raise ToolError(done.stderr.strip())
    return done.stdout


def merge(built: Build, harness: str, target: Path, *sources: Path, counts: bool = False) -> bool:
    """Add to `target` the fewest inputs of the sources that reach what it does not: edges, or with `counts` how often each,
    as an engine does. Returns: whether each input ran to its end; what does not is left out. libFuzzer starts itself by a
    shell, without quoting: it gets names that need none."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        links = [Path(name) / link for link in ("program", "target", *map(str, range(len(sources))))]
        for link, place in zip(links, (built.tool(f"fuzz-{harness}"), target, *sources)):
            link.symlink_to(place.resolve())
        try:
            done = run(["./program", "-set_cover_merge=1", f"-use_counters={int(counts)}", f"-max_len={INPUT_BYTES}",
                        f"-timeout={INPUT_TIMEOUT_S}", *(link.name for link in links[1:])], cwd=Path(name), timeout=MINIMISE_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"not done after {MINIMISE_LIMIT_S} s") from error
    if done.returncode != 0:
        raise ToolError(f"the merge ended with status {done.returncode}: {done.stderr[-300:]}")
    return AT_ONCE in done.stderr


def minimise(built: Build, harness: str, folder: Path) -> int:
    """Replace a corpus by the smallest that reaches as much. The old one stays until the new one is
    whole; the empty input is always kept. Returns: how many inputs there are now."""
    fresh = folder.with_name(f".{harness}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    merge(built, harness, fresh, folder)
    (fresh / "empty").write_bytes(b"")
    put_in_place(fresh, folder)
    return len(list(folder.iterdir()))


def update(built: Build, harness: str, folder: Path) -> str:
    """Write into corpus/HARNESS, as text, what a folder's inputs reach beyond those with a name of
    words. Returns: what was done."""
    target = CORPUS / harness
    with tempfile.TemporaryDirectory() as name:
        binaries = Path(name) / "binaries"
        binaries.mkdir()
        found = sorted(target.glob("found-*.trace"))
        seeds = [path for path in sorted(target.glob("*.trace")) if path not in found]
        sources = Path(name) / "found"
        sources.mkdir()
        for paths, into in ((seeds, binaries), (found, sources)):
            if paths:
                convert(built, *paths, into)
        before = {path.name for path in binaries.iterdir()}
        merge(built, harness, binaries, sources, folder)
        texts = {}
        for path in sorted(binaries.iterdir()):
            if path.name in before:
                continue
            text = convert(built, "--harness", harness, path, "-")
            texts[f"found-{hashlib.sha1(text.encode()).hexdigest()[:10]}.trace"] = text
    for file, text in sorted(texts.items()):
        write_whole(target / file, text)
    for path in found:  # when what takes their place is there
        if path.name not in texts:
            path.unlink()
    return f"corpus/{harness}: {len(texts)} found inputs, and {len(seeds)} with a name; look at git diff"
