"""What the repository's own scripts do, in a clone: releases, what nights leave to the next, actions."""
import hashlib
import json
import os
import shutil
import subprocess

from support import ROOT, Case


class Repository(Case):
    """In a clone, with a remote."""

    def setUp(self):
        super().setUp()
        self.clone, self.remote = self.folder / "clone", self.folder / "remote.git"
        subprocess.run(["git", "clone", "-q", "--bare", ROOT, self.remote], check=True)
        subprocess.run(["git", "clone", "-q", self.remote, self.clone], check=True)
        for name in ("nights", "release", "sbom"):
            shutil.copy(ROOT / ".ci" / name, self.clone / ".ci")

    def call(self, *words: object, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(word) for word in words], cwd=self.clone, capture_output=True, text=True, check=False, env=os.environ | environment)

    def test_a_release_has_the_same_bytes_whoever_makes_it(self):
        sums, bills = set(), set()
        for number, zone in enumerate(("UTC", "Asia/Tokyo")):
            subprocess.run(["git", "clone", "-q", self.remote, self.folder / f"of-{number}"], check=True)
            for name in ("release", "sbom"):
                shutil.copy(ROOT / ".ci" / name, self.folder / f"of-{number}/.ci")
            for path in (self.folder / f"of-{number}").rglob("*.md"):
                os.utime(path, (number, number))
            done = subprocess.run([self.folder / f"of-{number}/.ci/release", "HEAD", self.folder / f"out-{number}"], capture_output=True, text=True,
                                  check=False, env=os.environ | {"TZ": zone}, umask=0o077 if number else 0o022)
            self.check(done, 0, "procbuf-")
            bill, tarball = sorted((self.folder / f"out-{number}").iterdir())
            sums.add(tarball.read_bytes())
            bills.add(bill.read_text())
        self.assertEqual((len(sums), len(bills)), (1, 1))
        self.check_bill(json.loads(bills.pop()), hashlib.sha256(sums.pop()).hexdigest())
        names = subprocess.run(["tar", "-tzf", tarball], capture_output=True, text=True, check=True).stdout
        self.assertIn("/lib/include/procbuf.h\n", names)
        self.check(self.call(".ci/release", "nonsense"), 2)

    def check_bill(self, bill: dict, tarball: str) -> None:
        """What CycloneDX requires, and that the files are those of the library."""
        self.assertEqual((bill["bomFormat"], bill["specVersion"], bill["version"]), ("CycloneDX", "1.5", 1))
        self.assertRegex(bill["serialNumber"], r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
        self.assertRegex(bill["metadata"]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        library = bill["metadata"]["component"]
        self.assertEqual(library["hashes"], [{"alg": "SHA-256", "content": tarball}])
        self.assertEqual(bill["dependencies"], [{"ref": library["bom-ref"], "dependsOn": []}])
        for component in (library, *bill["components"]):
            self.assertIn(component["type"], ("library", "file"))
            self.assertEqual(component["licenses"], [{"license": {"id": "MIT"}}])
            self.assertRegex(component["hashes"][0]["content"], "^[0-9a-f]{64}$")
        names = [component["name"] for component in bill["components"]]
        self.assertEqual(names, sorted(set(names)))
        self.assertTrue({"lib/src/range.c", "lib/include/procbuf.h", "lib/ports/host.c"} <= set(names))
        for component in bill["components"]:
            content = subprocess.run(["git", "show", f"HEAD:{component['name']}"], cwd=self.clone, capture_output=True, check=True).stdout
            self.assertEqual(component["hashes"][0]["content"], hashlib.sha256(content).hexdigest())

    def test_nights_keep_what_they_know_in_a_branch(self):
        self.check(self.call(".ci/nights"), 2, "usage")
        self.check(self.call(".ci/nights", "age", "2"), 1, "There was no night yet.")
        self.check(self.call(".ci/nights", "restore", "first"), 0, "No night before this one.")
        night = self.clone / "first"
        (night / "corpus/life").mkdir(parents=True)
        (night / "corpus/life/crash-1").write_bytes(b"\0\xff\r\n")
        (night / "state.sqlite").write_bytes(b"facts")
        (night / "report").mkdir()
        for _ in range(2):
            self.check(self.call(".ci/nights", "save", "first"), 0)
        self.check(self.call(".ci/nights", "restore", "second"), 0)
        self.assertEqual((self.clone / "second/corpus/life/crash-1").read_bytes(), b"\0\xff\r\n")
        self.assertEqual(sorted(path.name for path in (self.clone / "second").iterdir()), ["corpus", "state.sqlite"])
        self.assertEqual(self.call("git", "rev-list", "--count", "FETCH_HEAD").stdout, "1\n")
        self.check(self.call(".ci/nights", "age", "2"), 0, "The last night is 0 days old.")
        old = "2020-01-01T00:00:00Z"
        self.check(self.call(".ci/nights", "save", "first", GIT_COMMITTER_DATE=old), 0)
        self.check(self.call(".ci/nights", "age", "2"), 1, "days old")
        self.check(self.call(".ci/nights", "restore", "third", "/nonexistent"), 2, "cannot be asked")
        self.check(self.call(".ci/nights", "save", "third"), 2, "what the branch has is kept")
        self.assertEqual(self.call("git", "status", "--short", "lib").stdout, "")

    def test_actions_are_pinned_by_hash(self):
        used = [line.split("uses:")[1].strip() for path in (ROOT / ".github/workflows").glob("*.yml") for line in path.read_text().splitlines()
                if "uses:" in line]
        self.assertGreater(len(used), 5)
        for action in used:
            self.assertRegex(action, r"^[\w./-]+@[0-9a-f]{40} # v[\d.]+$")
