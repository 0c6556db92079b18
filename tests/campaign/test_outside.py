"""What the world does to ./fuzz/repro: whatever no one thought of is status 2 and a line, and never a bug of the library."""
import json
import os
import re
import resource
import signal
import subprocess
import time
import unittest.mock
from pathlib import Path
from typing import Any

import standin
from support import BUILD, ROOT, Case, is_waiting, programs_with

from orchestrate import inquiry, replay, tools

RUN = """
import sys
from pathlib import Path
from orchestrate import findings, replay, repro, tools

FOLDER = Path(sys.argv.pop(1))
repro.build = lambda preset, lib, say=print, targets=(): tools.Build(FOLDER, lib, preset)
repro.inquiry.build_with = lambda *_, **__: tools.Build(FOLDER, Path("lib"))
%s
tools.front_door("repro", repro.main)
"""
IDENTITY = "PROCBUF-BUG kind=result check=break op=slice"
FIRED = "PROCBUF-BUG kind=result check=fire op=slice"


class Outside(Case):
    """A second or less each: builds are stand-ins (standin.py), where they are not the tests' own."""

    def setUp(self):
        super().setUp()
        self.programs = self.folder / "programs"
        standin.put_into(self.programs)

    def repro(self, *arguments, programs: Path | None = None, code: str = "", **how) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "timeout": 120} | how
        options["env"] = os.environ | {"PYTHONPATH": str(ROOT / "fuzz")} | how.get("env", {})
        done = subprocess.run(["/usr/bin/python3", "-X", "utf8", "-B", "-c", RUN % code, programs or self.programs, *arguments], check=False,
                              stderr=subprocess.PIPE, **options)
        said = subprocess.CompletedProcess(done.args, done.returncode, (done.stdout or b"").decode(), done.stderr.decode())
        self.assertNotIn("Traceback", said.stderr)
        self.assertLessEqual(len([line for line in said.stderr.splitlines() if line.startswith("repro: ")]), 1, said.stderr)
        return said

    def bundle(self, **fields) -> Path:
        folder = self.folder / "bundle"
        folder.mkdir(exist_ok=True)
        (folder / "trace.trace").write_text("trace 1\nbreak\n")
        (folder / "finding.json").write_text(json.dumps({"identity": IDENTITY} | fields))
        return folder

    def test_standard_output_that_is_full_closed_or_short(self):
        path = self.write("a", "clean")
        with open("/dev/full", "wb") as full:
            self.check(self.repro(path, stdout=full), 2, "No space left")
        self.check(self.repro(path, stdout=None, preexec_fn=lambda: os.close(1)), 2, "standard output is closed")
        reading, writing = os.pipe()
        os.close(reading)
        self.check(self.repro(path, stdout=writing), 2, "Broken pipe")
        os.close(writing)
        done = subprocess.run(["/usr/bin/python3", "-B", "-c", RUN % "", self.programs, path], check=False, env=os.environ | {
            "PYTHONPATH": str(ROOT / "fuzz")}, preexec_fn=lambda: [os.close(number) for number in range(3)])
        self.assertEqual(done.returncode, 2)

    def test_a_checkout_that_cannot_be_written(self):
        code = "import os\ndef refuse(*_, **__):\n    raise PermissionError(13, os.strerror(13), 'build/fuzz')\nrepro.build = refuse"
        self.check(self.repro(self.write("a", "break"), code=code), 2, "repro: build/fuzz: Permission denied")

    def test_what_nobody_thought_of(self):
        code = "def surprise(*_, **__):\n    raise KeyError('surprise')\nrepro.replay = surprise"
        done = self.repro(self.write("a", "break"), self.write("b", "break"), code="seen = []\n" + code.replace(
            "    raise", "    seen.append(1)\n    if len(seen) > 1:\n        return findings.Outcome('', 'clean')\n    raise"))
        self.check(done, 2, "repro: an internal error, KeyError: 'surprise' (<string>:", "no bug found")  # and the other is run

    def test_a_finding_that_was_edited(self):
        for fields, what in (({"preset": None}, '"preset": null: there are fuzz'), ({"preset": "../../../evil"}, '"preset": "../../../evil"'),
                             ({"identity": "PROCBUF-BUG kind=\x1b[2J check=x op=y"}, "has no identity"), ({"identity": 7}, "has no identity")):
            for more in ([], ["--as-found"]):
                self.check(self.repro(self.bundle(**fields), *more), 2, what)
        for machine in ("nonsense", "../evil", 5, [], None):
            self.check(self.repro(self.bundle(machine=machine)), 2, f'"machine": {json.dumps(machine)}: there are armv7m, ')
        self.assertFalse(list(ROOT.parent.glob("evil*")))
        for text in ('{"identity": "PROCBUF', "[]", "", "{" * 100_000):
            (self.bundle() / "finding.json").write_text(text)
            for more in ([], ["--as-found"], ["--results"]):
                self.check(self.repro(self.folder / "bundle", *more), 2, "damaged")

    def test_a_name_that_is_not_utf_8(self):
        path = Path(os.fsdecode(os.fsencode(self.folder) + b"/bad\xff"))
        path.write_text("break")
        self.check(self.repro(path), 1, "== ", "/bad\\xff", IDENTITY)
        self.check(self.repro(path, env={"LC_ALL": "ja_JP.eucJP"}), 1, IDENTITY)
        self.check(self.repro(self.folder / "\x1b[2J"), 2, "\\x1b[2J: no such file")

    def test_what_the_library_says_reaches_no_terminal(self):
        code = "real = repro.replay\ndef replay(*a, **k):\n    o = real(*a, **k)\n    o.report = '\\x1b]0;evil\\x07' + o.report\n    return o\nrepro.replay = replay"
        done = self.repro(self.write("a", "break"), code=code)
        self.check(done, 1, "\\x1b]0;evil\\x07")
        self.assertNotIn("\x1b", done.stdout)

    def test_a_program_that_cannot_start_is_no_bug(self):
        done = self.repro(self.write("a", b""), programs=BUILD,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000)))
        self.check(done, 2, "does not start: ", "AddressSanitizer")
        self.assertNotIn("PROCBUF-BUG", done.stdout + done.stderr)

    def test_a_checkout_of_somebody_else_has_a_revision(self):
        """As in a container. Git's own tests ask it so."""
        code = "from orchestrate import revision, tools; tools.front_door('name', lambda: print(revision.git_revision()))"
        environment = os.environ | {"PYTHONPATH": str(ROOT / "fuzz"), "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
        for more in {}, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.abbrev", "GIT_CONFIG_VALUE_0": "40"}:
            done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], env=environment | more, capture_output=True, text=True, check=False)
            self.assertRegex(done.stdout, "^[0-9a-f]{40}" if more else "^[0-9a-f]{7,39}(-|$)", done.stderr)

    def test_what_is_no_input(self):
        large = self.write("large", b"")
        os.truncate(large, 200_000_000)
        self.check(self.repro(large), 2, "200,000,000 bytes long: an input has at most 1,048,576")
        os.mkfifo(self.folder / "fifo")
        self.check(self.repro(self.folder / "fifo"), 2, "not a regular file (- is standard input)")
        (self.folder / "link").symlink_to("nowhere")
        self.check(self.repro(self.folder / "link"), 2, "a link to nothing")
        self.check(self.repro("-", stdin=None, preexec_fn=lambda: os.close(0)), 2, "standard input is closed")

    def test_no_one_waits_for_a_pipe_in_a_finding(self):
        folder = self.bundle(revision="nonsense")
        os.mkfifo(folder / "library.patch")
        self.check(self.repro("--as-found", folder), 2, "its revision nonsense is not in this repository")
        (folder / "finding.json").unlink()
        os.mkfifo(folder / "finding.json")
        self.check(self.repro(folder), 2, "without finding.json")

    def test_a_name_that_looks_like_an_option(self):
        self.write("-dash.trace", "trace 1\nlen rw0\n")
        for more in ([], ["--results"], ["--emit-trace", "./-out.trace"]):
            self.check(self.repro(*more, "./-dash.trace", programs=BUILD, cwd=self.folder), 0)
        self.check(self.repro("--", "-dash.trace", programs=BUILD, cwd=self.folder), 0)
        self.write("-break.trace", "trace 1\nbreak\n")
        self.check(self.repro("--minimize", "--emit-trace", "./-out.trace", "./-break.trace", cwd=self.folder), 1, IDENTITY)
        self.assertEqual((self.folder / "-out.trace").read_text(), "trace 1\nbreak\n")

    def test_only_a_file_is_written_over(self):
        """As root, /dev/null would be a file from then on."""
        path, pipe, link = self.write("a", "break"), self.folder / "pipe", self.folder / "link"
        os.mkfifo(pipe)
        link.symlink_to(path)
        for option in ("--emit-trace", "--emit-test"):
            for target in (pipe, link, self.folder):
                self.check(self.repro(option, target, path), 2, "is there, and is not a regular file")
            self.check(self.repro(option, "", path), 2, "an empty name")
        self.check(self.repro("--lib", "", path), 2, "an empty name")
        self.assertTrue(pipe.is_fifo() and link.is_symlink())

    def test_no_option_is_left_undone_in_silence(self):
        path = self.write("a", "break")
        for words, why in (("--results --emit-test x.c", "--results excludes --emit-test"), ("--on riscv32 --emit-test x.c", "--on excludes --emit-test"),
                           ("--on riscv32 --repeat 3", "--on excludes --repeat"), ("--results --json", "--results excludes --json"),
                           ("--promote --failed-at HEAD --minimize", "--promote excludes --minimize"), ("--builds msan", "--builds needs --matrix"),
                           ("--failed-at HEAD", "--failed-at needs --promote"), ("--seconds 5", "--seconds needs --minimize")):
            self.check(self.repro(*words.split(), path), 2, why)
        self.check(self.repro("--emit-test", "x.c", self.bundle(machine="riscv32")), 2, "a finding of riscv32 excludes --emit-test")

    def test_a_matrix_of_no_build_is_no_answer(self):
        code = "def refuse(*_, **__):\n    raise tools.ToolError('no compiler')\nrepro.inquiry.build_with = refuse"
        for word in ("break", "clean"):
            self.check(self.repro("--matrix", "--builds", "plain,msan", self.write("a", word), code=code), 2, "no build could be tried", "not tried: no compiler")

    def test_a_build_that_cannot_run_here_takes_no_answer_away(self):
        """As one for i386 where the kernel has no mode for it. The others are asked."""
        other = self.folder / "other machine/fuzz/procbuf-replay"
        other.parent.mkdir(parents=True)
        other.write_bytes(b"\x7fELF for another machine")
        other.chmod(0o755)
        code = f"repro.inquiry.build_with = lambda name, *_, **__: tools.Build(Path({str(other.parents[1])!r}) if 'i386' in name else FOLDER, Path('lib'))"
        self.check(self.repro("--matrix", "--builds", "i386,msan", self.write("a", "break"), code=code), 1,
                   "procbuf-replay: Exec format error", "MSan", "every build sees a bug")
        other.unlink()  # which says nothing of this machine
        self.check(self.repro("--matrix", "--builds", "i386,msan", self.write("a", "break"), code=code), 2, "procbuf-replay: No such file or directory")

    def test_a_machine_that_shows_another_bug(self):
        here, there, other = (f"PROCBUF-BUG kind={kind} op=none" for kind in ("result check=break", "hardware check=no-end", "hardware check=windows"))
        for identity, seen, more, status in ((there, [], [], 0), (there, [there], [], 1), (there, [other, there], [], 1), (there, [other], [], 3),
                                             (here, [there], ["--on", "x86"], 1)):
            folder = self.bundle(identity=identity, machine="" if more else "riscv32")
            done = self.repro("--json", *more, folder, code=f"repro.hardware.show = lambda *_: {seen}")
            self.check(done, status, *([f"a different bug: the finding was {there}"] if status == 3 else []))
            told = json.loads(done.stdout)[0]
            self.assertEqual((told["status"], told["identity"]), (status, there if there in seen else (seen or [""])[0]))

    def test_an_end_from_outside_leaves_no_program_behind(self):
        """SIGTERM is taken for Ctrl-C."""
        path, out, mark = self.write("a.trace", "trace 1\nforever\n"), self.folder / "out.trace", f"PROCBUF_MARK={self.folder}"
        for number, status in ((signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGKILL, -9)):
            out.unlink(missing_ok=True)
            process = subprocess.Popen(["/usr/bin/python3", "-B", "-c", RUN % "", self.programs, "--minimize", "--emit-trace", out, path], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "fuzz"), "PROCBUF_MARK": str(self.folder)})
            while not (out.exists() and is_waiting(process)) and process.poll() is None:
                time.sleep(0.01)  # the minimiser may be faster than who has started it
            process.send_signal(number)
            said = process.communicate(timeout=120)
            self.assertEqual(process.returncode, status, said)
            while programs_with(mark):
                time.sleep(0.01)  # else CTest ends us

    def test_a_part_of_a_finding_means_the_finding(self):
        folder = self.bundle()
        self.check(self.repro(folder / "finding.json"), 1, IDENTITY)
        (folder / "test.c").write_text("int main(void);")
        self.check(self.repro(folder / "test.c"), 2, "a part of a finding, and no input: give its folder")

    def test_numbers_that_make_no_sense(self):
        path = self.write("a", "break")
        for option, value in (("--repeat", "0"), ("--repeat", "-3"), ("--repeat", "x"), ("--seconds", "0"), ("--seconds", "nan"), ("--seconds", "-1")):
            self.check(self.repro(f"{option}={value}", path), 2, "invalid number of")
        self.check(self.repro("--repeat", "2", path), 1, "2 of 2 runs show it")

    def test_a_byte_order_mark_and_comments_that_are_not_utf_8(self):
        text = b"\xef\xbb\xbftrace 1\n# caf\xe9\nlen rw0\n"
        out = self.folder / "out.trace"
        self.check(self.repro("--emit-trace", out, self.write("a.trace", text), programs=BUILD), 0, "no bug found")
        self.assertEqual(out.read_bytes(), text.removeprefix(b"\xef\xbb\xbf"))
        self.check(self.repro("-", input=text, programs=BUILD), 0, "no bug found")
        self.check(self.repro("--results", self.folder / "a.trace", programs=BUILD), 0)

    def test_a_sequence_is_an_input_like_any_other(self):
        sequence = self.write("a.sequence", "sequence 1\ntrace 1\nprime\ntrace 1\nnoise\ntrace 1\nfire\n")
        small = self.folder / "small.sequence"
        self.check(self.repro(sequence, "--minimize", "--emit-trace", small), 1, FIRED)
        self.assertEqual(small.read_text(), "sequence 1\ntrace 1\nprime\ntrace 1\nfire\n")
        self.check(self.repro("--repeat", "3", small), 1, "3 of 3 runs show it")
        self.check(self.repro("-", input=small.read_bytes()), 1, FIRED)
        self.check(self.repro("--matrix", "--builds", "plain", small), 1, "the same bug")

    def test_an_unexplained_finding_that_shows_now_is_there(self):
        folder = self.bundle(identity="PROCBUF-BUG kind=unexplained check=no-report op=slices")
        self.check(self.repro(folder), 1, IDENTITY)


    def test_a_library_of_a_commit_is_kept_whole(self):
        """However the command ended that began to write it."""
        code = ("import sys; from pathlib import Path; from orchestrate import inquiry; inquiry.ROOT = Path(sys.argv[1])\n"
                "inquiry.build_with = lambda name, options, lib, *_, **__: print(sorted(path.name for path in lib.iterdir()))\n"
                "inquiry.build_of('HEAD')")
        for name in "ab":
            self.write(f"lib/{name}", name)
        git = ["git", "-C", self.folder, "-c", "user.name=a", "-c", "user.email=a@example.org"]
        for words in (["init", "-q"], ["add", "lib"], ["commit", "-qm", "lib"]):
            subprocess.run([*git, *words], check=True)
        self.write("bin/tar", '#!/bin/sh\n/usr/bin/env -i /usr/bin/tar "$@"\nrm "$3/lib/b"\nkill -9 "$PPID"\n').chmod(0o755)
        environment = os.environ | {"PYTHONPATH": str(ROOT / "fuzz")}
        for path, status, said in ((f"{self.folder}/bin:{os.environ['PATH']}", -9, ""), (os.environ["PATH"], 0, "['a', 'b']\n")):
            done = subprocess.run(["/usr/bin/python3", "-B", "-c", code, self.folder], capture_output=True, text=True, check=False, env=environment | {"PATH": path})
            self.check(done, status)
            self.assertEqual(done.stdout, said)


class Bisection(Case):
    """The search alone: each letter is a commit, a capital one has the bug, and '-' does not build."""

    def found(self, commits):
        def built(commit):
            if commit == "-":
                raise tools.ToolError("it does not build")
            return commit

        def replayed(build, _path, text):
            del text
            return replay.Outcome("the bug" if build.isupper() else "", "")

        def git(*arguments):
            return {"rev-parse": commits[0], "rev-list": "\n".join(commits[1:])}.get(arguments[0], f"shows {arguments[-1]}")

        with unittest.mock.patch.multiple(inquiry, _git=git, build_of=built, replay=replayed):
            return inquiry.bisect("a..b", b"", "the bug", lambda _: None)

    def test_the_first_commit_with_the_bug_whatever_does_not_build_before_it(self):
        for commits in ("abcDEF", "aD", "a-D", "ab--DE", "abD--E", "abD-"):
            self.assertIn("the first commit with the bug:\nshows D" if commits[-1] != "-" else "the last that touches lib/, does not build",
                          self.found(commits), commits)

    def test_says_which_end_is_not_as_it_was_said_to_be(self):
        self.assertIn("no good one: A has the bug already", self.found("ABC"))
        self.assertIn("no bad one: c, the last that touches lib/, does not have the bug", self.found("abc"))
        self.assertIn("no commit in between touches lib/", self.found("a"))

    def test_names_what_it_left_out(self):
        self.assertIn("skipped, since it does not build with the testbed of now: -: it does not build", self.found("a-D"))


class Workflows(Case):
    """What is lost when a night is red, and what is never sent."""

    def steps(self, name: str) -> tuple[str, list[str]]:
        text = (ROOT / ".github/workflows" / name).read_text()
        head, _, rest = text.partition("    steps:\n")
        return head, re.split(r"(?m)^      - ", rest)[1:]

    def test_a_red_night_keeps_its_store_and_is_reported(self):
        head, steps = self.steps("nightly.yml")
        self.assertIn("security-events: write", head)
        campaign = next(at for at, step in enumerate(steps) if "./fuzz/campaign" in step)
        after = steps[campaign + 1:]
        for step in after:
            self.assertIn("if: always()", step)
            self.assertNotIn("continue-on-error", step)
        for what in (".ci/nights save nights", "summary.md", "upload-artifact@", "findings.sarif"):
            self.assertTrue(any(what in step for step in after), what)
        self.assertTrue(any(".ci/nights restore nights" in step for step in steps[:campaign]))

    def test_what_is_asked_for_is_sent(self):
        head, steps = self.steps("cflite.yml")
        self.assertIn("security-events: write", head)
        run = next(at for at, step in enumerate(steps) if "output-sarif: true" in step)
        upload = next(step for step in steps[run:] if "upload-sarif@" in step)
        for what in ("always()", "sarif_file: cifuzz-sarif/results.sarif", "checkout_path: cifuzz-sarif"):
            self.assertIn(what, upload)

    def test_no_text_of_others_is_run(self):
        for path in (ROOT / ".github/workflows").glob("*.yml"):
            for line in path.read_text().splitlines():
                self.assertNotRegex(line, r"run:.*\$\{\{ (inputs|github\.event\.(issue|comment|head_commit|pull_request\.title))")
