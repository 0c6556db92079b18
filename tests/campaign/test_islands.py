"""Many hosts, one campaign: what is shared, who does what, and what comes out when it is united.

Nights have stand-ins for engine and replay (standin.py). Shares are folders here; test_hosts.py has hosts with a network.
"""
import base64
import contextlib
import hashlib
import io
import itertools
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import standin
from support import ROOT, Case, recorded
from test_closed import BROKE, RUN

from orchestrate.coverage import Misses
from orchestrate import facts, islands, merge, parcels, share
from orchestrate.record import Finding, Harness, LeftOut, Planned, Record
from orchestrate.tools import ToolError

CAMPAIGN = ROOT / "fuzz/campaign"
HARNESSES = ("slices", "life")
EVIL = f"procbuf-evil-{os.getpid()}"
PARTS = [f"{harness} libfuzzer-asan" for harness in HARNESSES]


def tree(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.stat().st_size < 1 << 30}


def value(text: str, harness: str = "slices") -> tuple[str, bytes]:
    content = text.encode()
    return f"inputs/{harness}/{hashlib.sha256(content).hexdigest()}", content


def fact(host: str, number: int, **more) -> facts.Fact:
    record = Record(revision=more.pop("revision", "abc"), harnesses=[Harness("slices", "", runs=10 * (number + 1), seconds=2.0, startup_s=0.5)],
                    findings=more.pop("findings", []), jobs=1, fuzzing_s=5.0, time_s=5.0, plan=more.pop("plan", []))
    counts = {"slices": (100, facts.pack(more.pop("counts", {"1": 1, "2": 5})))}
    return facts.Fact(host=host, night=1, number=number, life=more.pop("life", f"life of {host}"), wanted=PARTS, record=record, counts=counts,
                      library=more.pop("library", "lib"), **more)


def bundle(folder: Path, check: str, operations: int, minimised: str) -> Path:
    """A bundle as a campaign makes one."""
    identity = f"PROCBUF-BUG kind=result check={check} op=slice"
    name = f"result--{check}--slice"
    made = folder / name
    made.mkdir(parents=True)
    finding = Finding(identity, "slices", "medium", 1.0, 1, operations, name, "it broke\n", "", minimised=minimised)
    (made / "finding.json").write_text(json.dumps(vars(finding)))
    (made / "trace.trace").write_text(f"trace 1\n{'x' * operations}\n")
    (made / "explanation.txt").write_text("it broke\n")
    return made


CUT = """#!/usr/bin/python3 -ISB
# What rsync calls in place of ssh. When the file FILE has a number, that many bytes of values pass, and the rsync that called is killed.
import os, subprocess, sys, threading
from pathlib import Path
cut, command = Path(FILE), sys.argv[2:]
left = int(cut.read_text() or 1 << 60)
there = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def carry(source, target, has_values):
    global left
    while data := os.read(source, 4096):
        data = data[:left] if has_values else data
        os.write(target, data)
        left -= has_values * len(data)
        if left == 0:
            cut.write_text("")
            callers = [os.getppid(), *map(int, Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split())]
            for pid in callers:
                if pid != os.getpid():
                    os.kill(pid, 9)
            os._exit(1)
    os.close(target)

sends = "--sender" in command
threading.Thread(target=carry, args=(0, there.stdin.fileno(), not sends), daemon=True).start()
carry(there.stdout.fileno(), 1, sends)
os._exit(there.wait())
"""


def cutting_shell(folder: Path) -> tuple[str, Path]:
    """A shell for RSYNC_RSH, and the file that says after how many bytes it cuts."""
    shell, cut = folder / "rsh", folder / "cut"
    shell.write_text(CUT.replace("FILE", repr(str(cut))))
    shell.chmod(0o755)
    cut.touch()
    return str(shell), cut


class Values(Case):
    """What is shared is named by its content, and only becomes more."""

    def place(self, name: str, *values: tuple[str, bytes]) -> share.Folder:
        made = share.Folder(self.folder / name, name)
        made.add(share.format_name(), share.FORMAT_TEXT)
        for value_ in values:
            made.add(*value_)
        return made

    def merged(self, *shares: share.Folder, into: str, status: int = 0) -> dict[str, bytes]:
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(merge.merge([str(place.root) for place in shares], self.folder / into), status)
        return tree(self.folder / into)

    def five(self) -> list[share.Folder]:
        """Five hosts, each with what others have and what they have not; one of a finding has but the raw bundle."""
        chance = random.Random(1)
        values = [value(f"input {number}") for number in range(12)]
        made = []
        for number, host in enumerate("abcde"):
            place = self.place(host, *chance.sample(values, 6))
            found = [Finding("PROCBUF-BUG kind=result check=both op=slice", "slices", "medium", 5.0 - number, 1, 1, "", "", "")] if number > 1 else []
            for at in range(3):
                facts.write(place, fact(host, at, ended=at == 2, mine=PARTS[:1], parts={part: 1 for part in PARTS}, findings=found,
                                        counts={str(at): 1, host: 1}, revision="abc" if number else "older", clock=1e9 * number))
            if number in (2, 3):
                small = bundle(self.folder / f"bundles-{host}", "both", 9 - 2 * number, "minimised" if number == 3 else parcels.NOT_YET)
                place.add(*parcels.pack(small, host, 1, "lib"))
            made.append(place)
        return made

    def test_all_orders_of_five_merges_give_the_same_bytes(self):
        places = self.five()
        wanted = self.merged(*places, into="wanted", status=1)
        record = json.loads(wanted["report/campaign.json"])
        self.assertEqual(record["harnesses"][0]["runs"], 5 * 30)  # each host's last fact, once
        finding, = record["findings"]
        self.assertEqual((finding["operations"], finding["seconds"], finding["found_by"]), (3, 1.0, "e: "))
        self.assertEqual(sum(name.startswith("share/inputs/") for name in wanted), 12)
        # A report is a function of the union: that of each order is compared, and the reports of some.
        union = {name: content for name, content in wanted.items() if name.startswith("share/")}
        for number, order in enumerate(itertools.permutations(places)):
            replica = share.Folder(self.folder / f"order{number}" / "share", merge.OWNER)
            with mock.patch.object(os, "fsync"):
                for place in order:
                    share.take(replica, place)
            self.assertEqual({f"share/{name}": content for name, content in tree(replica.root).items()}, union)
            shutil.rmtree(replica.root.parent)
        for number, order in enumerate([places[::-1], places[2:] + places[:2], [*places, *places[1:3]]]):  # late, and twice
            into = f"again{number}"
            for at in range(len(order)):
                with contextlib.redirect_stdout(io.StringIO()):
                    merge.merge([str(place.root) for place in order[:at + 1]], self.folder / into)
            self.assertEqual(tree(self.folder / into), wanted)

    def test_a_merge_of_merges_is_the_merge(self):
        places = self.five()
        wanted = self.merged(*places, into="wanted", status=1)
        self.merged(*places[:2], into="left")
        self.merged(*places[2:], into="right", status=1)
        both = self.merged(share.Folder(self.folder / "left/share"), share.Folder(self.folder / "right/share"), into="both", status=1)
        self.assertEqual(both, wanted)

    def test_a_merge_that_is_killed_is_made_again(self):
        places = self.five()
        wanted = self.merged(*places, into="wanted", status=1)
        chance = random.Random(2)
        for _ in range(3):
            process = subprocess.Popen([CAMPAIGN, "--out", self.folder / "killed", "--merge", *(place.root for place in places)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.2, 0.6))
            process.kill()
            process.wait()
        done = subprocess.run([CAMPAIGN, "--out", self.folder / "killed", "--merge", *(place.root for place in places)],
                              capture_output=True, text=True, check=False)
        self.check(done, 1, "1 finding (1 new)")
        self.assertEqual({n: c for n, c in tree(self.folder / "killed").items() if n != ".lock"}, wanted)

    def test_lives_of_a_host_are_added_and_facts_of_one_are_not(self):
        place = self.place("a")
        for number, life in enumerate(["first", "first", "second"]):  # its folder was lost after the second fact
            facts.write(place, fact("a", number, life=life, ended=number == 2, parts={part: 1 for part in PARTS}))
        record = json.loads(self.merged(place, into="out")["report/campaign.json"])
        self.assertEqual(record["harnesses"][0]["runs"], 20 + 30)
        self.assertEqual((record["hosts"][0]["lives"], record["hosts"][0]["runs"]), (2, 50))
        estimate = record["residual"][0]
        self.assertEqual((estimate["inputs"], estimate["seen"], estimate["once"]), (200, 2, 0))  # what each life saw once was seen twice

    def test_two_machines_with_one_name_are_said(self):
        place = self.place("a")
        for number, life in enumerate(["first", "second", "first"]):
            facts.write(place, fact("a", number, life=life, ended=number == 2, parts={part: 1 for part in PARTS}))
        record = json.loads(self.merged(place, into="out", status=2)["report/campaign.json"])
        self.assertEqual(record["broken"], ["two machines call themselves a at the same time: each needs a --host of its own"])

    def test_a_host_that_was_lost_is_red_unless_its_part_is_done(self):
        place = self.place("a")
        facts.write(place, fact("a", 0, mine=PARTS[:1], parts={PARTS[0]: 1}))
        facts.write(place, fact("b", 0, ended=True, mine=PARTS[1:], parts={PARTS[1]: 1}))
        record = json.loads(self.merged(place, into="out", status=2)["report/campaign.json"])
        self.assertIn(f"not done again: {PARTS[0]}", record["broken"][0])
        facts.write(place, fact("c", 0, ended=True, mine=PARTS[:1], parts={PARTS[0]: 1}))
        record = json.loads(self.merged(place, into="out")["report/campaign.json"])
        self.assertIn(f"others did its part: {PARTS[0]}", record["notes"][0])

    def test_a_part_that_no_host_did_is_red(self):
        place = self.place("a")
        facts.write(place, fact("a", 0, ended=True, mine=PARTS[:1], parts={PARTS[0]: 1}))
        self.assertIn(f"no host took, and none did: {PARTS[1]}", "\n".join(self.broken(place)))
        facts.write(place, fact("b", 0, ended=True, mine=PARTS[1:], plan=[Planned(*PARTS[1].split(), 0, 0.0)]))
        self.assertEqual(self.broken(place), [f"host b had too little time for {PARTS[1]}, and no other did it"])
        facts.write(place, fact("c", 0, ended=True, parts={PARTS[1]: 1}))
        self.assertEqual(json.loads(self.merged(place, into="out")["report/campaign.json"])["broken"], [])

    def test_what_one_host_had_no_time_for_another_did(self):
        place = self.place("a")
        alone = fact("a", 0, ended=True, mine=PARTS, parts={PARTS[0]: 1})  # it planned before it heard of the other
        alone.record.left_out = [LeftOut("left out for want of time: libfuzzer-asan: life", "more time"), LeftOut("no planted bug was tried", "canaries")]
        facts.write(place, alone)

        def left_out():
            return [row["what"] for row in json.loads(self.merged(place, into="out")["report/campaign.json"])["left_out"]]
        self.assertEqual(left_out(), ["left out for want of time: libfuzzer-asan: life", "no planted bug was tried"])
        facts.write(place, fact("b", 0, ended=True, mine=PARTS[1:], parts={PARTS[1]: 1}))
        self.assertEqual(left_out(), ["no planted bug was tried"])

    def broken(self, place: share.Folder) -> list[str]:
        return json.loads(self.merged(place, into="out", status=2)["report/campaign.json"])["broken"]

    def test_clocks_are_compared_and_never_believed(self):
        place = self.place("a")
        facts.write(place, fact("a", 0, clock=1000.0))
        facts.write(place, fact("b", 0, clock=91000.0, heard={"a": (0, 91000.0)}))
        facts.write(place, fact("a", 1, clock=1020.0, ended=True, heard={"b": (0, 1020.0)}, parts={part: 1 for part in PARTS}))
        facts.write(place, fact("b", 1, clock=0.0, ended=True, heard={"a": (1, 91030.0)}, parts={part: 1 for part in PARTS}))
        hosts = json.loads(self.merged(place, into="out")["report/campaign.json"])["hosts"]
        self.assertEqual([(h["ahead_s"], h["within_s"]) for h in hosts], [(0.0, 0.0), (89990.0, 10.0)])
        facts.write(place, fact("b", 2, clock=0.0, ended=True, heard={"a": (1, 500.0)}, parts={part: 1 for part in PARTS}))  # it was set
        hosts = json.loads(self.merged(place, into="out")["report/campaign.json"])["hosts"]
        self.assertEqual([(h["ahead_s"], h["within_s"]) for h in hosts], [(0.0, 0.0), (0.0, None)])

    def test_one_more_host_is_worth_what_good_and_toulmin_say(self):
        place = self.place("a")
        for host in "ab":  # 1 is common; each has one behaviour alone, seen once, and one seen twice
            facts.write(place, fact(host, 0, ended=True, parts={part: 1 for part in PARTS},
                                    counts={"1": 3, f"1{ord(host)}": 1, f"2{ord(host)}": 2}))
        worth, = json.loads(self.merged(place, into="out")["report/campaign.json"])["one_more_host"]
        self.assertEqual(worth, {"harness": "slices", "more": 0.5, "seen": 5})  # 2 of one input / 2 hosts - 2 of two / 4

    def test_the_status_of_a_share_is_what_its_hosts_said_last(self):
        place = self.place("a")
        facts.write(place, fact("a", 1, parts={PARTS[0]: 3}))
        facts.write(place, fact("b", 2, parts={part: 1 for part in PARTS}, silent=["a"]))
        facts.write(place, fact("c", 3, ended=True, findings=[Finding("PROCBUF-BUG kind=result check=x op=slice", "slices", "medium", 1.0, 1, 1, "", "", "")]))
        before = tree(place.root)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(merge.show(str(place.root)), 0)
        self.assertEqual([line.split() for line in said.getvalue().splitlines()], [
            ["night", "1", "of", "3", "hosts"],
            "a 5 s of 5 s 20 runs 10 /s 0 findings 1 parts silent, according to b".split(),
            "b 5 s of 5 s 30 runs 15 /s 0 findings 2 parts has not ended".split(),
            "c 5 s of 5 s 40 runs 20 /s 1 findings 0 parts ended".split()])
        self.assertEqual(tree(place.root), before)

    def test_coverage_is_what_any_host_reached(self):
        place = self.place("a")
        seen = {"a": Misses(5, 3, 4, 2, [None, 2, 0, 1, 0, 3], {"f": (3, 3)}, [3, 5], [(2, "true", "x"), (5, "false", "y")],
                            {"h": 3}, [("h", "x"), ("h", "y")]),
                "b": Misses(5, 3, 4, 3, [None, 1, 4, 0, 0, 1], {"g": (4, 4)}, [4, 5], [(5, "false", "y")], {"h": 3}, [("h", "y")])}
        for host, misses in seen.items():
            facts.write(place, fact(host, 0, ended=True, parts={part: 1 for part in PARTS}, misses={"src/x.c": misses}))
        file = json.loads(self.merged(place, into="out")["report/campaign.json"])["coverage"]["src/x.c"]
        self.assertEqual(file, {"lines": 5, "covered_lines": 4, "branches": 4, "covered_branches": 3, "missed_functions": [], "missed_lines": [5],
                                "missed_branches": [[5, "false", "y"]], "counts": [None, 3, 4, 1, 0, 4],
                                "conditions": {"h": 3}, "undecided": [["h", "y"]]})

    # ---- Hostile places ----

    def hostile(self) -> share.Folder:
        """A share that a stranger has changed."""
        place = self.place("hostile", value("good"))
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / "secret").write_text("secret")
        root = place.root
        name, _ = value("linked")
        (root / name).symlink_to(outside / "secret")
        (root / "inputs/life").symlink_to(outside)
        (root / "inputs/slices/..evil").write_text("x")
        (root / "inputs/slices" / ("0" * 64)).write_text("not what its name says")
        (root / "inputs/slices" / ("f" * 64)).write_bytes(b"")
        with open(root / "inputs/slices" / ("e" * 64), "wb") as huge:
            huge.truncate(1 << 40)
        (root / "thesis.txt").write_text("mine")
        os.mkfifo(root / "inputs/slices" / ("d" * 64))
        (root / "facts/a/1").mkdir(parents=True)
        for number, text in enumerate(["", "[]", "{", '{"schema": 9}', '{"schema": 1, "host": "b"}', "[" * 100_000, '{"schema": 1, "night": NaN}',
                                       '{"schema": 1, "host": "a", "night": 1, "number": 7, "record": {"harnesses": 3}}',
                                       '{"schema": 1, "host": "a", "night": 1, "number": 8, "period_s": 1e300}',
                                       '{"schema": 1, "host": "a", "night": 1, "number": 9, "parts": {"x": 1%s}}' % ("0" * 400),
                                       '{"schema": 1, "host": "a", "night": 1, "number": 10, "record": {"revision": "x", "findings": [%s]}}' % json.dumps(
                                           vars(Finding("PROCBUF-BUG kind=result check=%s op=x" % ("x" * 300), "x", "low", 0.0, 1, 1, "", "", "")))]):
            place.add(f"facts/a/1/{number}-{share.digest(text.encode())}", text.encode())
        identity = "PROCBUF-BUG kind=result check=evil op=slice"
        long = f"PROCBUF-BUG kind=result check={'x' * 300} op=slice"
        for name, files in ((identity, {f"../../{EVIL}": "", "finding.json": "e30="}), (long, self.record_of(long, 1.0)),
                            (identity, self.record_of(identity, 1e300))):
            content = facts.as_bytes(vars(parcels.Parcel(name, "a", 1, "lib", files)))
            place.add(parcels.name_of(name, content), content)
        return place

    @staticmethod
    def record_of(identity: str, seconds: float) -> dict[str, str]:
        """The files of a bundle."""
        return {"finding.json": base64.b64encode(json.dumps(vars(Finding(identity, "slices", "low", seconds, 1, 1, "", "", ""))).encode()).decode()}

    def test_two_findings_whose_folders_have_one_name_are_two(self):
        place = self.place("a")
        both = [f"PROCBUF-BUG kind=result check=a{between}b op=slice" for between in "/-"]
        for identity in both:
            content = facts.as_bytes(vars(parcels.Parcel(identity, "a", 1, "lib", self.record_of(identity, 1.0))))
            place.add(parcels.name_of(identity, content), content)
        facts.write(place, fact("a", 0, ended=True, parts={part: 1 for part in PARTS}))
        record = json.loads(self.merged(place, into="out", status=1)["report/campaign.json"])
        self.assertEqual({finding["identity"]: (self.folder / "out/findings" / finding["folder"]).is_dir() for finding in record["findings"]},
                         {identity: True for identity in both})
        self.assertEqual(len({finding["folder"] for finding in record["findings"]}), 2)

    def test_what_is_made_is_not_put_into_a_share(self):
        place = self.place("a", value("input"))
        facts.write(place, fact("a", 0, ended=True, parts={part: 1 for part in PARTS}))
        (self.folder / "link").symlink_to(place.root)
        (self.folder / "host/share").mkdir(parents=True)
        before = tree(place.root)
        for words in (["--merge", place.root, "--out", place.root], ["--merge", self.folder / "link", "--out", place.root / "united"],
                      ["--host", "b", "--share", self.folder / "host/share", "--out", self.folder / "host"]):
            self.check(subprocess.run([CAMPAIGN, *words], capture_output=True, text=True, check=False), 2, "is in this share")
        (self.folder / "host/state.sqlite").touch()
        with self.assertRaisesRegex(ToolError, "the folder of a campaign"):
            merge.merge([str(place.root)], self.folder / "host")
        self.assertEqual(tree(place.root), before)
        self.merged(share.Folder(self.folder / "link"), place, place, into="out")  # by a link, and twice
        self.merged(share.Folder(self.folder / "out/share"), into="out")  # and with itself

    def test_a_hostile_share_is_said_and_nothing_outside_is_touched(self):
        place = self.hostile()
        before = tree(self.folder / "outside"), tree(self.folder / "hostile")["thesis.txt"]
        replica = self.place("replica", value("ours"), value("in life", "life"))
        share.take(replica, place)
        self.assertIn(value("good")[0], replica.listing())
        text = "\n".join(place.problems)
        for said in ("a link; not followed", "too large", "left alone", "damaged"):
            self.assertIn(said, text)
        with self.assertRaisesRegex(ToolError, "something else is in their place"):
            share.give(replica, place)  # a link is where inputs/life belongs: the rest is there
        self.assertIn(value("ours")[0], place.listing())
        facts.write(place, fact("b", 0, ended=True, parts={part: 1 for part in PARTS}))
        out = self.merged(place, into="out", status=2)
        record = json.loads(out["report/campaign.json"])
        self.assertEqual(record["hosts"][0]["name"], "b")
        self.assertIn("not taken", "\n".join(record["broken"]))
        self.assertIn("whole in no share", "\n".join(record["broken"]))
        self.assertEqual((tree(self.folder / "outside"), tree(self.folder / "hostile")["thesis.txt"]), before)
        self.assertFalse([path for path in self.folder.rglob("*evil*") if "hostile" not in path.parts])
        self.assertFalse((Path(tempfile.gettempdir()) / EVIL).exists())  # where it would be, from where bundles are looked at

    def test_a_folder_of_somebody_else_is_refused(self):
        home = self.folder / "home"
        home.mkdir()
        (home / "letters").write_text("dear")
        with self.assertRaisesRegex(ToolError, "not a share, and not empty: it holds letters"):
            share.take(self.place("replica"), share.place_of(str(home), self.folder))
        later = self.place("later")
        (later.root / "format").rename(self.folder / "gone")
        later.add(f"format/2/{share.digest(b'2')}", b"2")
        with self.assertRaisesRegex(ToolError, "another version"):
            share.take(self.place("replica"), later)

    def test_what_is_damaged_is_written_again_by_who_has_it(self):
        place, (name, content) = self.place("place", value("good")), value("good")
        replica = self.place("replica", value("good"))
        (place.root / name).write_bytes(b"g00d")
        fresh = self.place("fresh")
        share.take(fresh, place)
        self.assertEqual(place.damaged, [name])
        share.give(replica, place)
        self.assertEqual(place.read(name), b"g00d")  # as long as it should be, and not read yet
        share.give(replica, place, place.damaged)
        self.assertEqual(place.read(name), content)
        (place.root / name).write_bytes(b"")
        share.give(replica, place)
        self.assertEqual(place.read(name), content)

    def test_a_value_is_whole_or_not_there(self):
        place = self.place("place")
        (place.root / f"{share.PARTIAL}other-1").write_text("half")
        (place.root / f"{share.PARTIAL}place-1").write_text("half")
        self.assertEqual(set(place.listing()), {share.format_name()})
        self.assertEqual(place.problems, [])
        place.clear_partial()
        self.assertEqual([path.name for path in place.root.glob(f"{share.PARTIAL}*")], [f"{share.PARTIAL}other-1"])
        order = []
        with mock.patch.object(os, "fsync", side_effect=lambda file: order.append(f"sync {os.fstat(file).st_size}")), \
                mock.patch.object(os, "rename", side_effect=lambda old, new, **how: order.append(f"rename {old[:9]} {new[-4:]}")):
            place.add(*value("12345"))
        self.assertEqual(order, ["sync 5", f"rename {share.PARTIAL} {value('12345')[0][-4:]}"])
        stop, errors = threading.Event(), []

        def read():
            while not stop.is_set():
                errors.extend(name for name in place.listing() if place.true_content(name) is None)

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(100):
            place.add(*value(f"{number}" * 5000))
        stop.set()
        reader.join()
        self.assertEqual(errors, [])

    def test_what_a_host_says_comes_after_what_it_speaks_of(self):
        replica = self.place("replica", value("input"), ("findings/" + "/".join(2 * [share.digest(b"x")]), b"x"))
        facts.write(replica, fact("a", 0))
        empty, given = self.place("empty"), []
        with mock.patch.object(share.Folder, "add", lambda place, name, content: given.append(name)):
            empty.send(replica, [])
        self.assertEqual([name.split("/")[0] for name in given], ["findings", "inputs", "facts"])
        by_rsync = share.Rsync("host:path", self.folder / "work")
        runs = []

        def rsync(*words):
            runs.append({name.split("/")[0] for word in words if str(word).startswith("--files-from=")
                         for name in Path(word.split("=")[1]).read_text().split()})
            return subprocess.CompletedProcess(words, 0, "", "")

        with mock.patch.object(by_rsync, "_rsync", rsync):
            by_rsync.send(replica, [])
        self.assertEqual(runs, [{"format", "findings", "inputs"}, {"facts"}])

    def test_an_rsync_that_is_killed_leaves_share_and_replica_whole(self):
        chance, (shell, cut) = random.Random(3), cutting_shell(self.folder)
        a, b = self.place("a"), self.place("b")
        for number in range(8):
            a.add(*value(chance.randbytes(20_000).hex()))
        facts.write(a, fact("a", 0))
        there = share.Folder(self.folder / "there", make=True)
        with mock.patch.dict(os.environ, RSYNC_RSH=shell):
            place = share.place_of(f"there:{there.root}", self.folder / "work")
            for replica, exchange in ((a, share.give), (b, share.take)):
                for after in (1, 500, 5_000, 100_000, 200_000):  # bytes
                    cut.write_text(f"{after}")
                    with self.assertRaises(ToolError):
                        exchange(replica, place)
                    self.assertEqual(cut.read_text(), "")
                    for whole in (there, a, b):
                        self.assertEqual([name for name in whole.listing() if whole.true_content(name) is None], [])
                        self.assertEqual([name for name in whole.listing() if name.startswith("facts/") and len(whole.listing()) < 10], [])
                exchange(replica, place)
                self.assertEqual(there.listing(), a.listing())
        self.assertEqual(b.listing(), a.listing())

    def test_git_is_a_place_of_the_same_values(self):
        repository = self.folder / "repository"
        subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
        where = f"git+file://{repository}#nights"
        a, b = self.place("a", value("of a")), self.place("b", value("of b", "life"))
        ours, theirs = (share.place_of(where, self.folder / f"work-{name}") for name in "ab")
        share.take(a, ours)
        share.take(b, theirs)
        share.give(a, ours)
        share.give(b, theirs)  # a was faster: its commit is fetched, and ours comes after it
        for replica, place in ((a, ours), (b, theirs)):
            share.take(replica, place)
        self.assertEqual(a.listing(), b.listing())
        self.assertEqual(len(a.listing()), 3)
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", "-b", "nights", repository, clone], check=True)
        (clone / "link").symlink_to("/etc/passwd")
        (clone / "inputs/slices" / ("0" * 64)).write_text("not this")
        subprocess.run(["sh", "-c", "git add -A && git -c user.name=x -c user.email=x@x commit -qm evil && git push -q"], cwd=clone, check=True)
        share.take(a, ours)
        self.assertIn("a link", "\n".join(ours.problems))
        self.assertEqual(ours.damaged, [f"inputs/slices/{'0' * 64}"])

    def test_work_is_divided_without_a_coordinator(self):
        parts = [f"part {number}" for number in range(32)]
        for count in (1, 2, 3, 4, 7, 32, 40, 100):
            hosts = [f"host{number}" for number in range(count)]
            of = islands.divide({host: parts for host in hosts})
            self.assertEqual({part for mine in of.values() for part in mine}, set(parts))
            self.assertTrue(all(of.values()))
            self.assertLessEqual(max(map(len, of.values())), -(-32 // min(count, 32)))
            shuffled = random.Random(count).sample(hosts, count)
            self.assertEqual(islands.divide({host: parts[::-1] for host in shuffled}), of)
        of_three = {}
        for host in "abc":  # planted bugs, and who makes a finding small
            knows = islands.Islands(host, str(self.place("place").root), self.folder / f"out-{host}", "lib", 1.0, lambda *_: None)
            knows.last = {other: facts.Fact(host=other, library="lib") for other in "abcx" if other != host}
            knows.last["x"].ended = True  # it takes nothing new
            of_three[host] = {part for part in parts if knows.does(part)}
        self.assertEqual(sorted(part for mine in of_three.values() for part in mine), sorted(parts))
        self.assertTrue(all(of_three.values()))
        # Who lacks an engine gets none of its parts, and each part has an owner all the same.
        able = {"a": parts, "b": parts[:4], "c": parts[:4]}
        of = islands.divide(able)
        self.assertTrue(all({*of[host]} <= {*able[host]} and of[host] for host in able))
        self.assertEqual({part for mine in of.values() for part in mine}, set(parts))
        four = islands.divide({host: parts for host in "abcd"})
        three = islands.divide({host: parts for host in "abc"})
        kept = sum(part in three[host] for host in "abc" for part in four[host])
        self.assertGreater(kept, 12)  # of 24: most stay where they were


OFTEN = "from orchestrate import exchange\nexchange.SHARE_OF_TIME = 0"
"""A night of seconds exchanges as often as one of hours."""
LONG = "1000s"
UNTIL = """
import os, time
from orchestrate import engine, under
monotonic, engine.OVERSTAYS_S = time.monotonic, 1e9
campaign.EXCHANGES = plan.EXCHANGES = 1000
night.CANARIES_FROM_S = night.MINIMISE_STORE_FROM_S = night.SUSPECTS_FROM_S = under.FROM_S = float("inf")
time.monotonic = lambda: monotonic() + 1000 * os.path.exists(%r)
"""
"""Such a night has an exchange after each slice, and is over as soon as a file is there; it does at its end what a short one does."""
KILLED_AS = {
    "it has kept its night": "islands.write_json",
    "it has not been heard yet": "islands.write",
    "it has been heard, and builds": "night.build",
}
"""What a host that begins calls next. It is killed there."""


class Hosts(Case):
    """Nights of several hosts, each in a folder of its own, with stand-ins."""

    def setUp(self):
        super().setUp()
        standin.put_into(self.folder / "programs")
        self.shared = self.folder / "shared"
        self.shared.mkdir()

    def begin(self, host: str, *arguments: str, does: str = "steady", seconds: str = "10s", where: object = None, code: str = "", out: str = "",
              more: tuple = (), **environment: str) -> subprocess.Popen:
        words = arguments or ("--harness", "slices", "--harness", "life", "--engine", "libfuzzer", "--build", "asan", "--empty", "--time", seconds,
                              "--slice", "2s", "--jobs", "1", "--seed", "1", "--host", host, "--share", str(where or self.shared), *more)
        process = subprocess.Popen(["/usr/bin/python3", "-X", "utf8", "-B", "-c", RUN % f"{OFTEN}\n{code}", self.folder / "programs", "--out", self.folder / (out or host), *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   env=os.environ | environment | {"PROCBUF_STANDIN": does, "PYTHONPATH": str(ROOT / "fuzz")})
        self.addCleanup(self.stop, process)
        return process

    def stop(self, process: subprocess.Popen) -> None:
        process.kill()
        process.wait()
        process.stdout.close()

    def end(self, process: subprocess.Popen, status: int) -> str:
        said = process.communicate(timeout=300)[0]
        self.assertEqual(process.returncode, status, said)
        self.assertNotIn("Traceback", said)
        return said

    def wait_for(self, what, *processes: subprocess.Popen) -> None:
        """Until something has happened, or the hosts have ended."""
        while not what():
            if processes and all(process.poll() is not None for process in processes):
                self.fail(processes[0].communicate()[0])
            time.sleep(0.05)

    def facts(self, host: str, night: str = "*") -> list[Path]:
        return list(self.shared.glob(f"facts/{host}/{night}/[0-9]*"))

    def said(self, host: str, night: str = "*") -> dict:
        """By a host, last; nothing yet."""
        return json.loads(max(self.facts(host, night), key=lambda path: int(path.name.split("-")[0])).read_text()) if self.facts(host, night) else {}

    def merge(self, *wheres: Path, status: int) -> dict:
        out = self.folder / "merged"
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(merge.merge([str(where) for where in wheres or (self.shared,)], out), status, recorded(out) if status else "")
        return recorded(out)

    def test_two_hosts_divide_the_work_and_exchange_what_they_find(self):
        for harness in HARNESSES:  # what was found when both were its parts
            (self.folder / "one/corpus" / harness).mkdir(parents=True)
            (self.folder / "one/corpus" / harness / "before").write_text(f"one{harness}")
        over = [self.folder / f"over{night}" for night in range(2)]
        both = {host: self.begin(host, does=f"find:{host}word", seconds=LONG, code=UNTIL % str(over[0])) for host in ("one", "two")}
        self.wait_for(lambda: all(said and len(said["mine"]) == 1 and {*said["mine"]} <= said["parts"].keys() for said in map(self.said, both)), *both.values())
        over[0].touch()
        for process in both.values():
            self.end(process, 0)
        record = self.merge(status=0)
        alone = [recorded(self.folder / host) for host in both]
        self.assertEqual(sum(h["runs"] for h in record["harnesses"]), sum(h["runs"] for r in alone for h in r["harnesses"]))
        self.assertEqual([host["name"] for host in record["hosts"]], ["one", "two"])
        self.assertTrue(all(host["ended"] for host in record["hosts"]))
        self.assertEqual(sorted({part for host in record["hosts"] for part in host["parts"]}), sorted(PARTS))
        self.assertEqual(sorted(self.said("one")["mine"] + self.said("two")["mine"]), sorted(PARTS))  # one each
        words = {path.read_text() for path in self.shared.glob("inputs/*/*")}
        self.assertEqual(words, {"oneword", "twoword", "oneslices", "onelife"})
        again = self.begin("one", seconds=LONG, code=UNTIL % str(over[1]))  # the next night begins with what was shared
        self.wait_for(lambda: self.said("one", "2").get("parts", {}).keys() == {*PARTS}, again)
        over[1].touch()
        self.end(again, 0)
        self.assertEqual(self.merge(status=0)["night"], 2)
        self.assertIn("twoword", {path.read_text() for path in (self.folder / "one/corpus").glob("*/*")})
        self.check(subprocess.run([CAMPAIGN, "--status", "--share", self.shared], capture_output=True, text=True, check=False), 0, "night 2 of 1 host", "ended")

    def test_half_of_the_turns_go_to_what_finds_most_on_any_host(self):
        over = self.folder / "over"
        floors = ("--floor", "slices=5s", "--floor", "life=5s")  # which is for who has the part
        b = self.begin("b", does="find:word", seconds=LONG, code=UNTIL % str(over), more=floors)
        self.wait_for(lambda: any(self.said("b").get("rates", {}).values()), b)
        a = self.begin("a", does="steady", seconds=LONG, code=UNTIL % str(over), more=floors)
        self.wait_for(lambda: len(self.facts("a")) > 1 and len(self.said("b")["mine"]) == 1, a)
        self.assertGreater(self.said("a")["record"]["fuzzing_s"], 0)  # while it runs
        number = self.said("b")["number"]
        self.wait_for(lambda: self.said("a")["heard"]["b"][0] > number, a)
        before = sum(self.said("a")["parts"].values())
        self.wait_for(lambda: sum(self.said("a")["parts"].values()) > before + 6, a)
        over.touch()
        for process in (a, b):
            self.end(process, 0)
        (own,), (other,), slices = self.said("a")["mine"], self.said("b")["mine"], self.said("a")["parts"]
        self.assertEqual(slices, {own: sum(slices.values()) - 1, other: 1})  # what b finds there a does not: it goes back
        record = self.merge(status=0)
        self.assertEqual(sum(planned["slices"] for planned in record["plan"]), sum(sum(self.said(host)["parts"].values()) for host in "ab"))

    def test_an_input_of_another_host_that_breaks_here_is_a_finding(self):
        share.give(share.Folder(self.folder / "none"), share.Folder(self.shared))
        for text in ("good", "break"):
            share.Folder(self.shared).add(*value(text))
        self.end(self.begin("a"), 1)
        finding, = recorded(self.folder / "a")["findings"]
        self.assertEqual((finding["identity"], finding["found_by"]), (BROKE, "an input of another host"))
        self.assertIn("good", {path.read_text() for path in (self.folder / "a/corpus/slices").iterdir()})
        self.assertNotIn("break", {path.read_text() for path in (self.folder / "a/corpus/slices").iterdir()})

    def test_two_machines_that_run_by_one_name_are_told_apart(self):
        over, says = self.folder / "over", "two machines call themselves a at the same time: each needs a --host of its own"
        both = [self.begin("a", out=out, does=f"find:{out}", seconds=LONG, code=UNTIL % str(over)) for out in ("here", "there")]

        def numbers() -> list[list[int]]:
            """Of the facts of each machine."""
            found: dict[str, list[int]] = {}
            for path in self.facts("a"):
                found.setdefault(json.loads(path.read_text())["life"], []).append(int(path.name.split("-")[0]))
            return [*found.values()]

        self.wait_for(lambda: len(numbers()) == 2 and max(map(min, numbers())) < min(map(max, numbers())), *both)
        over.touch()
        for process in both:
            self.assertIn(says, self.end(process, 2))
        record = self.merge(status=2)
        self.assertIn(says, record["broken"])
        self.assertEqual({path.read_text() for path in self.shared.glob("inputs/*/*")}, {"here", "there"})
        host, = record["hosts"]
        self.assertEqual((host["lives"], host["runs"]), (2, sum(h["runs"] for out in ("here", "there") for h in recorded(self.folder / out)["harnesses"])))
        self.assertEqual([name for name in share.Folder(self.shared).listing() if share.Folder(self.shared).true_content(name) is None], [])

    def test_an_rsync_that_is_killed_in_the_middle_of_an_exchange_loses_nothing(self):
        (shell, cut), over = cutting_shell(self.folder), self.folder / "over"
        a = self.begin("a", does="find:word", seconds=LONG, where=f"there:{self.shared}", code=UNTIL % str(over), RSYNC_RSH=shell)
        self.wait_for(lambda: len(self.facts("a")) > 1, a)
        before = len(self.facts("a"))
        cut.write_text("200")
        self.wait_for(lambda: cut.read_text() == "", a)  # it was cut
        self.wait_for(lambda: len(self.facts("a")) > before + 1, a)
        over.touch()
        self.assertRegex(self.end(a, 0), "share: there:.*; tried again at the next exchange")
        self.assertEqual(share.Folder(self.shared).listing(), share.Folder(self.folder / "a/share").listing())
        self.assertTrue(self.merge(status=0)["hosts"][0]["ended"])

    def test_a_host_that_is_killed_is_taken_over_and_goes_on(self):
        over = {host: self.folder / f"over-{host}" for host in "ab"}
        a, b = (self.begin(host, does=f"find:{host}word", seconds=LONG, code=UNTIL % str(over[host])) for host in "ab")
        self.wait_for(lambda: len(self.facts("a")) > 1 and len(self.facts("b")) > 1 and len(self.said("b")["mine"]) == 1, a, b)
        a.kill()
        self.wait_for(lambda: self.said("b")["silent"] == ["a"] and self.said("b")["parts"].keys() == {*PARTS}, b)
        over["b"].touch()
        said = self.end(b, 0)
        self.assertIn("host a is silent: others do its parts", said)
        self.assertIn("aword", {path.read_text() for path in (self.folder / "b/corpus").glob("*/*")})
        record = self.merge(status=0)
        self.assertIn("others did its part", "\n".join(record["notes"]))
        self.assertEqual(record["hosts"][0]["silent_for"], ["b"])
        self.assertFalse(record["hosts"][0]["ended"])
        before, a = len(self.facts("a")), self.begin("a", "--resume", code=UNTIL % str(over["a"]))
        self.wait_for(lambda: len(self.facts("a")) > before + 1, a)
        over["a"].touch()
        self.end(a, 0)
        record = self.merge(status=0)
        self.assertTrue(record["hosts"][0]["ended"])
        self.assertEqual(record["hosts"][0]["lives"], 1)
        own = recorded(self.folder / "a")
        self.assertEqual(record["hosts"][0]["runs"], sum(h["runs"] for h in own["harnesses"]))

    def test_a_host_that_is_killed_as_it_begins_has_one_life(self):
        for when, what in KILLED_AS.items():
            again = ["--resume"] if (self.folder / "a/island.json").exists() else []
            a = self.begin("a", *again, seconds="2s", code=f"from orchestrate import islands\nimport os\n{what} = lambda *_, **__: os.kill(os.getpid(), 9)")
            said = a.communicate()[0]
            self.assertEqual(a.returncode, -9, f"{when}: {said}")
        self.assertEqual(len(self.facts("a")), 1)
        self.end(self.begin("a", "--resume"), 0)
        host, = self.merge(status=0)["hosts"]
        self.assertEqual((host["ended"], host["lives"], host["runs"]), (True, 1, sum(h["runs"] for h in recorded(self.folder / "a")["harnesses"])))

    def test_a_host_that_is_lost_with_its_part_makes_the_night_red(self):
        a = self.begin("a", seconds=LONG, code=UNTIL % "")
        self.wait_for(lambda: self.facts("a") and self.said("a")["parts"].keys() == {*PARTS}, a)
        a.kill()
        record = self.merge(status=2)
        self.assertIn("not done again: life libfuzzer-asan, slices libfuzzer-asan", record["broken"][0])
        self.end(self.begin("a", "--resume", code=f"{UNTIL % ''}\nnight.Fuzzing.run = lambda self, *_: self.clock.begin()"), 0)  # no time is left
        self.merge(status=0)

    def test_a_finding_of_many_is_made_small_once(self):
        when = self.folder / "when"
        os.environ["PROCBUF_STANDIN_WHEN"] = str(when)
        self.addCleanup(os.environ.pop, "PROCBUF_STANDIN_WHEN")
        over = self.folder / "over"
        code = f"{UNTIL % str(over)}\nfrom orchestrate import islands\nislands.SILENT_AFTER = 10**9"  # a busy machine makes no host silent
        every = [self.begin(host, does="crash:break", seconds=LONG, code=code) for host in "abc"]
        self.wait_for(lambda: all(len(self.facts(host)) > 2 for host in "abc"), *every)
        when.touch()  # they know of each other
        self.wait_for(lambda: all([*(self.folder / host).glob("findings/*/test.c")] for host in "abc"), *every)
        over.touch()
        for process in every:
            self.end(process, 1)
        record = self.merge(status=1)
        finding, = record["findings"]
        self.assertEqual((finding["identity"], finding["status"]), (BROKE, "new"))
        self.assertIn("minimised from", finding["minimised"])
        made = [json.loads(path.read_text()) for path in self.shared.glob("findings/*/*")]
        small = [parcel["host"] for parcel in made if "test.c" in parcel["files"]]
        self.assertEqual(len(small), 1, small)
        for host in "abc":  # and each has it
            self.assertTrue((self.folder / host / "findings" / finding["folder"] / "test.c").exists(), host)

    def test_a_finding_that_its_owner_never_makes_small_is_made_so_in_the_end(self):
        owner = next(name for name in map(str, range(100)) if islands.owner_of(BROKE, ["a", name]) == name)
        share.give(share.Folder(self.folder / "none"), share.Folder(self.shared))
        facts.write(share.Folder(self.shared), fact(owner, 0, library=islands.library_hash(ROOT / "lib"), period_s=1e6))
        self.end(self.begin("a", does="crash:break", seconds="5s"), 1)
        finding, = recorded(self.folder / "a")["findings"]
        self.assertIn("minimised from", finding["minimised"])
        made = [json.loads(path.read_text())["files"] for path in self.shared.glob("findings/*/*")]
        self.assertTrue(any("test.c" in files for files in made))

    def test_a_share_that_goes_away_is_said_and_loses_nothing(self):
        a = self.begin("a", does="find:word", seconds="15s")
        self.wait_for(lambda: len(self.facts("a")) > 1, a)
        self.shared.rename(self.folder / "away")
        gone = time.monotonic()
        self.wait_for(lambda: time.monotonic() > gone + 5, a)
        (self.folder / "away").rename(self.shared)
        self.assertIn("share: not reached for a while", self.end(a, 0))
        b = self.begin("b", does="find:other")
        self.wait_for(lambda: self.facts("b"), b)
        self.shared.rename(self.folder / "away")
        self.assertIn("what this host knows is in", self.end(b, 2))
        self.check(subprocess.run([CAMPAIGN, "--host", "c", "--share", self.shared, "--time", "1s", "--out", self.folder / "c"],
                                  capture_output=True, text=True, check=False), 2, "no such folder: make it, or mount it")
        record = self.merge(self.folder / "away", self.folder / "b/share", status=0)
        self.assertEqual([(host["name"], host["ended"]) for host in record["hosts"]], [("a", True), ("b", True)])
        self.assertEqual({path.read_text() for path in (self.folder / "merged/share/inputs").glob("*/*")}, {"word", "other"})

    def test_a_share_that_is_full_is_said_and_loses_nothing(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", self.shared], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no file system can be mounted: {mounted.stderr.decode().strip()}")
        try:
            self.assertIn("No space left", self.end(self.begin("a", does="find:word"), 2))
            subprocess.run(["mount", "-o", "remount,size=9m", self.shared], check=True)
            self.assertTrue(all(share.Folder(self.shared).true_content(name) for name in share.Folder(self.shared).listing()))
            self.end(self.begin("a", does="find:word"), 0)
            self.assertEqual(share.Folder(self.shared).listing().keys(), share.Folder(self.folder / "a/share").listing().keys())
            subprocess.run(["mount", "-o", "remount,ro", self.shared], check=True)
            self.assertIn("Read-only file system", self.end(self.begin("b"), 2))
        finally:
            subprocess.run(["umount", self.shared], check=True)

    def test_a_host_whose_disk_is_full_loses_nothing(self):
        out = self.folder / "a"
        out.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", out], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no file system can be mounted: {mounted.stderr.decode().strip()}")
        try:
            a, b = self.begin("a", does="find:word", seconds="20s"), self.begin("b", does="find:other", seconds="20s")
            said = self.end(a, 2)
            self.assertRegex(said, "No space left|full")
            self.end(b, 0)
            subprocess.run(["mount", "-o", "remount,size=20m", out], check=True)
            self.end(self.begin("a", "--resume", does="find:word"), 0)
            record = self.merge(status=0)
            self.assertEqual([(host["name"], host["ended"]) for host in record["hosts"]], [("a", True), ("b", True)])
            self.assertLessEqual({"word", "other"}, {path.read_text() for path in self.shared.glob("inputs/*/*")})
        finally:
            subprocess.run(["umount", out], check=True)

    def test_arguments_that_make_no_sense_are_refused(self):
        for words, says in ((["--host", "../x", "--share", "x"], "invalid name of a host"), (["--host", "x"], "go together"),
                            (["--host", "x", "--share=-oProxyCommand=x:y"], "invalid place"), (["--merge", "x"], "need --out"),
                            (["--merge", self.folder / "none", "--out", self.folder / "out"], "no such folder")):
            self.check(subprocess.run([CAMPAIGN, *words], capture_output=True, text=True, check=False), 2, says)


if __name__ == "__main__":
    import unittest
    unittest.main()
