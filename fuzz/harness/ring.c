#include "ring.h"

#include "arena.h"
#include "files.h"
#include "harness.h"
#include "testbed.h"

#include <string.h>

#define MAGIC "procbuf ring 1\n"

/* Read on the machine that wrote it. */
struct ring {
    char magic[sizeof MAGIC];
    char harness[32];
    uint64_t count; /* of inputs noted; input number n, from 1, is in slot (n - 1) % RING_INPUTS */
    struct noted {
        uint64_t number; /* 0 while it is written */
        uint64_t process;
        uint64_t len; /* of the input, which may be longer than what is kept */
        uint64_t has_returned;
        uint8_t bytes[RING_INPUT_LEN];
    } inputs[RING_INPUTS];
};

static bool is_whole(const struct noted *noted, size_t slot)
{
    return noted->number != 0 && (noted->number - 1) % RING_INPUTS == slot;
}

static const struct noted *find_newest(const struct ring *from)
{
    const struct noted *newest = NULL;
    for (size_t i = 0; i < RING_INPUTS; i++)
        if (is_whole(&from->inputs[i], i) &&
            (newest == NULL || from->inputs[i].number > newest->number))
            newest = &from->inputs[i];
    return newest;
}

#if defined(__unix__)

/* ---- Writing ---- */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ring *ring;
static const char *ring_path;
static struct noted *running;

static _Noreturn void unable(const char *path, const char *why)
{
    fprintf(stderr, "PROCBUF_RING: %s: %s\n", path, why);
    exit(2);
}

static bool has_room(int file)
{
    const int error = posix_fallocate(file, 0, sizeof(struct ring));
    errno = error;
    return error == 0;
}

void ring_open(const char *path, const char *harness_name)
{
    struct stat status;
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || fstat(file, &status) != 0)
        unable(path, strerror(errno));
    const bool is_new = status.st_size == 0;
    if (!S_ISREG(status.st_mode) || (!is_new && status.st_size != sizeof *ring))
        unable(path, "is not a ring");
    /* Not by growing it: on a full disk a store to a page that does not fit would be a signal. */
    if (is_new && !has_room(file))
        unable(path, strerror(errno));
    struct ring *map = mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED)
        unable(path, strerror(errno));
    close(file);
    if (map->magic[0] == '\0')
        memcpy(map->magic, MAGIC, sizeof MAGIC);
    if (memcmp(map->magic, MAGIC, sizeof MAGIC) != 0)
        unable(path, "is not a ring");
    snprintf(map->harness, sizeof map->harness, "%s", harness_name);
    ring = map;
    ring_path = path;
}

/* A process has died in its input, and its engine goes on at once with another: AFL++ does. What it noted is copied
 * before it is written over, to FILE.1.ring for FILE.ring, up to 8. */
static void save_what_died(void)
{
    const struct noted *newest = find_newest(ring);
    const size_t name_len = strlen(ring_path) - (file_is_ring(ring_path) ? strlen(".ring") : 0);
    if (newest == NULL || newest->has_returned != 0)
        return;
    for (int number = 1; number <= 8; number++) {
        char name[4096];
        const int needed =
            snprintf(name, sizeof name, "%.*s.%d.ring", (int)name_len, ring_path, number);
        if (needed > 0 && (size_t)needed < sizeof name && access(name, F_OK) != 0) {
            (void)file_write(name, ring, sizeof *ring);
            return;
        }
    }
}

void ring_note(const uint8_t *bytes, size_t len)
{
    static uint64_t process; /* which forks before its first input, if it does */
    if (ring == NULL)
        return;
    if (process == 0) {
        process = (uint64_t)getpid();
        save_what_died();
    }
    const uint64_t number = ++ring->count;
    running = &ring->inputs[(number - 1) % RING_INPUTS];
    running->number = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    running->process = process;
    running->len = len;
    running->has_returned = 0;
    arena_copy(running->bytes, bytes, len < RING_INPUT_LEN ? len : RING_INPUT_LEN);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* whoever is killed in between leaves a 0 */
    running->number = number;
}

void ring_note_return(void)
{
    if (ring != NULL)
        running->has_returned = 1;
}

#endif

/* ---- Reading ---- */

static bool fail(const char *file_name, const char *message)
{
    fprintf(stderr, "%s: %s\n", file_name, message);
    return false;
}

bool ring_read(const uint8_t *bytes, size_t len, const char *file_name, struct sequence *sequence)
{
    static struct trace trace;
    const struct ring *from = (const void *)bytes; /* of malloc(): aligned */
    if (len != sizeof *from || memcmp(from->magic, MAGIC, sizeof MAGIC) != 0 ||
        memchr(from->harness, '\0', sizeof from->harness) == NULL)
        return fail(file_name, "is not a ring of inputs");
    const struct harness *harness = harness_find(from->harness);
    if (harness == NULL)
        return fail(file_name, "a ring of a harness that is not known here");
    const struct noted *newest = find_newest(from);
    if (newest == NULL)
        return fail(file_name, "a ring in which no input was noted");
    for (size_t ago = RING_INPUTS; ago-- > 0;) {
        if (ago >= newest->number)
            continue;
        const size_t slot = (newest->number - 1 - ago) % RING_INPUTS;
        const struct noted *noted = &from->inputs[slot];
        if (!is_whole(noted, slot) || noted->number != newest->number - ago ||
            noted->process != newest->process)
            continue;
        if (noted->len > RING_INPUT_LEN)
            fprintf(stderr, "%s: an input of %zu bytes: only its first %d are there\n", file_name,
                    (size_t)noted->len, RING_INPUT_LEN);
        trace_decode(&trace, noted->bytes,
                     noted->len < RING_INPUT_LEN ? (size_t)noted->len : RING_INPUT_LEN,
                     harness->weights);
        if (!sequence_add(sequence, &trace))
            return fail(file_name, "too many inputs in all");
    }
    return true;
}
