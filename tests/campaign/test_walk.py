"""The walkthrough of fuzz/REPRODUCE.md, as a newcomer types it in."""
import re
import subprocess

from support import ROOT, Case


class Walk(Case):
    def test_from_crash_to_commit(self):
        text = (ROOT / "fuzz/REPRODUCE.md").read_text()
        walk = text.split("<!-- walk -->\n")[1].split("<!-- end -->\n")[0]
        commands = [line for block in re.findall(r"```sh\n(.*?)```", walk, re.DOTALL)
                    for line in block.splitlines()]
        self.assertGreater(len(commands), 12)
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        for key, value in (("user.name", "a"), ("user.email", "a@example.org")):
            subprocess.run(["git", "-C", clone, "config", key, value], check=True)
        said = ""
        for command in commands:
            status = re.search(r"# status (\d)", command)
            done = subprocess.run(["bash", "-c", command.replace("/tmp/", f"{self.folder}/")], cwd=clone,
                                  capture_output=True, text=True, errors="replace", timeout=1200, check=False)
            self.assertEqual(done.returncode, int(status[1]) if status else 0,
                             f"{command}\n{done.stdout}\n{done.stderr}")
            said += done.stdout
        for words in ("FINDING after", "kind=result check=outcome-status op=build_readwrite",
                      "20 of 20 runs show it", "lib: take one byte more", "wrote corpus/regressions/"):
            self.assertIn(words, said)
        self.assertIn("PROCBUF_INVAL", (self.folder / "found.c").read_text())
        quoted, = re.findall(r"<!-- output -->\n```\n(.*?)```", walk, re.DOTALL)
        for line in filter(None, quoted.splitlines()):
            self.assertIn(f"{line}\n", said)
        for line in re.findall(r"^(?:PROCBUF-BUG|expected|actual|the answer|Rule) .*?(?=  +\(|$)", (ROOT / "README.md").read_text(), re.MULTILINE):
            self.assertIn(line, said)
