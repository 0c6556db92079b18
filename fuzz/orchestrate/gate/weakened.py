"""What a change takes away from the checks, read from its text alone.

Each finding names a file. A trailer "Weakens: FILE: REASON" of a commit declares it: it is then listed for the reviewer,
and does not refuse the change.
"""
from __future__ import annotations

import ast
import fnmatch
import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..evidence import Evidence, worse
from ..facts import typed
from .change import Change, File, Tree, code_of
from .said import Said

Finding = tuple[str, str]
"""A path, and what happened there."""

RULE = r"[A-Z]\d+"
TESTS = ("tests/*", ".ci/*", ".github/workflows/*", ".clusterfuzzlite/*", "corpus/*", "fuzz/harness/*", "fuzz/oracle/*",
         "fuzz/model/*", "fuzz/machine/*")
"""What judges: a file of these that goes is a check that goes."""
LISTS = ("tests/*.txt", "tests/*.tsv", "tests/*floor*.json", "tests/*.supp")
ONLY_GROWS = ("floor", "functions", "planted", "frozen", "rooms")
"""In names of lists: what is reached, proved, found. A line that goes weakens."""
ONLY_SHRINKS = ("uncovered", "unreached", "equivalent", "missing", "untried", "except", "deviation", "suppress", "ignore", "skip",
                "known", "allow", "baseline", "unproved", "left", "misra", "complexity", ".supp")
"""Exceptions. A line that comes weakens. Of other lists, both do."""
EVIDENCE = "tests/evidence/evidence.json"
"""What each rule rests on. No cell may get worse."""
COMMANDS = "commands.txt"
"""Follows the texts that show commands."""
FIGURES = ("tests/bench/*.tsv",)
"""Logs of measurements, which no test compares with."""

SKIPS = [r"\.disabled\s*=\s*(?:true|1)", r"\bcr_skip\w*\(", r"\bskipTest\(", r"unittest\.skip\w*|@skip\w*|pytest\.mark\.(?:skip|xfail)",
         r"\bexpectedFailure\b", r"\bWILL_FAIL\b", r"\bSKIP_(?:REGULAR_EXPRESSION|RETURN_CODE)\b", r"\bDISABLED\b",
         r"\|\|\s*(?:true|:)(?:\s|$)", r"continue-on-error:\s*true", r"\bif:\s*(?:false|\$\{\{\s*false)", r"^\s*#\s*if\s+0\b",
         r"^\s*if \(?(?:false|0)\)?\b", r"&& (?:false|0)\b", r"^\s*#\s*define (?:cr_\w+|bug_\w+|assert\w*|ACCEPTS|REFUSES|PROCBUF_(?:VERIFY|REQUIRE|KEEPS))\b", r"^\s*if False\b", r"set \+e\b", r"\bGTEST_SKIP\b", r"\bexit\(?77\)?", r"\b_slow\b|\w_slow\b"]
SUPPRESSIONS = [r"\bno_sanitize\w*", r"\bNOLINT\w*", r"-fno-sanitize\w*(?:=\S+)?", r"cppcheck-suppress", r"#\s*pragma \w+ diagnostic ignored",
                r"_Pragma\(\"\w+ diagnostic ignored", r"-Wno-[\w-]+", r"suppressions=", r"\bpylint: disable", r"\btype: ignore", r"#\s*noqa\b",
                r"shellcheck disable", r"detect_leaks=0", r"halt_on_error=0", r"\bLCOV_EXCL\w*", r"clang-format off", r"\b__builtin_unreachable\b",
                r"\b__builtin_assume\b", r"-fsanitize-recover", r"-fsanitize-(?:ignorelist|blacklist)", r"__has_feature\((?:address|memory)_sanitizer\)",
                r"\b__SANITIZE_ADDRESS__\b", r"\b__lsan_\w+|__asan_(?:un)?poison\w+|__asan_default_options", r"\bFUZZING_BUILD_MODE\w*",
                r"\b__CPROVER_assume\b", r"\bBUG_DEAF_TO\b", r"\bPROCBUF_DEAF_TO\b", r"\bPROCBUF_WRAPS\b", r"__GNUC__.*optimize|optnone\b|\bsuppressed\b"]
FLAG = re.compile(r"-fsanitize=[\w,-]+|-fno-sanitize-recover=[\w,-]+|-W(?:error|all|extra|conversion|pedantic)\b|PROCBUF_(?:WERROR|CHECKED|SANITIZE)\b|PROCBUF_\w+\W{1,4}ON\b|"
                  r"--(?:no-tests=error|error-exitcode\S*)|\bset -[eu]+\b|-fstack-usage|-fanalyzer")
WAITS = re.compile(r"time-?out|limit|deadline|_S\b|seconds|MOST|BUDGET|budget|tolerance|allowed|max(?:imum)?\b|retries|tries|every\b", re.IGNORECASE)
LEAST = re.compile(r"floor|least|min(?:imum)?\b|count|expect|repeat|runs\b|rounds|share|sample|assert(?:Greater|Less)", re.IGNORECASE)
NUMBER = re.compile(r"(?<![\w.])\d[\d_']*(?:\.\d+)?\b")

LIBRARY_CHECK = re.compile(r"\b(PROCBUF_(?:REQUIRE|VERIFY|KEEPS)|procbuf_require_\w+|_Static_assert|PROCBUF_NONNULL|PROCBUF_MUST_USE|nonnull|warn_unused_result)\b")
TESTBED_CHECK = re.compile(r"\b(bug_\w+|check\w*|oracle_(?:check|judge|expect)\w*|_Static_assert|abort|assert|unable|refuse|complain)\s*\(")
ENDING = re.compile(r"\w*STATUS\w* = \d+|(?:return|exit\(|\?|:) ?(?:\w*STATUS_\w+|[1-9])\b")
"""How a tool of the testbed ends when something was wrong."""
ASSERTION = re.compile(r"\b(cr_(?:assert|expect)\w*|ACCEPTS|REFUSES|CLAIM|REACH|PANICS|NO_PANIC|assert|CHECK\w*|EXPECT\w*|_Static_assert)\s*\(")
PYTHON_CHECK = re.compile(r"\bself\.(?:assert\w+|check|fail)\(|^\s*assert |\braise (?:Failure|ToolError|Unable)\b")
PROMISE = re.compile(r"\b(ensures|assigns|behavior|complete behaviors|disjoint behaviors|loop (?:invariant|assigns|variant)|assert|decreases|invariant)\b")
GRANTED = re.compile(r"\b(requires|assumes|admit|axiom|axiomatic|terminates|exits|__FRAMAC__|__CPROVER)\b")
JUDGES = ("tests/*", ".ci/*", ".github/workflows/*", ".clang-tidy", *(f"fuzz/tools/{name}.[ch]" for name in ("replay", "convert", "files", "arguments", "tries")), *(f"fuzz/orchestrate/{name}" for name in (
    "gate/*", "mutants.py", "coverage.py", "planted.py", "replay.py", "tools.py", "engine.py", "evidence.py", "facts.py", "functions.py", "hardware.py",
    "measured.py")))
NO_JUDGES = ("tests/unit/test_*", "tests/found/*", "*/test_*.py", "*CMakeLists.txt", "*.txt", "*.md", "*.json", "*.tsv", "*.patch", "tests/samples/*",
             "tests/bench/*", "tests/defects/pairs.py", "tests/defects/weakened.py", "tests/kernel/*.[ch]", "tests/kernel/*.S", "tests/build/*/*")
"""Programs that say whether a test passed: their text does not show what a line is worth. Not those that are tests, whose
assertions count, nor those that the hardware shows to be right."""
ENVIRONMENT = r"^.*\b(?:if|elif|while|and|or|not|return)\b.*\b(?:environ|getenv)\b.*"
PLACE = r"\$ENV\{|\bDEFINED ENV\b|\bif\s*\(.*CMAKE_(?:CURRENT_)?(?:SOURCE|BINARY)_DIR"
"""Conditions that are others where the gate looks, or CI."""
OVERRIDES = (r"\b(?:cr_\w+|bug_\w+|assert\w*|NDEBUG|ACCEPTS|REFUSES|PROCBUF_(?:VERIFY|REQUIRE|KEEPS))\b.*|--wrap[=,]|--defsym|multiple-definition|\bmuldefs\b|"
             r"\s-include\b|\bLD_PRELOAD\b")
"""In CMake: another meaning of what checks are made of."""
ENDS = r"\b_?(?:exit|Exit)\s*\(|\b(?:longjmp|quick_exit|pthread_exit)\s*\("
PYTHON_ENDS = r"\bos\._exit\(|\bsys\.exit\(|\bSkipTest\b|\bdef load_tests\b|\braise SystemExit\b"
"""A test that ends so has passed."""
SELDOM_SHARE = 3
"""An operation that a harness makes so many times less often is as good as gone."""


def plain(line: str) -> str:
    return " ".join(line.split())


def statements(text: str) -> Iterator[str]:
    """C: each statement on a line of its own, without comments, so that how lines are broken does not count."""
    for part in re.split(r"(?<=[;{}])", code_of(text)):
        if part.strip():
            yield part.strip()


def renamed(old: str, new: str) -> str:
    """C as it was, with the names that it has now: those that went and those that came, if they are as many, in their order."""
    names = [dict.fromkeys(re.findall(r"\b[A-Za-z_]\w*\b", re.sub(r'"(?:\\.|[^"\\\n])*"', '""', code_of(text)))) for text in (old, new)]
    went, came = [name for name in names[0] if name not in names[1]], [name for name in names[1] if name not in names[0]]
    if not went or len(went) != len(came) or any(not re.search(rf"\b(?!return\b)\w+[ *]+{name} ?[(=;,)\[]", text)
                                                 for some, text in ((went, code_of(old)), (came, code_of(new))) for name in some):
        return old  # a name that no declaration here has is a value, which is what is asked for
    now = dict(zip(went, came))
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda match: now.get(match[0], match[0]), old)


def matching(text: str, pattern: re.Pattern[str]) -> Counter[str]:
    return Counter(one for one in statements(text) if pattern.search(one))


# ---- Deleted ----

def deleted(change: Change) -> list[Finding]:
    found: list[Finding] = []
    kept = {(entry[1], *kind(path)) for path, entry in change.new.entries.items()}
    for file in change.touched(*TESTS):
        path = file.path
        if file.new is None and (change.old.entries[path][1], *kind(path)) not in kept:
            found.append((path, "the file is gone"))
        elif file.old is not None and file.new is not None and change.old.entries[path][0] == "100755" != change.new.entries[path][0]:
            found.append((path, "it can no longer be run"))
        elif file.old is not None and file.new is not None and re.match(r"corpus/.*\.(trace|sequence)$", path):
            if program(file.old) != program(file.new):
                found.append((path, "the saved input is another than it was"))
    old, new = tests_of(change.old), tests_of(change.new)
    bodies = {bare(body) for path in change.files if path.endswith(".c") for name, body in functions_of(change.new.text(path)).items() if "." in name}
    found += [(path, f"the test {name} is gone") for name, path in sorted(old.items())
              if name not in new and not (path in change.files and change.files[path].new is None)
              and bare(functions_of(change.old.text(path)).get(name, "")) not in bodies]
    for file in change.touched("tests/defects/patches/*.patch", "tests/defects/unseen/*.patch"):
        if file.old and file.new:
            for key in ("identity", "rule", "build", "harness"):
                old_value, new_value = ((re.search(rf"^{key}: (.*)$", text, re.MULTILINE) or [""])[0] for text in (file.old, file.new))
                if old_value and old_value != new_value:
                    found.append((file.path, f"what counts as catching it has changed: {key}"))
            if planted(file.old) != planted(file.new) and still_applies(file.old, change.new):
                found.append((file.path, "it plants another mistake, though the old one could still be made"))
            left_out = [bool(re.search(r"^canary: no$", text.partition("\n\n")[0], re.MULTILINE)) for text in (file.old, file.new)]
            if left_out == [False, True]:
                found.append((file.path, "no campaign plants it any more"))
    for file in change.touched("tests/gate_cases/*.patch"):
        told = [re.findall(r"^(?:verdict|by): .*$", (text or "").partition("\n\n")[0], re.MULTILINE) for text in (file.old, file.new)]
        if file.old and file.new and told[0] != told[1]:
            found.append((file.path, f"of the gate itself is asked another thing: {', '.join(told[1])}"))
        if file.old and file.new and planted(file.old) != planted(file.new) and still_applies(file.old, change.new):
            found.append((file.path, "it is another change, though the old one could still be made"))
    for file in change.touched("tests/defects/pairs.py", "tests/defects/weakened.py"):
        row = r'^\s*(?:Pair)?\("([A-Za-z][\w-]*)",'
        gone = set(re.findall(row, file.old or "", re.MULTILINE)) - set(re.findall(row, file.new or "", re.MULTILINE))
        found += [(file.path, f"the planted mistake {name} is gone") for name in sorted(gone)]
    for file in change.touched("tests/defects/weakened.py"):
        now = mistakes_of(file.new or "")
        found += [(file.path, f"the planted mistake {name} is another one, or something else has to notice it")
                  for name, was in mistakes_of(file.old or "").items()
                  if now.get(name, was) != was and was[1] in change.new.text(f"fuzz/{was[0]}")]
    return found


def mistakes_of(text: str) -> dict[str, list[str]]:
    """Rows of weakened.py: the id to the file, the code, the mistake, and who notices it."""
    rows = [[part.value for part in node.elts if isinstance(part, ast.Constant)] for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Tuple)]
    return {row[0]: row[2:] for row in rows if len(row) == 6}


def planted(patch: str) -> list[str]:
    """What it changes, without what is around that."""
    return [plain(line) for line in patch.partition("\n\n")[2].splitlines() if re.match(r"(?!--- (?:a/|/dev)|\+\+\+ (?:b/|/dev))[-+]", line)]


def still_applies(patch: str, tree: Tree) -> bool:
    """Whether each line that it knows is where it was."""
    lines: set[str] = set()
    for line in patch.partition("\n\n")[2].splitlines():
        if line.startswith("--- a/"):
            lines = {plain(one) for one in tree.text(line[6:].split("\t")[0]).splitlines()}
        elif re.match(r"-(?!--)| ", line) and plain(line[1:]) not in lines:
            return False
    return True


def bare(test: str) -> str:
    """The body of a test, which is the same by any name; of none, what no body is."""
    return code_of(test).partition("{")[2] or "none"


def kind(path: str) -> tuple[str, str]:
    """Where a file would still count after a move: its first folder, and how its name ends."""
    return path.split("/")[0], path.rsplit(".", 1)[-1]


def program(text: str) -> str:
    """A saved input without its comments."""
    return "\n".join(plain(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def tests_of(tree: Tree) -> dict[str, str]:
    """Name to file, of C, Python and CMake."""
    found: dict[str, str] = {}
    for path in tree.paths("tests/*.c", "tests/*.py", "tests/*CMakeLists.txt"):
        if "/samples/" in path or "gate_cases" in path:
            continue
        text = tree.text(path)
        if path.endswith(".c"):
            names = [f"{suite}.{test}" for suite, test in re.findall(r"^\w*Test\((\w+), (\w+)", text, re.MULTILINE)]
        elif path.endswith(".py"):
            names = [f"{path}:{test}" for test in re.findall(r"^ +def (test_\w+)\(", text, re.MULTILINE)]
        else:
            names = [f"ctest {test}" for test in re.findall(r"\badd_test\(\s*NAME\s+(\S+)", text)]
        found.update(dict.fromkeys(names, path))
    return found


# ---- Lists of what is reached, and of exceptions ----

def entries(text: str) -> Counter[str]:
    return Counter(plain(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def floors(change: Change) -> list[Finding]:
    found: list[Finding] = []
    for file in change.touched(*LISTS):
        name = file.path.rsplit("/", 1)[1]
        if name == "CMakeLists.txt" or any(fnmatch.fnmatch(file.path, one) for one in FIGURES) or file.new is None:
            continue
        old, new = entries(file.old or ""), entries(file.new)
        if name == COMMANDS:
            ran = {line.rpartition(" | ")[0] for line in old if not line.rpartition(" | ")[2].startswith("not:")}
            found += [(file.path, f"no test runs it any more: {line[:120]}") for line in new - old
                      if line.rpartition(" | ")[2].startswith("not:") and line.rpartition(" | ")[0] in ran]
            continue
        if not any(word in name for word in ONLY_SHRINKS):
            found += [(file.path, f"a line is gone: {line[:120]}") for line in (old - new)]
        if not any(word in name for word in ONLY_GROWS):
            found += [(file.path, f"an exception more: {line[:120]}") for line in (new - old)]
    for file in change.touched(EVIDENCE):
        old_rows, new_rows = (typed(Evidence, json.loads(text)).rows if text else [] for text in (file.old, file.new))
        found += [(EVIDENCE, line) for line in worse(old_rows, new_rows)]
    patterns = ("fuzz/*.py", "fuzz/*.txt", "fuzz/*.[ch]", "tests/*", "CMakePresets.json", ".ci/*", ".github/workflows/*")
    return found + [(path, f"a figure is lower: {before} -> {after}") for path, before, after, way in moved_numbers(change, patterns)
                    if way < 0 and (LEAST.search(after) or path.endswith("CMakeLists.txt")) and not WAITS.search(after)]


def limits(change: Change) -> list[Finding]:
    """Times and bounds that were raised."""
    patterns = ("fuzz/*", "tests/*", ".ci/*", ".github/workflows/*", "CMake*")
    return [(path, f"a limit is higher: {before} -> {after}") for path, before, after, way in moved_numbers(change, patterns)
            if way > 0 and (WAITS.search(after) or path == "tests/bench/sizes")]


def moved_numbers(change: Change, patterns: Iterable[str]) -> Iterator[tuple[str, str, str, int]]:
    """Lines of programs of which nothing but numbers has changed: file, before, after, and whether the first that did went up."""
    files = [file for file in change.touched(*patterns) if file.old is not None and (file.path.endswith(("CMakeLists.txt", "Presets.json"))
             or not file.path.endswith((".txt", ".tsv", ".md", ".patch", ".trace", ".sequence", ".json")))]
    for file, hunk in ((file, hunk) for file in files for hunk in file.hunks):
        waiting = {NUMBER.sub("#", line): line for line in hunk.removed}
        for line in hunk.added:
            before = waiting.get(NUMBER.sub("#", line))
            if before is None or before == line:
                continue
            for old, new in zip(NUMBER.findall(before), NUMBER.findall(line)):
                old_value, new_value = (float(text.replace("_", "").replace("'", "")) for text in (old, new))
                if old_value != new_value:
                    yield file.path, before.strip(), line.strip(), 1 if new_value > old_value else -1
                    break


# ---- Checks that went ----

def checks(change: Change) -> list[Finding]:
    found: list[Finding] = []
    found += lost_of(change, ("lib/src/*.[ch]", "lib/include/*.h", "lib/ports/*.[ch]"), library_checks, "a check of the library")
    found += lost_of(change, ("fuzz/*.[ch]",), lambda text: Counter(name for one, count in matching(text, TESTBED_CHECK).items()
                                                                    for name in TESTBED_CHECK.findall(one) for _ in range(count)),
                     "a check of the testbed")
    found += lost_of(change, ("fuzz/tools/*.[ch]", "fuzz/harness/*.[ch]"), lambda text: Counter(ENDING.findall(code_of(text))), "a status of a tool")
    found += lost_of(change, ("fuzz/*.[ch]",), lambda text: Counter(re.findall(r'"expected: [^"]*"|"PROCBUF-BUG[^"]*"|kind=[\w-]+', text)),
                     "what the testbed reports")
    found += lost_of(change, ("fuzz/*.c",), lambda text: Counter(f"{kind_and_check} if {plain(condition)}" for condition, kind_and_check in re.findall(
        r"\bif \(((?:[^;{}])*)\) \{? ?bug_found\(([^;]*?),(?: \"expected|[^;]*?\);)", code_of(text))), "when the testbed reports")
    for file in change.touched("lib/src/require.h", "lib/src/valid.h", "tests/unit/kernel.[ch]", "tests/unit/marks.[ch]"):
        gone = [line for line in file.removed if code_of(line) and not line.startswith("#include") and plain(line) not in {plain(one) for one in file.added}]
        found += [(file.path, f"what checks are made of has changed: {plain(line)[:120]}") for line in gone[:3] if file.new is not None]
    for file in change.touched("fuzz/harness/*.c"):
        old, new = (dict(re.findall(r"\[(OP_\w+)\] = (\d+)", text or "")) for text in (file.old, file.new))
        found += [(file.path, f"it no longer makes {name}") for name, weight in old.items() if weight != "0" and new.get(name, "0") == "0"]
        totals = [sum(map(int, weights.values())) for weights in (old, new)]
        found += [(file.path, f"it hardly makes {name}: {weight} of {totals[0]}, now {new[name]} of {totals[1]}") for name, weight in old.items()
                  if new.get(name, "0") != "0" and int(new[name]) * totals[0] * SELDOM_SHARE < int(weight) * totals[1]]
    for file in change.touched("tests/*.c", "tests/*.h"):
        if file.old is not None and file.new is not None:
            found += [(file.path, f"{where}: an assertion is gone or another: {line[:120]}") for where, line in lost_assertions(file.old, file.new, change)]
    for file in change.touched("tests/*"):
        if file.old is not None and file.new is not None and not file.path.endswith((".c", ".h", ".txt", ".patch")):
            lost = Counter(plain(line) for line in file.removed if PYTHON_CHECK.search(line))
            lost -= Counter(plain(line) for line in file.added)
            found += [(file.path, f"an assertion is gone or another: {line[:120]}") for line in lost]
            found += [(file.path, line) for line in python_weaker(file.old, file.new)] if file.path.endswith(".py") else []
    return found


def library_checks(text: str) -> Counter[str]:
    """Of a requirement, its rule: what it asks, programs of mistakes try. Of what is checked inside, and of static assertions, all:
    nothing else would notice."""
    found: Counter[str] = Counter()
    for one, count in matching(text, LIBRARY_CHECK).items():
        for rule in re.findall(r"PROCBUF_REQUIRE\(\s*(\w+)", one):
            found[f"PROCBUF_REQUIRE({rule}, …)"] += count
        for check in re.findall(r"(?:PROCBUF_VERIFY|PROCBUF_KEEPS|_Static_assert|procbuf_require_\w+)\s*\(.*\)", one):
            found[check] += count
        for word in re.findall(r"PROCBUF_NONNULL|PROCBUF_MUST_USE|nonnull|warn_unused_result", one):
            found[word] += count
    return found


def counted(files: Iterable[File], count: Callable[[str], Counter[str]], as_it_is: bool = True) -> tuple[Counter[str], Counter[str], dict[str, str]]:
    """In all files together, so that what moved is not lost: what there was, what there is, and in which file. Of C, not `as_it_is`:
    what there was by the names of now."""
    old, new, where = Counter[str](), Counter[str](), dict[str, str]()
    for file in files:
        before, after = count((file.old if as_it_is else renamed(file.old or "", file.new or "")) or ""), count(file.new or "")
        where = dict.fromkeys(after, file.path) | where | dict.fromkeys(before, file.path)
        old += before
        new += after
    return old, new, where


def lost_of(change: Change, patterns: tuple[str, ...], count: Callable[[str], Counter[str]], what: str) -> list[Finding]:
    """What is counted less often than before."""
    old, new, where = counted(change.touched(*patterns), count, as_it_is=False)
    return [(where[one], f"{what} is gone or another: {one[:120]}") for one in old - new]


def functions_of(text: str) -> dict[str, str]:
    """C: the name of each function, or of each test, to its body; '' to all that is outside."""
    found: dict[str, str] = {"": ""}
    name, body, depth = "", "", 0
    head = ""
    for line in text.splitlines():
        if depth == 0:
            head = head + " " + line if head and not head.rstrip().endswith((";", "}")) else line
            if "{" in line and re.search(r"\)\s*\{?\s*$", head.split("{")[0] + "{"):
                match = re.match(r"\s*\w*Test\((\w+), (\w+)", head) or re.search(r"()\b(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*\{", head)
                name = ".".join(filter(None, match.groups())) if match else ""
        depth += line.count("{") - line.count("}")
        body += line + "\n"
        if depth == 0 and (line.startswith("}") or not head.strip() or head.rstrip().endswith(";")):
            found[name] = found.get(name, "") + body
            name, body, head = "", "", ""
    found[""] += body
    return found


def conditions(body: str) -> dict[str, list[int]]:
    """C: each assertion, with the number of conditions and loops around it, wherever it is."""
    found: dict[str, list[int]] = {}
    heads: list[bool] = []
    for part in re.split(r"(?<=[;{}])", re.sub(r"\bfor \([^;{}]*;[^;{}]*;", "for (", code_of(body))):
        if part.endswith("{"):
            heads.append(bool(re.search(r"\b(?:if|else|while|switch|for)\b", part)))
        elif part.endswith("}"):
            heads = heads[:-1]
        elif ASSERTION.search(part):
            found.setdefault(part.strip(), []).append(sum(heads))
    return found


def python_tests(text: str) -> dict[str, list[ast.FunctionDef]]:
    """CLASS.test_name to its definitions, of which the last one counts."""
    try:
        classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    except SyntaxError:
        return {}
    found: dict[str, list[ast.FunctionDef]] = {}
    for one in classes:
        for node in one.body:
            if isinstance(node, ast.FunctionDef) and (node.name.startswith("test_") or node.name in ("setUp", "check")):
                found.setdefault(f"{one.name}.{node.name}", []).append(node)
    return found


def asked_when(node: ast.AST, around: int = 0) -> Iterator[tuple[str, int]]:
    """Assertions in a function of Python, with the number of conditions around each."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and re.match(r"self\.(?:assert\w+|check|fail)$", ast.unparse(child.func)):
            yield ast.unparse(child), around
        yield from asked_when(child, around + isinstance(child, (ast.If, ast.Try, ast.While, ast.For, ast.IfExp, ast.BoolOp)))


def python_weaker(old: str, new: str) -> Iterator[str]:
    """What tests of Python say less, though each line of theirs is there."""
    before, after = python_tests(old), python_tests(new)
    for name, nodes in after.items():
        if len(nodes) > len(before.get(name, [0])):
            yield f"{name} is there twice: only the last one runs"
        if name not in before:
            continue
        was, now = before[name][-1], nodes[-1]
        ends = [sum(isinstance(one, (ast.Return, ast.Raise)) for one in ast.walk(node)) for node in (was, now)]
        if ends[1] > ends[0]:
            yield f"{name} returns earlier"
        counts: list[dict[str, list[int]]] = [{}, {}]
        for count, node in zip(counts, (was, now)):
            for text, around in asked_when(node):
                count.setdefault(text, []).append(around)
        yield from (f"{name}: only under a condition: {text[:100]}" for text in counts[0].keys() & counts[1].keys()
                    if len(counts[0][text]) >= len(counts[1][text]) and sum(counts[1][text]) > sum(counts[0][text]))


def lost_assertions(old: str, new: str, change: Change) -> Iterator[tuple[str, str]]:
    """By test: an assertion that is no longer there as it was, nor in a function that is new. deleted() has tests that are gone."""
    before, after = functions_of(renamed(old, new)), functions_of(new)
    extra = Counter[str]()
    for name, body in after.items():
        extra += matching(body, ASSERTION) if name not in before else Counter()
    for name, body in before.items():
        if name not in after:
            if "." not in name:  # a helper went: where its checks are now
                lost = matching(body, ASSERTION)
                for other, text in after.items():
                    lost -= matching(text, ASSERTION)
                yield from ((name, line) for line in lost)
            continue
        lost = matching(body, ASSERTION) - matching(after[name], ASSERTION)
        kept = conditions(body), conditions(after[name])
        yield from ((name, f"only under a condition: {line}") for line in kept[0].keys() & kept[1].keys()
                    if sum(kept[1][line]) > sum(kept[0][line]) and len(kept[0][line]) >= len(kept[1][line]))
        yield from ((name, line) for line in lost - extra)
        if body != after[name] and "." in name and after[name].count("return") > body.count("return"):
            yield name, "it returns earlier"


# ---- Words that switch checks off ----

def more_of(change: Change, patterns: Iterable[str], files: tuple[str, ...]) -> list[Finding]:
    """Words that are more often in all files together than before."""
    found: list[Finding] = []
    touched = [file for file in change.touched(*files) if not file.path.endswith((".md", ".patch")) and "gate" not in file.path]
    for pattern in patterns:
        one = re.compile(pattern, re.MULTILINE)
        old, new = (Counter(match[0] for file in touched for match in one.finditer(side(file) or ""))
                    for side in (lambda file: file.old, lambda file: file.new))
        if new.total() > old.total():
            file = next(file for file in touched if len(one.findall(file.new or "")) > len(one.findall(file.old or "")))
            line = next((plain(line) for line in file.added if one.search(line)), pattern)
            found.append((file.path, line[:140]))
    return found


def skips(change: Change) -> list[Finding]:
    asked = more_of(change, [r"\bgetenv\s*\("], ("fuzz/*.[ch]", "tests/*.[ch]", "lib/*.[ch]")) + more_of(change, [ENVIRONMENT], ("tests/*",)) + more_of(
        change, [PLACE], ("CMakeLists.txt", "*/CMakeLists.txt", "*.cmake"))
    ends = more_of(change, [ENDS], ("tests/unit/test_*.c", "tests/found/*.c")) + more_of(change, [PYTHON_ENDS], ("*/test_*.py",))
    ends += more_of(change, [OVERRIDES], ("CMakeLists.txt", "*/CMakeLists.txt", "*.cmake", "CMakePresets.json"))
    return ends + [(path, f"it asks where it runs: {line}") for path, line in asked] + more_of(change, [r"^\s*#\s*if(?:n?def)?\b.*"], ("tests/unit/*.c", "tests/found/*.c", "fuzz/oracle/*.c", "fuzz/model/*.c")) + more_of(change, SKIPS, ("tests/*", ".ci/*", ".github/workflows/*", "fuzz/*", ".clusterfuzzlite/*"))


def suppressions(change: Change) -> list[Finding]:
    found = more_of(change, SUPPRESSIONS, ("lib/*", "fuzz/*", "tests/*", "CMake*", ".ci/*", ".github/workflows/*", ".clang-tidy"))
    found += more_of(change, [r"\b__(?:FILE|BASE_FILE|DATE|TIME|TIMESTAMP|COUNTER)__"], ("lib/src/*", "lib/include/*"))
    files = change.touched("CMake*", "*/CMakeLists.txt", "*.cmake", "tests/*", ".ci/*", ".clusterfuzzlite/*", "fuzz/setup/*")
    before, after, where = counted((file for file in files if not file.path.endswith((".md", ".patch", ".txt"))
                                    or file.path.endswith("CMakeLists.txt")), lambda text: Counter(FLAG.findall(text)))
    found += [(where[flag], f"a flag is gone: {flag}") for flag in before - after]
    for file in change.touched(".clang-tidy"):
        found += [(file.path, f"a check of the linter is gone: {plain(line)}") for line in file.removed] + [
            (file.path, f"a check of the linter is left out: {plain(line)}") for line in file.added if re.search(r"(^|[\s,'])-\w", line)]
    return found


def proof_text(change: Change) -> list[Finding]:
    """Contracts for the proof: a promise less, or more that is taken for granted."""
    old, new, where = counted(change.touched("lib/src/*.[ch]", "lib/include/*.h"), lambda text: Counter(clauses(text)))
    had = {of_function(one) for one in old}
    return [(where[one], f"a promise of the proof is gone or another: {one[:120]}") for one in old - new if PROMISE.match(one)] + [
        (where[one], f"the proof takes more for granted: {one[:120]}") for one in new - old if GRANTED.match(one) and of_function(one) in had]


def clauses(text: str) -> Iterator[str]:
    """Clauses of ACSL, each with the function that it is of, which is what follows the comment."""
    for match in re.finditer(r"(/\*@.*?\*/|//@[^\n]*)([^;{]*)", text, re.DOTALL):
        body = re.sub(r"^/\*@|^//@|\*/$|^\s*@", " ", match[1], flags=re.MULTILINE)
        declared = re.search(r"(\w+)\s*\(", match[2])
        for clause in body.split(";"):
            words = plain(re.sub(r"^\s*behavior \w+:", lambda m: m[0], clause))
            if words:
                yield re.sub(r"^behavior (\w+): ?", "", words) + f"  [{declared[1] if declared else ''}]"


def of_function(clause: str) -> str:
    return clause.rsplit("[", 1)[1]


def judge(change: Change) -> list[Finding]:
    """Programs whose word the gate takes: a line of theirs, gone or new, may mean anything."""
    found: list[Finding] = []
    for file in change.touched(*JUDGES):
        if file.old is None or file.new is None or any(fnmatch.fnmatch(file.path, one) for one in NO_JUDGES) or says(file.old, file.path) == says(file.new, file.path):
            continue
        lines = [line for line in file.removed + file.added if line.strip() and not line.lstrip().startswith(("#", "*", "/*", "//"))]
        if file.path.startswith(".github/"):
            lines = [line for line in lines if re.match(r"\s*-? *(run|if|on|pull_request|push|schedule|branches|jobs|- cron|matrix)\b", line)]
        if lines:
            found.append((file.path, f"it judges, and has changed: {plain(lines[0])[:120]}"))
    for file in change.touched("fuzz/trace/ops.def"):
        old, new = operations(file.old or ""), operations(file.new or "")
        found += [(file.path, f"operation {code} is done or compared in another way") for code in old if old[code] != new.get(code)]
    return found


def operations(text: str) -> dict[str, str]:
    """Rows of the table by code, without their words."""
    rows = re.split(r"\bOP(?:_CALL)?\((?=0x)", code_of(text))[1:]
    return {row[:4]: re.sub(r'((?:"[^"]*".*?){2})"[^"]*"', r"\1", row, count=1) for row in rows}


def says(text: str, path: str) -> str:
    """A program of Python without what does nothing: imports, texts that stand alone, types. Any other without comments."""
    if path.endswith((".c", ".h", ".S", ".ld")):
        return code_of(text)
    if not re.match(r"#!.*python|\"\"\"|import |from ", text):
        return "\n".join(line.rstrip() for line in text.splitlines() if not re.match(r"\s*(#( |$)|$)", line))
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            node.body = [one for one in node.body if not isinstance(one, (ast.Import, ast.ImportFrom))  # type: ignore[attr-defined]
                         and not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def look(change: Change, found: list[Finding]) -> Said:
    """What was found, with what the commits declare."""
    said = Said()
    for path, what in found:
        said.weigh(change.declared("Weakens", path), f"{path}: {what}")
    return said


# ---- The contract ----

def rules_of(text: str) -> dict[str, str]:
    """Rule to its text: of lists and of section R; the rest by section, as "text of SECTION"."""
    found: dict[str, str] = {}
    section = "the beginning"
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:].split(".")[0]
        if match := re.match(rf"- \*\*({RULE})\*\*|\| ({RULE}) \|", line):
            key = match[1] or (match[2] if section == "R" else f"text of {section}")
        elif not (line.startswith("  ") and found):
            key = f"text of {section}"
        found[key] = plain(found.get(key, "") + " " + line)
    return found


@functools.cache
def contract(change: Change) -> tuple[Said, set[str]]:
    """Returns: what is wrong with how rules changed, and the rules whose text differs and that are declared."""
    said, moved = Said(), set()
    old, new = rules_of(change.old.text("lib/CONTRACT.md")), rules_of(change.new.text("lib/CONTRACT.md"))
    for rule in sorted({*old, *new}):
        if old.get(rule) == new.get(rule):
            continue
        what = "is new" if rule not in old else "is gone" if rule not in new else "reads otherwise"
        declaration = change.declared("Contract", rule) or (change.declared("Contract", "text") if rule.startswith("text of") else None)
        if declaration:
            moved.add(rule)
        said.weigh(declaration, f"{rule} {what}", f"lib/CONTRACT.md: {rule} {what}, and no trailer \"Contract: {rule}: REASON\" says why")
    return said, moved


def new_rules(change: Change) -> list[str]:
    old, new = (rules_of(tree.text("lib/CONTRACT.md")) for tree in (change.old, change.new))
    return [rule for rule in new if rule not in old and re.fullmatch(RULE, rule)]


@functools.cache
def bugs_for_new_rules(change: Change) -> tuple[Said, list[str]]:
    """Returns: new rules without a planted bug, and the ids of bugs that must be caught."""
    said, ids = Said(), []
    headers = {path.rsplit("/", 1)[1].removesuffix(".patch"): change.new.text(path).split("\n\n", 1)[0]
               for path in change.new.paths("tests/defects/patches/*.patch")}
    for rule in new_rules(change):
        planted = [name for name, header in headers.items() if re.search(rf"^rule: {rule}\b", header, re.MULTILINE)]
        ids += planted
        if not planted:
            said.refusals.append(f"{rule} is a new rule, and no planted bug in tests/defects/patches has \"rule: {rule}\"")
        else:
            said.notes.append(f"{rule} has {', '.join(planted)}")
    return said, ids
