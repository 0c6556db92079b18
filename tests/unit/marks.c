/* Criterion runs each test in a process of its own, which writes a file NAME.part in the folder
 * that PROCBUF_MARKS names. The parent knows how the test ended: it renames the file to NAME, or
 * deletes both. */
#include "marks.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LEN = 1024 };

/* Returns: false when no one asks for marks. */
static bool path_of(const struct criterion_test *test, const char *suffix, char path_out[PATH_LEN])
{
    const char *folder = getenv("PROCBUF_MARKS");
    if (folder == NULL)
        return false;
    const int len =
        snprintf(path_out, PATH_LEN, "%s/%s.%s%s", folder, test->category, test->name, suffix);
    cr_assert_lt(len, PATH_LEN);
    return true;
}

void mark_reached(const char *what, const char *rules, const char *file, int line)
{
    static FILE *marks; /* of this process, so of this test */
    char path[PATH_LEN];
    if (!path_of(criterion_current_test, ".part", path))
        return;
    if (marks == NULL)
        marks = fopen(path, "w");
    cr_assert_not_null(marks, "PROCBUF_MARKS: cannot write %s", path);
    const char *slash = strrchr(file, '/');
    fprintf(marks, "%s:%d %s %s\n", slash == NULL ? file : slash + 1, line, what, rules);
    fflush(marks); /* a test may end by _exit() */
}

ReportHook(POST_ALL)(struct criterion_global_stats *all)
{
    char part[PATH_LEN], whole[PATH_LEN];
    for (const struct criterion_suite_stats *suite = all->suites; suite != NULL;
         suite = suite->next)
        for (const struct criterion_test_stats *stats = suite->tests; stats != NULL;
             stats = stats->next) {
            if (stats->test_status == CR_STATUS_SKIPPED || !path_of(stats->test, ".part", part) ||
                !path_of(stats->test, "", whole))
                continue;
            (void)remove(whole);
            if (stats->test_status == CR_STATUS_PASSED)
                (void)rename(part, whole); /* a test without marks has none */
            else
                (void)remove(part);
        }
}
