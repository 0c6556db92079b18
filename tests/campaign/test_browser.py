"""The report in a real browser: narrow and wide, light and dark. Nothing overlaps, nothing is cut,
text can be read."""
import json
import subprocess
from dataclasses import replace

from support import HARNESSES, Case

from orchestrate import report
from orchestrate.record import (Canary, Cpu, FileCoverage, Finding, Flight, Harness, Night, Planned, Record, Residual, Sample,
                                Totals)

NASTY = "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\"> & ]]> `x` |"
LONG = "PROCBUF-BUG kind=ubsan-unsigned-integer-overflow check=procbuf_readable_copy_to_or_panic op=allow_userspace_readable"
MEASURE = """<script>addEventListener('load', () => {
  const errors = [], wide = document.documentElement.scrollWidth, room = innerWidth;
  if (wide > room + 1) errors.push('the page is ' + wide + ' wide, the window ' + room);
  const scrolls = e => e.closest('.table, pre, figure') !== null;
  for (const e of document.querySelectorAll('body *'))
    if (!scrolls(e) && e.getBoundingClientRect().right > room + 1)
      errors.push('cut: ' + e.tagName + ' ' + e.textContent.slice(0, 40));
  const blocks = [...document.body.children].filter(e => e.getBoundingClientRect().height > 0);
  for (let i = 1; i < blocks.length; i++)
    if (blocks[i].getBoundingClientRect().top < blocks[i - 1].getBoundingClientRect().bottom - 1)
      errors.push('overlap: ' + blocks[i].textContent.slice(0, 40));
  const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = 'Canvas'; const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const page = dark ? 'rgb(18,18,18)' : 'rgb(255,255,255)';
  for (const e of document.querySelectorAll('h1, h2, p, td, th, pre, code, li, summary, svg text')) {
    const style = getComputedStyle(e), colour = e.tagName === 'text' ? style.fill : style.color;
    const a = light(colour), b = light(page), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) errors.push('contrast ' + ratio.toFixed(1) + ': ' + e.tagName + ' ' + e.textContent.slice(0, 40));
  }
  const svgs = document.querySelectorAll('svg');
  for (const svg of svgs) if (svg.getBoundingClientRect().height < 60) errors.push('a picture is too small to see');
  document.body.innerHTML = ''; const out = document.createElement('pre'); out.id = 'measured';
  out.textContent = JSON.stringify({errors, dark, svgs: svgs.length, title: document.title, room});
  document.body.append(out);
});</script>"""


def record() -> Record:
    """A night with everything in it, and all of it long or awkward."""
    finding = Finding(LONG, "everything", "high", 1.5, 4711, 12, "x", f"expected: {NASTY}\n" + "x" * 300,
                      "./fuzz/repro --lib /" + "very/long/" * 20 + NASTY, found_by=f"afl-fuzz {NASTY}", status="back again", shows="3 of 10",
                      members=3)
    missed = Canary("A01", NASTY, "ranges", None, "", "not found in 30 s")
    return Record(
        night=3, resumed=True, revision="v1.2-345-gabcdef0-dirty", lib=NASTY, seed=1, jobs=2, time_s=600.0, fuzzing_s=600.0,
        environment={"system": NASTY, "clang": "Debian clang version 19.1.7 (3+b1) " * 4}, cpu=Cpu(1100.0, 0.0, 60.0), interrupted=True,
        from_empty=True,
        harnesses=[Harness(name, NASTY, 100, 123456789, 9876543210, 400, 2000, 300, 70.0, 1.0, 3) for name in HARNESSES],
        samples=[Sample(name, setup, float(at), at * 1000, 100 + at) for name in HARNESSES
                 for setup in ("libfuzzer-asan", "afl-asan") for at in range(1, 40)],
        residual=[Residual(name, 1.0, 10 ** k, 5000, 400) for name in HARNESSES for k in (3, 4, 5)],
        plan=[Planned(name, "libfuzzer-asan", 3, 70.0) for name in HARNESSES],
        broken=[f"life afl-asan: {NASTY}\n" + "y" * 200],
        canaries=[missed, Canary("A02", "A title of some words that goes on and on", "ranges", 0.2, LONG)],
        canary_series=[*(Flight(n, "A01", "ranges", 0.5 * n, "") for n in (1, 2)), Flight(3, "A02", "ranges", None, "missed")],
        statistics={"operations": {"brk OK": 10 ** 9}, "pairs": {"brk brk": 1}, "overlaps": {"before": 1}},
        no_longer_reached=[f"src/brk.c: {NASTY}" + "z" * 150], first_reached=["src/slice.c: return true;"],
        findings=[finding, replace(finding, status="new", seconds=0.0)], fixed=[LONG],
        coverage={f"src/{name}.c": FileCoverage(500, 499, 200, 190, ["procbuf_" + "long_" * 12 + "name"], list(range(40)), [])
                  for name in ("slice", "buffer", "grant")},
        coverage_by_harness={name: Totals(1248, 900, 540, 400) for name in HARNESSES},
        nights=[Night(n, "2026-11-25 08:00:00", "v1.2-345-gabcdef0", 600.0, "x", 1, 10 ** 9, "", 2, 4, 3) for n in (1, 2, 3)],
        notes=[NASTY, "n" * 200])


class Browser(Case):
    def measure(self, width: int, dark: bool) -> dict:
        page = report.write(self.folder / "report", record())
        probe = self.write("probe.html", page.read_text().replace("</body>", MEASURE + "</body>"))
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/profile",
                   f"--window-size={width},900", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                   "--virtual-time-budget=3000", "--dump-dom", f"file://{probe}"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)
        self.assertIn('id="measured"', done.stdout, done.stderr[-2000:])
        text = done.stdout.split('id="measured">')[1].split("</pre>")[0]
        for escape, char in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(escape, char)
        return json.loads(text)

    def test_reads_well_everywhere(self):
        for width in (500, 1280):  # the browser makes no window narrower than the first
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    found = self.measure(width, dark)
                    self.assertEqual(found["errors"], [])
                    self.assertEqual(found["dark"], dark)
                    self.assertEqual(found["svgs"], 6)
                    self.assertNotEqual(found["title"], "broken")
                    self.assertLessEqual(found["room"], width)

    def test_is_read_on_a_phone_too(self):
        page = report.write(self.folder / "report", record())
        frame = self.write("phone.html", f'<iframe src="file://{page}" style="width:360px;height:900px;border:0"></iframe>')
        probe = page.read_text().replace("</body>", MEASURE.replace("document.body.innerHTML = ''",
                                                                    "parent.postMessage(1, '*')") + "</body>")
        page.write_text(probe)
        frame.write_text(frame.read_text() + "<script>addEventListener('load', () => setTimeout(() => { document.body.innerText = "
                         "document.querySelector('iframe').contentDocument.querySelector('#measured').textContent; }, 500));</script>")
        done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
                               f"--user-data-dir={self.folder}/profile", "--window-size=800,1000",
                               "--virtual-time-budget=4000", "--dump-dom", f"file://{frame}"],
                              capture_output=True, text=True, errors="replace", timeout=120, check=False)
        self.assertIn('"room":360', done.stdout, done.stdout[-1500:] + done.stderr[-500:])
        self.assertIn('"errors":[]', done.stdout, done.stdout[-1500:])
