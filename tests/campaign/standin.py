#!/usr/bin/python3 -ISB
"""What a campaign starts, in a few lines: an engine that does at once what its options say, and a replay that knows what breaks.

The name by which it is called says which program it is; PROCBUF_STANDIN says what the engine does. An input is text:
`break` breaks, `hang` hangs, `flaky` breaks every third time, `fire` breaks when `prime` ran before it in one process, and
`late` as that process ends; `garbled` breaks as bytes, and as text it is refused. `forever` breaks, and is not made small in the end.

`merge` of the engine takes the words of an input for what it reaches, and leaves out what breaks; `find:WORD` keeps an input of that word. `find` and `steady` take the time that they are given.
It does nothing until the file PROCBUF_STANDIN_WHEN is there, if that is set.
"""
import os
import shutil
import signal
import sys
import time
from pathlib import Path

IDENTITY = "PROCBUF-BUG kind=result check={} op=slice"
PROGRAMS = ("procbuf-replay", "procbuf-convert", "procbuf-minimize", "fuzz-slices", "fuzz-life")


def put_into(folder: Path) -> None:
    """Make a build's programs of it."""
    (folder / "fuzz").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy(__file__, folder / "fuzz" / name)
        (folder / "fuzz" / name).chmod(0o755)


def say(text: str) -> None:
    os.write(2, os.fsencode(f"{text}\n"))


def members(path: str) -> list[str]:
    text = Path("/dev/stdin" if path == "-" else path).read_bytes().decode(errors="replace")
    if not text.startswith(("trace ", "sequence ")):
        return [text]
    if "garbled" in text:
        say(f"{path}:2: the parser has a bug")
        sys.exit(2)
    return text.split("trace 1\n")[1:]


def values(words: list[str], *with_value: str) -> tuple[dict[str, str], list[str]]:
    """Options, and the other arguments."""
    options: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("--"):
        name = rest.pop(0)
        options[name] = rest.pop(0) if name in with_value else ""
    return options, rest


def run_one(word: str, primed: bool, limited: bool) -> None:
    counter = Path(sys.argv[0]).with_name("counter")
    if word == "hang" and limited:
        say("hang: one, operation 1\nPROCBUF-BUG kind=hang check=limit op=slice")
        sys.exit(77)
    if word == "hang":
        time.sleep(1000)
    if word == "flaky":
        counter.write_bytes(counter.read_bytes() + b"." if counter.exists() else b"")
        word = "break" if len(counter.read_bytes()) % 3 == 2 else "clean"
    if word in ("break", "garbled", "forever") or word == "fire" and primed:
        say(f"expected: yes\nactual: no\ninput: one, operation 1\n{IDENTITY.format(word)}")
        sys.exit(77)


def replay(words: list[str]) -> None:
    options, files = values(words, "--harness", "--expect", "--limit")
    if "--list" in options:
        print("slices\tslices\nlife\tlives")
        return
    primed = late = False
    seen: list[str] = []
    for path in files:
        if "--verbose" in options:
            say(f"# {path}")
        for member in members(path):
            words = member.split()
            run_one(words[-1] if words else "", primed, "--limit" in options)
            primed = primed or "prime" in words
            late = late or words[-1:] == ["late"] and "prime" in seen
            seen += words
    if late:
        say(f"it breaks as it ends\n{IDENTITY.format('late')}")
        sys.exit(77)
    say(f"replayed {len(files)} inputs")


def convert(words: list[str]) -> None:
    _, files = values(words, "--harness")
    *sources, target = files
    every = [f"trace 1\n{member.strip()}\n" for path in sources for member in members(path)]
    if Path(target).is_dir():
        for path, text in zip(sources, every):
            (Path(target) / Path(path).stem).write_text(text)
    elif target == "-":
        print(("sequence 1\n" if len(every) > 1 else "") + "".join(every), end="")
    else:
        Path(target).write_text(("sequence 1\n" if target.endswith(".sequence") else "") + "".join(every))


def minimize(words: list[str]) -> None:
    _, (source, target) = values(words, "--seconds")
    if "late" in Path(source).read_text().split():
        sys.exit("no bug found")
    every = [member for member in members(source) if member.strip() in ("prime", "fire", "break", "flaky", "hang")]
    head = "sequence 1\n" if target.endswith(".sequence") else ""
    Path(target).write_text(head + "".join(f"trace 1\n{member}" for member in every))
    if "forever" in Path(source).read_text().split():
        signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
        Path(target).write_text("trace 1\nforever\n")
        time.sleep(1000)
    say("minimised from 9 to 1 operations in 5 runs")


def merge(words: list[str]) -> None:
    """What an input reaches are its words."""
    target, *sources = map(Path, words)
    attempts = 1
    reached = {word for path in target.iterdir() for word in path.read_text().split()}
    for path in sorted(path for source in sources for path in source.iterdir()):
        if "break" in path.read_text().split():
            attempts += 1
        elif {*path.read_text().split()} - reached:
            reached.update(path.read_text().split())
            shutil.copy(path, target)
    say(f"MERGE-OUTER: successful in {attempts} attempt(s)")


def engine(words: list[str]) -> None:
    if "-set_cover_merge=1" in words:
        merge([word for word in words if not word.startswith("-")])
        return
    prefix = next(word.removeprefix("-artifact_prefix=") for word in words if word.startswith("-artifact_prefix="))
    does, _, what = os.environ["PROCBUF_STANDIN"].partition(":")
    say("#2\tINITED cov: 10 ft: 20 corp: 1/1b exec/s: 0 rss: 30Mb")
    if does != "nothing":
        say("#100\tpulse  cov: 10 ft: 20 corp: 1/1b exec/s: 100 rss: 30Mb")
    while "PROCBUF_STANDIN_WHEN" in os.environ and not Path(os.environ["PROCBUF_STANDIN_WHEN"]).exists():
        time.sleep(0.05)
    if does in ("crash", "gone", "slow"):
        path = f"{prefix}{'slow-unit' if does == 'slow' else 'crash'}-{what}"
        if does != "gone":
            Path(path).write_text(what)
        Path(os.environ["PROCBUF_RING"]).write_text(f"sequence 1\ntrace 1\nprime\ntrace 1\nnoise\ntrace 1\n{what}\n")
        say(f"==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 in keep library.c:7\n"
            f"SUMMARY: AddressSanitizer: heap-use-after-free library.c:7 in keep\nTest unit written to {path}")
        if does != "slow":
            sys.exit(77)
    if does == "find":
        (Path(words[-1]) / f"found-{what}").write_text(what)
        say("#101\tNEW    cov: 11 ft: 21 corp: 2/2b lim: 1 exec/s: 100 rss: 30Mb")
    if does in ("find", "steady"):
        time.sleep(next(int(word.removeprefix("-max_total_time=")) for word in words if word.startswith("-max_total_time=")))
    if does == "atexit":
        Path(os.environ["PROCBUF_RING"]).write_text(f"sequence 1\ntrace 1\nprime\ntrace 1\n{what}\n")
    if does in ("report", "atexit"):
        say("==1==ERROR: AddressSanitizer: heap-use-after-free\nSUMMARY: AddressSanitizer: heap-use-after-free library.c:7 in keep")
    if does == "signal":
        os.kill(os.getpid(), int(what))
    if does == "wait":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(72))
        time.sleep(1000)
    if does == "early" or does == "slow" and what == "early":
        return
    runs = 0 if does == "nothing" else 100
    say(f"Done {runs} runs in 1 second(s)\nstat::number_of_executed_units: {runs}\nstat::checked_operations: {0 if does == 'idle' else runs}")
    sys.exit(1 if does == "atexit" else 0)


if __name__ == "__main__":
    program = Path(sys.argv[0]).name
    {"procbuf-replay": replay, "procbuf-convert": convert, "procbuf-minimize": minimize}.get(program, engine)(sys.argv[1:])
