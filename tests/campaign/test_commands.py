"""What the commands do before anything is installed: help, plans, states and refusals need nothing and change nothing; what is
missing is named with its package."""
import contextlib
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
from support import ROOT, Case, broken_lib, call

from orchestrate import arguments, live, repro, tools
from orchestrate.record import Harness

PARSERS = {"campaign": arguments.make_parser, "repro": repro.make_parser}
PROGRAM = "trace 1\nprocess\nrestart p0 none\nbuild_readwrite rw0 p0 p0.ram until p0.break+1\n"
RELEASES = {"fedora": "ID=fedora\n", "arch": "ID=archlinux\nID_LIKE=arch\n", "debian": "ID=debian\n"}


class Commands(Case):
    def bare(self, *, python: bool) -> Path:
        """A copy of the tree where nothing is installed: its installer leaves a mark, and fails."""
        copy = self.folder / "bare"
        shutil.copytree(ROOT / "fuzz", copy / "fuzz", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("CMakePresets.json", "corpus", "lib", "tests"):
            (copy / name).symlink_to(ROOT / name)
        installer, start = copy / "fuzz/setup/install", copy / "fuzz/setup/start"
        installer.write_text(f"#!/bin/sh\ntouch {copy}/installed\nexit 2\n")
        if not python:
            start.write_text(start.read_text().replace("/usr/bin/python3", "/nonexistent/python3"))
        return copy

    def run_bare(self, copy: Path, *words: str) -> subprocess.CompletedProcess:
        before = sorted(copy.rglob("*"))
        done = subprocess.run([str(copy / words[0]), *words[1:]], capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertEqual(sorted(copy.rglob("*")), before, f"{words} changed something:\n{done.stderr}")
        return done

    def test_help_is_what_the_commands_take(self):
        os.environ["COLUMNS"] = "100"
        for name, make in PARSERS.items():
            self.assertEqual((ROOT / f"fuzz/setup/help/{name}").read_text(), make().format_help(),
                             f"COLUMNS=100 PYTHONPATH=fuzz python3 -m orchestrate.{name} --help > fuzz/setup/help/{name}")

    def test_what_only_asks_needs_nothing_and_changes_nothing(self):
        for python in (False, True):
            with self.subTest(python=python):
                copy = self.bare(python=python)
                for name in PARSERS:
                    done = self.run_bare(copy, f"fuzz/{name}", "--jobs", "--help")
                    self.check(done, 0, f"usage: ./fuzz/{name}")
                    self.check(self.run_bare(copy, f"fuzz/{name}", "--nonsense", "x"), 2, "unrecognized arguments: --nonsense")
                self.check(self.run_bare(copy, "fuzz/campaign", "--status", "--out", "/nonexistent"), 2, "no campaign has run")
                if python:
                    self.check(self.run_bare(copy, "fuzz/campaign", "--plan"), 0, "on 2 processes" if os.cpu_count() == 2 else "processes")
                    self.check(self.run_bare(copy, "fuzz/campaign", "--time", "soon"), 2, "--time")
                    self.check(self.run_bare(copy, "fuzz/campaign", "--plan", "--harness", "nonsense"), 2, "no such harness")
                    self.check(self.run_bare(copy, "fuzz/repro", "--repeat", "0", "x"), 2, "--repeat")
                shutil.rmtree(copy)

    def test_a_build_installs_first(self):
        copy = self.bare(python=False)
        subprocess.run([copy / "fuzz/campaign", "--time", "1s", "--canaries"], capture_output=True, check=False)
        self.assertTrue((copy / "installed").exists())

    def install(self, system: str, without: list[str], *words: str) -> subprocess.CompletedProcess:
        """The installer on a system where programs are missing, and where nothing can be installed."""
        commands = self.folder / f"bin-{system}"
        shutil.rmtree(commands, ignore_errors=True)
        commands.mkdir()
        for path in [*Path("/usr/bin").iterdir(), *Path("/usr/sbin").iterdir(), *Path("/bin").iterdir()]:
            if path.name not in (*without, "apt-get", "dpkg-query", "sudo") and not (commands / path.name).is_symlink():
                (commands / path.name).symlink_to(path)
        return subprocess.run([ROOT / "fuzz/setup/install", *words], capture_output=True, text=True, check=False,
                              env={"PATH": str(commands), "PROCBUF_OS_RELEASE": str(self.write(system, RELEASES[system]))})

    def test_where_every_tool_is_there_nothing_is_installed(self):
        for system in RELEASES:
            self.check(self.install(system, [], "--fuzz"), 0)

    def test_installing_python_counts_as_time_for_packages(self):
        """The shell that installs it becomes the campaign."""
        asks = "from orchestrate.clock import age; print(age())"
        done = subprocess.run(["sh", "-c", f"sleep 1; exec /usr/bin/python3 -c '{asks}'"], cwd=ROOT / "fuzz", capture_output=True, text=True, check=True)
        self.assertGreaterEqual(float(done.stdout), 1)

    def test_what_is_missing_is_named_with_its_package(self):
        for system, command in (("fedora", "dnf install ninja-build american-fuzzy-lop"), ("arch", "pacman -S ninja afl++"), ("debian", "")):
            done = self.install(system, ["ninja", "afl-fuzz"], "--fuzz")
            self.check(done, 2, "ninja: ninja-build on Debian, ninja-build on Fedora, ninja on Arch",
                       "afl-fuzz: afl++ on Debian, american-fuzzy-lop on Fedora, afl++ on Arch", command)

    def test_one_variable_names_the_compiler(self):
        compiler = shutil.which(tools.clang())
        with_it = {"PATH": os.environ["PATH"], "PROCBUF_CLANG": compiler}
        self.assertEqual(subprocess.run([ROOT / "fuzz/setup/install", "--fuzz"], env=with_it, check=False).returncode, 0)
        done = subprocess.run([ROOT / "fuzz/setup/install", "--fuzz"], env=with_it | {"PROCBUF_CLANG": "gcc"}, capture_output=True, text=True, check=False)
        self.check(done, 2, "PROCBUF_CLANG=gcc: not a clang of version 17 or newer")
        build = self.folder / "build"
        done = subprocess.run(["cmake", "--preset", "fuzz", "-B", build], cwd=ROOT, env=os.environ | {"PROCBUF_CLANG": compiler}, capture_output=True, text=True,
                              check=False)
        self.check(done, 0)
        self.assertIn(f"PROCBUF_CLANG:FILEPATH={compiler}\n", (build / "CMakeCache.txt").read_text())

    def test_json_says_what_an_explanation_says(self):
        schema = jsonschema.Draft202012Validator(json.loads((ROOT / "fuzz/repro.schema.json").read_text()))
        bad, good = self.write("bad.trace", PROGRAM), self.write("good.trace", "trace 1\nprocess\n")
        lib = broken_lib("A05")
        done = call(ROOT / "fuzz/repro", "--json", "--lib", lib, bad, good, self.folder / "none")
        told = json.loads(done.stdout)
        schema.validate(told)
        self.assertEqual([entry["status"] for entry in told], [1, 0, 2], done.stderr)
        self.assertEqual(done.returncode, 2)
        first = told[0]
        self.assertRegex(first["identity"], "^PROCBUF-BUG kind=")
        self.assertIn("build_readwrite", first["trace"])
        self.assertIn("->", first["program"])
        self.assertTrue(first["expected"] and first["rule"] and first["rule_text"] and first["memory"] and first["commands"], first)
        self.assertTrue(first["suspects"] or first["no_suspects"], first)
        self.assertIn("no such file", told[2]["error"])
        told[0]["nonsense"] = 1
        with self.assertRaises(jsonschema.ValidationError):
            schema.validate(told)

    def test_colours_are_left_out_where_they_are_not_wanted(self):
        bad = self.write("bad.trace", PROGRAM)
        command = f"{ROOT}/fuzz/repro --lib {broken_lib('A05')} {bad}"
        for environment, coloured in ((os.environ | {"NO_COLOR": "1"}, False), (os.environ | {"NO_COLOR": ""}, True)):
            done = subprocess.run(["script", "-qefc", command, "/dev/null"], capture_output=True, text=True, check=False, env=environment | {"TERM": "xterm"})
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertEqual("\x1b[1;3" in done.stdout or "\x1b[3" in done.stdout, coloured, done.stdout)

    def test_what_takes_a_while_shows_that_it_goes_on(self):
        code = "import time\nfrom orchestrate import live, progress\nprogress.LINE_EVERY_S = 0.05\nwith progress.working('thinking'):\n    time.sleep(0.7)\nprint('done')\n"
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "fuzz"), "TERM": "xterm", "LANG": "C.UTF-8"}
        plain = subprocess.run(["/usr/bin/python3", "-B", self.write("work.py", code)], capture_output=True, text=True, check=True, env=environment)
        self.assertRegex(plain.stderr, "^thinking: 0 s\nthinking: 0 s\n")
        self.assertEqual(plain.stdout, "done\n")
        for no_color in ({}, {"NO_COLOR": "1"}):
            done = subprocess.run(["script", "-qefc", f"/usr/bin/python3 -B {self.folder}/work.py", "/dev/null"], capture_output=True, text=True,
                                  check=True, env=environment | no_color)
            self.assertRegex(done.stdout, r"thinking.*0:00:00")
            self.assertEqual("\x1b[38;" in done.stdout or "\x1b[3" in done.stdout.replace("\x1b[39", ""), not no_color, done.stdout)

    def test_without_a_terminal_there_is_a_line_each_half_minute(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            view = live.make_view(False)
            for second in range(1, 100):
                view.show([Harness("life", "", runs=1234)], float(second), 600.0, 2)
            view.say("an event")
        self.assertEqual(said.getvalue().splitlines(), [f"   {at} s of 600 s: 1,234 runs, 0 features, 2 findings" for at in (30, 60, 90)] + ["an event"])
