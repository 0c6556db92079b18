"""What judges mutants: a program of the build, linked again with other sources of the library, and what it runs, by name. Those
of a file are compiled together, and what noticed a mutant's neighbours runs first."""
from __future__ import annotations

import functools
import os
import re
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
"""Of a program that fails without a finding: a sanitizer that finds too little memory for once."""
HERE = Path(__file__).resolve().parent
HUNG_S = 600
"""Of the clock: what waits for ever without using the processor."""
QUIETLY = os.environ | {"ASAN_OPTIONS": "symbolize=0:detect_leaks=0", "UBSAN_OPTIONS": "symbolize=0", "LC_ALL": "C"}
"""Names for a stack take longer than all corpora, and nothing reads them here."""
ENDLESS = "PROCBUF-MUTANT endless"
"""What chosen.c prints at the limit of the processor's time."""
INCLUDE = re.compile(r'^#\s*include\s+["<](?:procbuf/|proved/)?(\w+\.h)[">]', re.MULTILINE)


class Likeliest:
    """Names in the order in which they are worth trying: what noticed mutants of the function, of the file, and of the library."""

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


class Judge:
    """Compiles a program, and runs parts of it."""
    launcher: list[str] = []
    """Of the compiler."""

    def __init__(self, name: str, built: Path, program: str, target: str, parts: Iterable[str]):
        self.name = name
        self.built = built
        self.program = program
        self.commands = {name: command for name, command in planted.compile_commands(built, target).items() if (ROOT / "lib/src" / name).exists()}
        self.likeliest = Likeliest(parts)
        self.link_words = planted.link_words(program, built)
        self.entering: dict[str, set[str]] = {}
        """Function to the names of what enters it: no other can notice what is in it."""
        self.without_effect: set[mutants.Mutant] = set()
        """What cannot be noticed here."""
        self.passing: dict[tuple[Path, tuple[str, ...]], bool] = {}

    def run(self, program: Path, names: list[str], **environment: str) -> tuple[str, str]:
        """Returns: the result, and which of the names noticed, if that is known. A program that fails without naming what it
        found has not judged: ToolError."""
        raise NotImplementedError

    def limited(self, command: list[str], processor_s: int, environment: dict[str, str]) -> subprocess.CompletedProcess[str] | None:
        """What came of a command that may take so much of the processor; none if it does not end."""
        try:
            done = subprocess.run(["prlimit", f"--cpu={processor_s}:{processor_s + 5}", *command], cwd=ROOT, capture_output=True, text=True,
                                  errors="replace", timeout=HUNG_S, check=False, env=QUIETLY | environment)
        except subprocess.TimeoutExpired:
            return None
        return None if ENDLESS in done.stderr else done

    def watch(self) -> None:
        """Find out what enters which function, once."""
        if self.entering:
            return
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
                said.write_text("")
                self.must_pass(program, [one], PROCBUF_ENTERED=str(said))
                for line in said.read_text().split():
                    self.entering[at[int(line, 16)]].add(one)

    def must_pass(self, program: Path, names: list[str], **environment: str) -> None:
        result, by = self.run(program, names, **environment)
        if result != SURVIVED:
            raise ToolError(f"the library as it is does not pass in {self.name}: {by or ' '.join(names[:3])} ({result})")

    def find_without_effect(self, found: list[mutants.Mutant]) -> None:
        """Of mutants that cut a number to fewer bits, those without a number that changes."""
        sources = {one.file: (ROOT / "lib" / one.file).read_bytes() for one in found}
        numbers = {one: number for number, one in enumerate(found) if one.operator == "narrowed" and together.noting(one, sources[one.file], 0)}
        layers = {file: together.layers(one for one in numbers if one.file == file) for file in sources}
        for depth in range(max(map(len, layers.values()), default=0)):
            files = [file for file in layers if len(layers[file]) > depth]
            noted = {file: together.noted(sources[file], layers[file][depth], numbers) for file in files}
            differing = self.differing(noted)
            self.without_effect |= {one for file in files for same in layers[file][depth] for one in same if numbers[one] not in differing}

    def differing(self, noted: dict[str, bytes]) -> set[int]:
        """What these files note of all that runs."""
        with tempfile.TemporaryDirectory() as name:
            folder, said = Path(name), Path(name) / "differing.bin"
            said.write_bytes(bytes(together.MOST_NUMBERS))
            tree_with(noted, folder / "lib")
            changed = sorted({source for file in noted for source in including(file)})
            program = self.build(folder / "lib", folder, changed)
            if program is None:
                raise ToolError("the library does not build when it notes what a cut would change")
            self.must_pass(program, self.likeliest.names, PROCBUF_DIFFERING=str(said))
            return {number for number, differs in enumerate(said.read_bytes()) if differs}

    def command(self, name: str, lib: Path) -> list[str]:
        """How a source of another library is compiled."""
        return [*(word.replace(str(ROOT / "lib") + "/", f"{lib}/") for word in self.commands[name] if word not in ("-g", "-Werror")), "-w"]

    def complaints(self, file: str, lib: Path, text: bytes) -> str:
        """Of the compiler, about a file with this text."""
        (lib / file).write_bytes(text)
        return planted.run([*self.command(including(file)[0], lib), "-fsyntax-only", "-fmax-errors=0"], self.built).stderr

    def build(self, lib: Path, folder: Path, changed: list[str], options: Sequence[str] = (), more: str = "chosen.c") -> Path | None:
        """The program with these sources of a library, and one of ours; none if it does not build."""
        objects = [str(folder / "more.o")]
        commands = [[tools.clang(), "-O1", "-fPIE", "-c", str(HERE / more), "-o", objects[0]]]
        for name in changed:
            command = [*self.command(name, lib), *options]
            objects.append(str(folder / f"{name}.o"))
            command[command.index("-o") + 1] = objects[-1]
            commands.append([*self.launcher, *command])
        program = folder / Path(self.program).name
        words = [word for word in self.link_words if not any(word.endswith(f"/lib/src/{name}.o") for name in changed)]
        end = words.index("-o")  # libraries follow, of which a linker takes what no object has
        commands.append([*words[:end], *objects, "-o", str(program), *words[end + 2:], "-Wl,--strip-debug"])
        return program if all(planted.run(command, self.built).returncode == 0 for command in commands) else None

    def judge(self, program: Path, chosen: str, place: tuple[str, str], entered: list[str], same_code: Callable[[], bool]) -> tuple[str, str]:
        """As run() returns. What has the `same_code` is not run further than the likeliest.

        `place`: file and function; `entered`: the functions that the mutant is in; '' for any place.
        """
        could = set().union(*(self.entering.get(name, set(self.likeliest.names)) for name in entered))
        likely = [name for name in self.likeliest.noticed(*place) if name in could]
        result, by, names = *self.try_some(program, chosen, likely), likely
        if result == SURVIVED and not same_code():
            names = [name for name in self.likeliest.others(*place) if name in could]
            result, by = self.try_some(program, chosen, names)
        if result == KILLED and chosen and not self.passes(program, [by] if by else names):
            raise ToolError(f"{self.name}: {by} does not pass as it is next to the mutants of {place[0]}")
        if by:
            self.likeliest.learn(*place, by)
        return result, by

    def try_some(self, program: Path, chosen: str, names: list[str]) -> tuple[str, str]:
        return self.run(program, names, PROCBUF_MUTANTS=chosen) if names else (SURVIVED, "")

    def passes(self, program: Path, names: list[str]) -> bool:
        """Whether a program with mutants passes as long as none is chosen."""
        key = (program, tuple(names))
        if key not in self.passing:
            self.passing[key] = self.run(program, names)[0] == SURVIVED
        return self.passing[key]
