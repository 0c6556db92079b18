"""Bugs that show long after they were made, each in a real night of libFuzzer. What a library keeps from one call to the
next is in the environment: no check of its memory sees it."""
import resource
import subprocess

from support import ROOT, Case, edited_lib, recorded

COUNTS = """
extern char *getenv(const char *name);
extern int setenv(const char *name, const char *value, int overwrite);
extern void *malloc(unsigned long len);
extern void free(void *block);
extern int open(const char *path, int flags, ...);

/* How often it was called in this process. */
static unsigned count(void)
{
    const char *before = getenv("PROCBUF_TEST_COUNT");
    unsigned number = 1;
    for (const char *at = before; at != 0 && *at != 0; at++)
        number++;
    char now[300];
    for (unsigned i = 0; i < number && i < sizeof now - 1; i++)
        now[i] = 'x';
    now[number < sizeof now - 1 ? number : sizeof now - 1] = 0;
    (void)setenv("PROCBUF_TEST_COUNT", now, 1);
    return number;
}

/* A number that outlives the call, in digits. */
static void keep(unsigned long number)
{
    char digits[17] = { 0 };
    for (int i = 0; i < 16; i++)
        digits[i] = (char)('a' + (number >> 4 * i & 15));
    (void)setenv("PROCBUF_TEST_KEPT", digits, 1);
}

static unsigned long kept(void)
{
    unsigned long number = 0;
    const char *digits = getenv("PROCBUF_TEST_KEPT");
    for (int i = 0; i < 16; i++)
        number |= (unsigned long)(digits[i] - 'a') << 4 * i;
    return number;
}

/* Writes in front of a block, where the allocator keeps its own: no sanitizer sees it. */
__attribute__((no_sanitize("address"))) static void corrupt(void *block)
{
    for (int i = 1; i <= 16; i++)
        ((volatile unsigned char *)block)[-i] = 0x41;
}

static void misbehave(void)
{
    MISBEHAVE
}

"""
CORRUPTS = """const unsigned number = count();
    if (number == 1) {
        void *block = malloc(32);
        corrupt(block);
        keep((unsigned long)block);
    } else if (number == 11) {
        free((void *)kept());
    }
    (void)open;"""
HUNDREDTH = """if (count() == 100)
        __builtin_trap();
    (void)keep, (void)kept, (void)corrupt, (void)open, (void)free, (void)malloc;"""
LEAKS = """(void)open("/dev/null", 0);
    (void)count, (void)keep, (void)kept, (void)corrupt, (void)free, (void)malloc;"""


class Late(Case):
    def night(self, name: str, code: str, files: int = 0) -> dict:
        """A red night. Returns: its record."""
        barrier = (ROOT / "lib/src/barrier.c").read_text()
        at = "    procbuf_port_barrier();\n"
        self.assertEqual(barrier.count(at), 1)
        lib = edited_lib(f"late-{name}", "src/barrier.c", "", COUNTS.replace("MISBEHAVE", code)
                         + barrier.replace(at, f"    misbehave();\n{at}"))
        out = self.folder / "out"
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        done = subprocess.run([ROOT / "fuzz/campaign", "--harness", "everything", "--engine", "libfuzzer", "--build", "asan", "--empty",
                               "--time", "8s", "--jobs", "1", "--seed", "1", "--lib", lib, "--out", out], capture_output=True, text=True,
                              errors="replace", check=False, preexec_fn=limit if files else None)
        self.check(done, 1)
        self.assertNotIn("Traceback", done.stderr)
        record = recorded(out)
        self.reports = "".join(path.read_text(errors="replace") for path in (out / "findings").glob("*/report.txt"))
        return record

    def check_made_small(self, record: dict, kind: str):
        finding, = record["findings"]
        self.assertEqual(finding["identity"], f"PROCBUF-BUG kind={kind} check=procbuf_return_to_user op=return_to_user")
        self.assertLess(finding["operations"], 20)

    def test_a_heap_that_was_corrupted_ten_calls_before(self):
        self.check_made_small(self.night("heap", CORRUPTS), "asan-bad-free")

    def test_a_crash_in_the_hundredth_call_only(self):
        self.check_made_small(self.night("hundredth", HUNDREDTH), "asan-signal")

    def test_a_leak_of_file_descriptors(self):
        """As after an hour: the engine cannot read its corpus, gives up, and cannot write the input either."""
        record = self.night("leak", LEAKS, files=64)
        self.assertIn("is not there", str(record["broken"]))
        self.assertIn("Too many open files", self.reports)
        self.assertEqual([finding["identity"].split()[3] for finding in record["findings"]], ["op=end"])
