"""The report in a real browser: narrow and wide, light and dark, on paper, by keyboard. Nothing overlaps, nothing is cut, text has
contrast, pictures have names, and no script is needed."""
import html
import json
import re
import subprocess
from dataclasses import replace

from support import HARNESSES, Case

from orchestrate import evidence, report
from orchestrate.record import (Canary, Cpu, EvidenceCell, FileCoverage, Finding, Flight, Harness, HarnessCoverage, LeftOut, Night, Planned, Record, Residual,
                                Sample, Span)
from orchestrate.tools import ROOT

NASTY = "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\"> & ]]> `x` |"
LONG = "PROCBUF-BUG kind=ubsan-unsigned-integer-overflow check=procbuf_readable_copy_to_or_panic op=allow_userspace_readable"
MEASURE = """<script>addEventListener('load', () => {
  const errors = [], wide = document.documentElement.scrollWidth, room = innerWidth, $ = s => [...document.querySelectorAll(s)];
  const what = e => e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.trim().slice(0, 40);
  const shows = e => e.getClientRects().length > 0;
  if (document.scripts.length > 1) errors.push('the page has a script');
  for (const e of $('details')) { e.querySelector('summary').click(); if (!e.open) errors.push('does not open: ' + what(e)); }
  setTimeout(() => {
  if (wide > room + 1) errors.push('the page is ' + wide + ' wide, the window ' + room);
  const scrolls = e => e.closest('.table, pre, .scroll') !== null;
  for (const e of $('body *')) {
    if (shows(e) && !scrolls(e) && e.getBoundingClientRect().right > room + 1) errors.push('cut: ' + what(e));
    if (e.matches('.table, pre, .scroll') && e.scrollWidth > e.clientWidth + 1 && e.tabIndex !== 0) errors.push('scrolls by mouse alone: ' + what(e));
    const outer = e.parentElement.getBoundingClientRect();
    if (e.matches('.lane em') && shows(e) && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1 ||
        e.getBoundingClientRect().right > outer.right + 1 || e.getBoundingClientRect().bottom > outer.bottom + 1))
      errors.push('a label is cut: ' + what(e));
  }
  for (const parent of $('header, main, .finding')) {
    const blocks = [...parent.children].filter(e => e.getBoundingClientRect().height > 0);
    for (let i = 1; i < blocks.length; i++)
      if (blocks[i].getBoundingClientRect().top < blocks[i - 1].getBoundingClientRect().bottom - 1) errors.push('overlap: ' + what(blocks[i]));
  }
  const rgba = text => { const v = text.match(/[\\d.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
  const light = colour => { const [r, g, b] = colour.map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const paint = (e, colour, least) => { const a = light(rgba(colour)), b = light(ground(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < least) errors.push('contrast ' + ratio.toFixed(1) + ': ' + what(e)); };
  for (const e of $('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (own && shows(e)) paint(e, getComputedStyle(e).color, 4.5);
    if (e.tagName === 'polyline' && shows(e.parentElement)) paint(e.parentElement, getComputedStyle(e).stroke, 3);
  }
  for (const e of $('svg, [role=img]')) {
    if (e.getAttribute('aria-hidden') === 'true') continue;
    if (e.getAttribute('role') !== 'img' || !(e.getAttribute('aria-label') || '').trim()) errors.push('a picture without a name: ' + what(e));
    if (shows(e) && e.getBoundingClientRect().height < 15) errors.push('a picture is too small to see: ' + what(e));
  }
  for (const e of $('figure svg')) if (!e.querySelector('polyline')) errors.push('an empty picture: ' + e.getAttribute('aria-label'));
  for (const e of $('a[href]')) if (!document.getElementById(e.getAttribute('href').slice(1))) errors.push('leads nowhere: ' + what(e));
  let stops = 0;
  for (const e of $('a[href], summary, [tabindex]').filter(shows)) {
    e.focus(); stops++;
    if (document.activeElement !== e || getComputedStyle(e).outlineStyle === 'none') errors.push('the keyboard does not show where it is: ' + what(e));
  }
  const levels = $('h1, h2, h3, h4').map(e => Number(e.tagName[1]));
  levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) errors.push('a heading of level ' + level + ' after one of ' + levels[i - 1]); });
  const dark = matchMedia('(prefers-color-scheme: dark)').matches, count = $('[role=img]').length, title = document.title;
  document.body.innerHTML = ''; const out = document.createElement('pre'); out.id = 'measured';
  out.textContent = JSON.stringify({errors, dark, pictures: count, stops, title, room});
  document.body.append(out);
  }, 50);
});</script>"""


EXPLANATION = f"""expected: {NASTY}
actual: {"x" * 300}
input: a.trace, operation 1

The program, 1 process laid out:
->   1  {NASTY}

Process memory (a app-owned):
p0: break at ram+256
  RAM    |{"a" * 64}| 512 bytes

In the library, innermost first:
  procbuf_readonly_build (buffer.c:87)

Rule of lib/CONTRACT.md: B3
Kind: The library's answer is not what the contract says.
Rule B3 Else `INVAL`. (section B.)
{LONG}
"""
SOURCES = [path.relative_to(ROOT / "lib") for path in sorted((ROOT / "lib/src").rglob("*.[ch]"))]


def covered(path) -> FileCoverage:
    """A file each line of which ran often, but one."""
    lines = len((ROOT / "lib" / path).read_text().splitlines())
    return FileCoverage(500, 499, 200, 190, ["procbuf_" + "long_" * 12 + "name"], list(range(40)), [(7, "true", NASTY)], [0, *[10 ** 9] * (lines - 1)])


def record() -> Record:
    """A night with everything in it, the whole library covered, and all of it long or awkward."""
    finding = Finding(LONG, "everything", "high", 31.5, 4711, 12, "x", EXPLANATION, "./fuzz/repro --lib /" + "very/long/" * 20 + NASTY,
                      found_by=f"afl-fuzz {NASTY}", status="regressed", shows="3 of 10", members=3, trace=f"trace 1\n# {NASTY * 5}\nbrk\n")
    missed = Canary("A01", NASTY, "ranges", None, "", "not found in 30 s")
    setups = ("libfuzzer-asan", "afl-asan", "libfuzzer-plain", "libfuzzer-msan")
    return Record(
        night=50, resumed=True, revision="v1.2-345-gabcdef0-dirty", seed=1, jobs=2, time_s=600.0, fuzzing_s=600.0,
        environment={"system": NASTY, "clang": "Debian clang version 19.1.7 (3+b1) " * 4}, cpu=Cpu(1100.0, 0.0, 60.0), interrupted=True,
        from_empty=True,
        harnesses=[Harness(name, NASTY, 100, 123456789, 9876543210, 400, 2000, 300, 70.0, 1.0, 3) for name in HARNESSES],
        spans=[Span(core, name, setup, 60.0 * at, 60.0 * at + 59, 10 ** 6, [(60 * at + k, k) for k in range(1, 59)])
               for core, setup in enumerate(setups) for at, name in enumerate(HARNESSES)] + [
                   Span(4, HARNESSES[at % len(HARNESSES)], "libfuzzer-asan", 20.0 * at, 20.0 * at + 20, 9, []) for at in range(30)],
        samples=[Sample(name, "libfuzzer-asan", float(at), at * 1000, 100 + at) for name in HARNESSES for at in range(1, 40)],
        residual=[Residual(name, 1.0, 10 ** k, 5000, 400) for name in HARNESSES for k in (3, 4, 5)],
        plan=[Planned(name, "libfuzzer-asan", 3, 70.0) for name in HARNESSES],
        broken=[f"life afl-asan: {NASTY}\n" + "y" * 200],
        canaries=[missed, *(Canary(f"A{n:02}", "A title of some words that goes on and on", "ranges", 0.2, LONG) for n in range(2, 60))],
        canary_series=[Flight(n, "A01", "ranges", 0.5 * n, "") for n in range(1, 50)],
        statistics={"operations": {"brk OK": 10 ** 9}, "pairs": {"brk brk": 1}, "overlaps": {"before": 1}},
        no_longer_reached=[f"src/brk.c: {NASTY}" + "z" * 150], first_reached=["src/slice.c: return true;"],
        findings=[finding, *(replace(finding, status="new", seconds=100.0 * at) for at in range(5)),
                  replace(finding, status="damaged", explanation=NASTY, trace="")], fixed=[LONG],
        coverage={str(path): covered(path) for path in SOURCES},
        coverage_by_harness={name: HarnessCoverage(1248, 900, 540, 400, {str(path): "2-9999" for path in SOURCES}) for name in HARNESSES},
        nights=[Night(n, "2026-11-25 08:00:00", "v1.2-345-gabcdef0", 600.0, "x", n % 2, 10 ** 9, "", 2, 4, 3, 0.5 * n, 1690, 1600 + n)
                for n in range(1, 50)] + [Night(50, "2026-11-26 08:00:00", "abcdef0", 60.0, None, None, None, None, 0, 0, 0, None, None, None)],
        evidence=[replace(evidence.read().rows[0], rule="X1", text=NASTY, planted=EvidenceCell("shown", NASTY, "", {NASTY: 1}, {NASTY: 1}, {NASTY: 1.0}, [LONG, NASTY])),
                  *evidence.read().rows],
        evidence_worse=[f"B3 proof: {NASTY}" + "z" * 150],
        left_out=[LeftOut(f"{name}: {NASTY}", "./fuzz/campaign --out /" + "long/" * 40) for name in HARNESSES],
        notes=[NASTY, "n" * 200])


def chromium(folder, width: int, *options: str) -> str:
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
                           f"--user-data-dir={folder}/profile", f"--window-size={width},900", "--virtual-time-budget=4000", *options],
                          capture_output=True, text=True, errors="replace", timeout=1200, check=False)
    return done.stdout or done.stderr[-2000:]


class Browser(Case):
    def setUp(self):
        super().setUp()
        self.page = report.write(self.folder / "report", record())

    def measured(self, text: str, width: int, *options: str) -> dict:
        """What a page is like in a window; one narrower than the browser's least is a frame in it."""
        probe = self.write("probe.html", text.replace("</body>", MEASURE + "</body>"))
        if width < 500:
            probe = self.write("frame.html", f'<iframe src="probe.html" style="width:{width}px;height:900px;border:0"></iframe><script>'
                               "addEventListener('load', () => setTimeout(() => document.body.append("
                               "document.adoptNode(document.querySelector('iframe').contentDocument.querySelector('#measured'))), 1500));</script>")
        said = chromium(self.folder, max(width, 500), "--dump-dom", *options, f"file://{probe}")
        self.assertIn('id="measured"', said)
        found = json.loads(html.unescape(said.split('id="measured">')[1].split("</pre>")[0]))
        self.assertEqual(found["errors"], [])
        self.assertNotEqual(found["title"], "broken")
        self.assertLessEqual(found["room"], width)
        self.assertGreater(found["stops"], 50)
        self.assertEqual(found["pictures"], 2 + 2 * len(HARNESSES))
        return found

    def test_reads_well_everywhere(self):
        for width in (360, 1280):
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    found = self.measured(self.page.read_text(), width, f"--blink-settings=preferredColorScheme={0 if dark else 1}")
                    self.assertEqual(found["dark"], dark)

    def test_prints(self):
        self.measured(self.page.read_text().replace("@media print", "@media all"), 720)  # as wide as A4
        pdf = self.folder / "page.pdf"
        chromium(self.folder, 720, f"--print-to-pdf={pdf}", f"file://{self.page}")
        self.assertGreater(len(re.findall(rb"/Type /Page\b", pdf.read_bytes())), 3)

    def test_is_one_small_file_without_a_script(self):
        text = self.page.read_text()
        self.assertLessEqual(len(text.encode()), 600_000)
        for outside in ("<script", "src=", 'href="http', "@import", "url("):
            self.assertNotIn(outside, re.sub(r"&lt;.*?&gt;", "", text))

    def test_a_night_of_which_nothing_is_known_has_a_page(self):
        page = report.write(self.folder / "report", Record()).read_text()
        self.assertIn("planted bugs found", page)
