"""The saved corpora as judge of mutants, for some hundredths of a second each: those of a file are compiled together, and the
inputs that noticed a mutant's neighbours run first."""
from __future__ import annotations

import functools
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import together
from orchestrate import mutants, planted, tools
from orchestrate.tools import ROOT, ToolError

KILLED, SURVIVED, TIMEOUT, NOT_BUILT = "killed", "survived", "timeout", "does not build"
TRIES = 3
"""Of a replay that ends without a finding: a sanitizer that finds too little memory for once."""
HERE = Path(__file__).resolve().parent
HUNG_S = 600
"""Of the clock: what waits for ever without using the processor."""
QUIETLY = os.environ | {"ASAN_OPTIONS": "symbolize=0", "UBSAN_OPTIONS": "symbolize=0"}
"""Names for a stack take longer than all corpora, and nothing reads them here."""
INPUT = re.compile(r"^input: (.*), (?:member \d+ of \d+, )?operation \d+$", re.MULTILINE)
INCLUDE = re.compile(r'^#\s*include\s+["<](?:procbuf/|proved/)?(\w+\.h)[">]', re.MULTILINE)


class Likeliest:
    """Inputs in the order in which they are worth trying: what noticed mutants of the function, of the file, and of the library."""

    def __init__(self, names: Iterable[str]):
        self.names = list(names)
        self.counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)

    def learn(self, file: str, function: str, name: str) -> None:
        for place in ((file, function), (file,), ()):
            self.counts[place][name] += 1

    def noticed(self, file: str, function: str) -> list[str]:
        known = set(self.names)
        order = [name for place in ((file, function), (file,)) for name, _ in self.counts[place].most_common()]
        return [name for name in dict.fromkeys(order) if name in known]

    def others(self, file: str, function: str) -> list[str]:
        noticed, known = set(self.noticed(file, function)), set(self.names)
        order = dict.fromkeys([name for name, _ in self.counts[()].most_common() if name in known] + self.names)
        return [name for name in order if name not in noticed]


def tree_with(texts: dict[str, bytes], lib: Path) -> None:
    """A library in which some files have another text; the rest are links."""
    for path in parts_of_library():
        file = str(path.relative_to(ROOT / "lib"))
        if path.is_dir():
            (lib / file).mkdir(parents=True)
        elif file in texts:
            (lib / file).write_bytes(texts[file])
        else:
            (lib / file).symlink_to(path)


@functools.cache
def parts_of_library() -> list[Path]:
    return [path for name in ("include", "src") for path in [ROOT / "lib" / name, *sorted((ROOT / "lib" / name).rglob("*"))]]


@functools.cache
def including(file: str) -> list[str]:
    """Names of the sources whose code a file of the library is part of."""
    texts = {path.name: set(INCLUDE.findall(path.read_text())) for path in parts_of_library() if path.suffix in (".c", ".h")}
    seen: set[str] = set()
    found = {Path(file).name}
    while found != seen:
        seen = set(found)
        found |= {name for name, included in texts.items() if included & seen}
    return sorted(name for name in found if name.endswith(".c"))


class Corpora:
    """Compiles and replays."""

    def __init__(self, built: Path):
        self.built = built
        self.commands = planted.compile_commands(built)
        inputs = sorted((ROOT / "corpus").glob("*/*"), key=lambda path: (path.parent.name == "wide", path.stat().st_size))
        self.likeliest = Likeliest(str(path.relative_to(ROOT)) for path in inputs)
        self.link_words = self.words_of_link()
        self.seconds = 0.0
        self.entering: dict[str, set[str]] = {}
        """Function to the inputs whose programs enter it: no other can notice what is in it."""

    def words_of_link(self) -> list[str]:
        """What the compiler starts to link the replay program; its own start is saved."""
        text = planted.run(["ninja", "-t", "commands", "fuzz/procbuf-replay"], self.built).stdout.splitlines()[-1]
        words = [word for word in shlex.split(text.split("&& cd ")[0]) if word not in (":", "&&")]
        linker = planted.run([*words, "-###"], self.built).stderr.strip().splitlines()[-1]
        return shlex.split(linker)

    def measure(self) -> None:
        """How much of the processor the library as it is takes, which has to pass."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        result, by = self.replay(self.built / "fuzz/procbuf-replay", self.likeliest.names, "", None)
        if result != SURVIVED:
            raise ToolError(f"the library as it is does not pass the saved corpora: {by}")
        self.seconds = max(0.5, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)

    def watch(self) -> None:
        """Find out which input enters which function."""
        with tempfile.TemporaryDirectory() as name:
            said = Path(name) / "entered.txt"
            program = self.build(ROOT / "lib", Path(name), list(self.commands), ["-finstrument-functions"], "entered.c")
            if program is None:
                raise ToolError("the library does not build with -finstrument-functions")
            lines = planted.run(["nm", program], Path(name)).stdout.splitlines()
            start = next(int(line.split()[0], 16) for line in lines if line.endswith(" __executable_start"))
            at = {int(line.split()[0], 16) - start: line.split()[2] for line in lines if re.match(r"[0-9a-f]+ [tT] ", line)}
            self.entering = {name: set() for name in at.values()}
            for one in self.likeliest.names:
                done = tools.run([program, one], cwd=ROOT, environment=QUIETLY | {"PROCBUF_ENTERED": str(said)})
                if done.returncode != 0:
                    raise ToolError(f"the library as it is does not pass {one}: {done.stderr.strip()}")
                for line in said.read_text().split():
                    self.entering[at[int(line, 16)]].add(one)

    def without_effect(self, found: list[mutants.Mutant]) -> set[mutants.Mutant]:
        """Of mutants that cut a number to fewer bits, those that no input could notice: none has a number that changes."""
        sources = {one.file: (ROOT / "lib" / one.file).read_bytes() for one in found}
        numbers = {one: number for number, one in enumerate(found) if one.operator == "narrowed" and together.noting(one, sources[one.file], 0)}
        layers = {file: together.layers(one for one in numbers if one.file == file) for file in sources}
        without: set[mutants.Mutant] = set()
        for depth in range(max(map(len, layers.values()), default=0)):
            files = [file for file in layers if len(layers[file]) > depth]
            noted = {file: together.noted(sources[file], layers[file][depth], numbers) for file in files}
            differing = self.differing(noted)
            without |= {one for file in files for same in layers[file][depth] for one in same if numbers[one] not in differing}
        return without

    def differing(self, noted: dict[str, bytes]) -> set[int]:
        """What these files note of all inputs."""
        with tempfile.TemporaryDirectory() as name:
            folder, said = Path(name), Path(name) / "differing.txt"
            tree_with(noted, folder / "lib")
            changed = sorted({source for file in noted for source in including(file)})
            program = self.build(folder / "lib", folder, changed)
            if program is None:
                raise ToolError("the library does not build when it notes what a cut would change")
            done = tools.run([program, *self.likeliest.names], cwd=ROOT, environment=QUIETLY | {"PROCBUF_DIFFERING": str(said)})
            if done.returncode != 0:
                raise ToolError(f"the library as it is does not pass the saved corpora: {done.stderr.strip()}")
            return {int(number) for number in said.read_text().split()}

    def command(self, name: str, lib: Path) -> list[str]:
        """How a source of another library is compiled."""
        return [word.replace(str(ROOT / "lib") + "/", f"{lib}/") for word in self.commands[name] if word != "-g"]

    def complaints(self, file: str, lib: Path, text: bytes) -> str:
        """Of the compiler, about a file with this text."""
        (lib / file).write_bytes(text)
        command = [*self.command(including(file)[0], lib), "-fsyntax-only", "-ferror-limit=0", "-w"]
        return planted.run(command, self.built).stderr

    def build(self, lib: Path, folder: Path, changed: list[str], options: Sequence[str] = (), more: str = "chosen.c") -> Path | None:
        """The replay program with these sources of a library, and one of ours; none if it does not build."""
        objects = [str(folder / "more.o")]
        commands = [[tools.clang(), "-O1", "-fPIE", "-c", str(HERE / more), "-o", objects[0]]]
        for name in changed:
            command = [*self.command(name, lib), *options]
            objects.append(str(folder / f"{name}.o"))
            command[command.index("-o") + 1] = objects[-1]
            commands.append([*planted.NAME_STATE, *command])
        program = folder / "procbuf-replay"
        words = [str(program) if before == "-o" else word for before, word in zip(["", *self.link_words], self.link_words)]
        archive = next(i for i, word in enumerate(words) if word.endswith("liblib_under_test.a"))
        commands.append([*words[:archive], *objects, *words[archive:], "--threads=1", "--strip-debug"])
        return program if all(planted.run(command, self.built).returncode == 0 for command in commands) else None

    def replay(self, program: Path, inputs: list[str], chosen: str, seconds: float | None) -> tuple[str, str]:
        """Returns: the result, and the input that noticed.

        An input that takes as much of the processor as all do does not end, nor do some that take thrice as much.
        """
        limits = ([], []) if seconds is None else (["prlimit", f"--cpu={int(3 * seconds) + 1}"], ["--limit", f"{seconds:.1f}"])
        command = [*limits[0], str(program), *limits[1], "--expect", str(len(inputs)), *inputs]
        for _ in range(TRIES):
            try:
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=HUNG_S, check=False,
                                      env=QUIETLY | {"PROCBUF_MUTANTS": chosen})
            except subprocess.TimeoutExpired:
                return TIMEOUT, ""
            said = done.stderr.decode(errors="replace")
            if done.returncode == 0:
                return SURVIVED, ""
            if "PROCBUF-BUG kind=hang" in said or done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
                return TIMEOUT, ""
            if "PROCBUF-BUG" in said:
                return KILLED, INPUT.findall(said)[-1] if INPUT.search(said) else ""
        raise ToolError(f"replay failed to run: status {done.returncode}: {said.strip()}")

    def judge(self, program: Path | None, chosen: str, place: tuple[str, str], entered: list[str], same_code: Callable[[], bool]) -> dict:
        """Of a result, what this suite says: `corpora`, `by`, and, where the likeliest inputs pass, `same_code`.

        `entered`: the functions that the mutant is in; '' for any place.
        """
        if program is None:
            return {"corpora": NOT_BUILT}
        could = set().union(*(self.entering.get(name, set(self.likeliest.names)) for name in entered))
        likely = [name for name in self.likeliest.noticed(*place) if name in could]
        result, by = self.replay(program, likely, chosen, self.seconds) if likely else (SURVIVED, "")
        said = {}
        if result == SURVIVED:
            said["same_code"] = same_code()
        others = [name for name in self.likeliest.others(*place) if name in could]
        if result == SURVIVED and others and not said["same_code"]:
            result, by = self.replay(program, others, chosen, self.seconds)
        if by:
            self.likeliest.learn(*place, by)
        if result != SURVIVED:
            said = {}
        return said | {"corpora": result} | ({"by": by} if by else {})


def kept(results: Path) -> dict[str, dict]:
    """Results by key."""
    lines = results.read_text().splitlines() if results.exists() else []
    return {one["key"]: one for one in map(json.loads, lines)}
