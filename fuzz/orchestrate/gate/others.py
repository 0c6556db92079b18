"""Files that neither a build of the testbed nor a list has: the tests of CTest that run them, or that there are none."""
from __future__ import annotations

import fnmatch
import os
import re
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

from .builds import Broken, Workshop, call, ctest_knows
from .change import Change, File
from .said import Said
from .weakened import says

JUDGED = ("lib/src/*", "lib/include/*", "lib/CMakeLists.txt", "CMakeLists.txt", "fuzz/CMakeLists.txt", "fuzz/*.[ch]", "fuzz/*.def", "corpus/*.trace",
          "corpus/*.sequence", "tests/unit/*", "tests/found/*", "tests/exhaustive/*.c", "tests/*CMakeLists.txt", "tests/defects/patches/*",
          "tests/defects/unseen/*", "tests/regression/*.txt", "tests/mutation/equivalent.txt", "tests/proof/*.txt")
"""Of which the other checks see all that matters."""
TEXTS = ("LICENSE*", "*.svg", "*.png", ".gitignore", ".editorconfig", ".dockerignore", ".github/pictures", ".github/ISSUE_TEMPLATE/*")
PAGES = r"repository\.prose_of|build\.readmes_quote|repository\.results"
COMMANDS = r"commands|closed|exports|repro"
EACH_PORT = r"build\.ports|hardware\."
MODULES = {"gate/*": r"change\.(cannot|refuses|has|keeps|looks)", "report/*": "exports", "templates/*": "exports", "suspects.py": "suspects",
           "switches.py": "suspects", "causes.py": "suspects", "repro.py": "repro|replay", "inquiry.py": "repro", "explain.py": "repro|replay",
           "emit.py": "repro", "bundle.py": "repro", "promote.py": "repro", "islands.py": "islands", "exchange.py": "islands",
           "share.py": "islands", "parcels.py": "islands", "under.py": "islands", "merge.py": "islands", "night.py": "nights|closed",
           "store.py": "nights|closed", "record.py": r"closed|exports|build\.record", "mutants.py": "mutation", "coverage.py": r"corpus\.covers|exports",
           "evidence.py": "evidence", "facts.py": "evidence|closed", "functions.py": "evidence", "measured.py": "repository|bench",
           "hardware.py": r"hardware\.(on|riscv32)$", "planted.py": r"defect\.(none|bent)|campaign\.canaries", "canary.py": r"campaign\.canaries"}
"""Of fuzz/orchestrate: the areas that concern them first. The rest concerns all commands."""
ROWS = {
    **{f"lib/ports/{port}": rf"build\.ports|hardware\.({machines})(_|$)" for port, machines in (
        ("armv7m_mpu.c", "armv7m"), ("armv8m_mpu.c", "armv8m"), ("riscv_pmp.c", "riscv32|riscv64"), ("x86_smap.c", "x86"), ("aarch64_pan.c", "aarch64"))},
    "lib/ports/pieces.h": EACH_PORT, "lib/ports/regions.h": EACH_PORT,
    "lib/ports/host.c": r"build\.(example|mixed_worlds|ports)", "lib/ports/sanitizer.c": r"build\.(sanitizer_port|ports)",
    **{f"tests/kernel/{file}": rf"hardware\.({machines})(_|$)" for file, machines in (
        ("armv7m.c", "armv7m"), ("armv8m.c", "armv8m"), ("cortex_m.*", "armv7m|armv8m"), ("riscv.*", "riscv32|riscv64"), ("x86.*", "x86"),
        ("aarch64.*", "aarch64"), ("pages.h", "x86|aarch64"))},
    **{f"tests/kernel/{file}": r"hardware\." for file in ("kernel.*", "board.h", "semihosting.c", "run", "*.py", "testbed/*")},
    "lib/examples/*": r"build\.(example|readmes_quote|tutorial)", "lib/TUTORIAL.md": r"build\.tutorial", "lib/zephyr/*": r"build\.sdk_files",
    "lib/library.json": r"build\.sdk_files", "lib/idf_component.yml": r"build\.sdk_files", "lib/procbuf.pc.in": r"build\.install",
    "lib/reference/*": r"build\.reference", "*.md": PAGES, "tests/build/words.txt": PAGES, "tests/build/commands.txt": r"build\.readme_commands",
    "tests/build/rules_missing.txt": r"build\.rules", "tests/build/untried.txt": r"build\.requirements", "tests/build/headers.py": r"build\.functions|build\.reference",
    "CMakePresets.json": r"other_builds|build\.install", "fuzz/oracle/name_state": "testbed", "fuzz/setup/clang.cmake": r"testbed\.hooks",
    "fuzz/setup/help/*": r"build\.help", "fuzz/setup/completion.bash": r"build\.completion", "fuzz/campaign": COMMANDS, "fuzz/repro": "repro",
    "fuzz/emit/*": r"repro\.writes", "fuzz/*.schema.json": r"build\.record|closed|evidence", "tests/*.json": r"repository\.results|evidence",
    "tests/*.tsv": r"repository\.results", "tests/results": r"repository\.results", "tests/evidence/*": "evidence", "tests/mutation/*": "mutation",
    "tests/bench/*": r"bench|build\.(size|maps)", "tests/hooks/*": r"testbed\.hooks", "tests/regression/*": r"corpus\.(results|covers|is_|reaches)",
    "tests/campaign/support.py": COMMANDS + "|replay|suspects", "tests/campaign/standin.py": "closed", "tests/campaign/kills.py": r"nights\.survive",
    "tests/campaign/island_kills.py": r"islands\.survive", "tests/defects/weakened.py": r"testbed\.mistakes", "tests/defects/pairs.py": r"defect\.bent",
    "tests/defects/mistakes.py": r"testbed\.mistakes|defect\.bent", "tests/defects/frozen.txt": r"defect\.none", "tests/defects/rooms.txt": r"defect\.none",
    "tests/gate": MODULES["gate/*"], "tests/gate_cases/*": MODULES["gate/*"], "tests/other_machines/*": r"other_machines\.(cortex|i386$)",
    "tests/proof/*": r"proof\.", "tests/samples/*.patch": "samples", "tests/shelf/*": "shelf", "tests/mypy.ini": r"lint\.types", "tests/format": r"lint\.format",
    ".clang-format": r"lint\.format", ".clang-tidy": r"lint\.clang", ".reuse/dep5": r"lint\.reuse", ".github/workflows/*": r"outside|repository\.actions|change\.workflows",
    ".ci/matrix": r"change\.builds", ".ci/release": r"repository\.a_release", ".ci/sbom": r"repository\.a_release", ".ci/nights": r"repository\.nights",
    "tests/build/consumer/*": r"build\.(install|package)", "tests/build/narrow/*": r"build\.narrow", "*.py": r"lint\.types", "*.sh": r"lint\.shellcheck",
}
"""Pattern to the names of tests, as CTest has them; all rows that a path matches count."""
BUILT = re.compile(r"build\.(?:readme_commands|help_everywhere)|(bench|commands|replay|repro|walk|exports|suspects|closed|campaign|nights|islands|change|browser)\.")
"""Areas whose tests take a whole build."""


def others(change: Change, trees: Workshop) -> Said:
    files = [file.path for file in change.files.values() if matters(file)]
    if not files and not change.modules:
        return Said(skipped="every file that differs was judged, or says nothing to a machine")
    try:
        known = ctest_knows(trees, "new")
    except Broken as broken:
        return Said(refusals=[str(broken)])
    chosen: dict[str, str] = {}
    for path in files:
        for name in tests_of_file(path, known):
            chosen.setdefault(name, path)
    lost = [path for path in files if not tests_of_file(path, known) and not is_text(path)] + change.modules
    said = tried(trees, chosen, known)
    said.declared += [f"{path}: figures that its command measured, and the gate does not measure again" for path in files
                      if fnmatch.fnmatch(path, "tests/*.json") and '"command"' in change.new.text(path)]
    if lost:
        said.unable = f"no check runs {', '.join(lost[:6])}{' …' if len(lost) > 6 else ''}: a reviewer has to judge it"
    return said


def tried(trees: Workshop, chosen: dict[str, str], known: dict[str, dict]) -> Said:
    """Tests, each with the file for which it runs. One that fails with BASE, too, or does not run, judges nothing."""
    said = Said(notes=[f"{len(chosen)} tests run {', '.join(list(dict.fromkeys(chosen.values()))[:4])}"] if chosen else [])
    try:
        outcomes = run_by_ctest(trees, "new", sorted(chosen), known)
    except Broken as broken:
        said.refusals.append(f"it does not build: {broken}")
        return said
    failed = [name for name, how in outcomes.items() if how == "fail" and name in chosen]
    before = run_by_ctest(trees, "old", failed, known)
    said.refusals += [f"{name} fails, which runs {chosen[name]}" for name in failed if before.get(name) != "fail"]
    idle = [f"{name} did not run, which is what there is for {path}: is a package missing?" for name, path in chosen.items()
            if outcomes.get(name) not in ("run", "fail")]
    idle += [f"{name} fails, and fails with BASE too" for name in failed if before.get(name) == "fail"]
    said.unable = idle[0] if idle else ""
    return said


def is_text(path: str) -> bool:
    return any(fnmatch.fnmatch(path, one) for one in TEXTS) or path.endswith(".md")


def matters(file: File) -> bool:
    """Whether it is not judged elsewhere, and differs in more than comments."""
    path = file.path
    if any(fnmatch.fnmatch(path, one) for one in JUDGED) and not path.startswith("fuzz/emit/") or path.endswith("orchestrate"):
        return False
    if file.old is None or file.new is None:
        return file.new is not None or not path.startswith("tests/")  # of a test that is gone, others ask what it was worth
    return says(file.old, path) != says(file.new, path) or path.endswith(".md")


def tests_of_file(path: str, known: dict[str, dict]) -> list[str]:
    """Tests that a row names, or whose command does, or that are in the file; of tests that take long only those of which no row has others."""
    patterns = [areas for pattern, areas in ROWS.items() if fnmatch.fnmatch(path, pattern)]
    if path.startswith("fuzz/orchestrate/"):
        module = path.removeprefix("fuzz/orchestrate/")
        patterns.append(next((areas for pattern, areas in MODULES.items() if fnmatch.fnmatch(module, pattern)), COMMANDS))
    if match := re.fullmatch(r"tests/campaign/test_(\w+)\.py", path):
        patterns.append(rf"{match[1]}\.")
    elif match := re.match(r"tests/build/(\w+)/", path):
        patterns.append(rf"build\.{match[1]}$")
    found: list[str] = []
    groups = [[name for name in known if re.match(pattern, name)] for pattern in patterns]
    groups.append([name for name, test in known.items() if f"/{path}" in test["command"]])
    for group in groups:
        steady = [name for name in group if not any(label.endswith("_slow") for label in known[name].get("LABELS", []))]
        found += [name for name in steady if "long" not in known[name].get("LABELS", [])] or steady
    return found


def run_by_ctest(trees: Workshop, side: str, names: list[str], known: dict[str, dict]) -> dict[str, str]:
    """Name to "run", "fail", "notrun" or "disabled". Raises Broken."""
    if not names:
        return {}
    tree = trees.tree(side)
    folder = tree / "build/known"
    words = {word for name in names for word in known[name]["command"] if word.startswith("/build/known")}
    if any(BUILT.match(name) for name in names):
        folder = trees.for_tests(side, "all")
    elif words:
        folder = trees.for_tests(side, "procbuf-replay", "procbuf-convert", *sorted(word.removeprefix("/build/known/") for word in words if word.count("/") > 2))
    elif side == "old":
        ctest_knows(trees, side)
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.xml"
        call(["ctest", "--test-dir", folder, "-j", os.cpu_count() or 1, "-R", f"^({'|'.join(map(re.escape, names))})$", "--output-junit", report], tree,
             trees.environment)
        return {str(case.get("name")): str(case.get("status")) for case in xml.parse(report).getroot().iter("testcase")} if report.exists() else {}
