/* What a call of the library costs, next to the plain C that it replaces. Linked with the host
 * port. Prints lines: name, bytes, nanoseconds of the library, nanoseconds of plain C. */
#include <procbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 65536, ROUNDS = 15 };

static uint8_t ram[2 * MOST];
static uint8_t array[MOST];
static struct procbuf_table table;
static struct procbuf_process slots[1];
static struct procbuf_process *process;
static struct procbuf_readwrite buffer;
static size_t size;
static volatile size_t sink;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_calls(void (*call)(void), unsigned long count)
{
    const double began = now_ns();
    for (unsigned long i = 0; i < count; i++)
        call();
    return (now_ns() - began) / (double)count;
}

static double median(double samples[ROUNDS])
{
    qsort(samples, ROUNDS, sizeof samples[0], by_value);
    return samples[ROUNDS / 2];
}

/* The slice of an enter that stays open while copies are timed. */
static struct procbuf_readable source;
static struct procbuf_writable target;

static void library_copy_to(void)
{
    sink = procbuf_readable_copy_to(source, array, size);
}
static void library_copy_from(void)
{
    sink = procbuf_writable_copy_from(target, array, size);
}
static void library_copy_slice(void)
{
    sink = procbuf_writable_copy_from_slice(target, source);
}
static void plain_copy_to(void)
{
    memcpy(array, ram, size);
    __asm__ volatile("" ::: "memory");
}
static void plain_copy_from(void)
{
    memcpy(ram, array, size);
    __asm__ volatile("" ::: "memory");
}
static void plain_move(void)
{
    memmove(ram, array, size);
    __asm__ volatile("" ::: "memory");
}

static void nothing(struct procbuf_readable slice, void *data)
{
    *(size_t *)data = procbuf_readable_len(slice);
}
static void library_enter(void)
{
    size_t len;
    sink = procbuf_readwrite_enter(&buffer, nothing, &len) + len;
}
static void library_len(void)
{
    sink = procbuf_readwrite_len(&buffer);
}
static void plain_load(void)
{
    sink = size;
}

static void row(const char *name, void (*library)(void), void (*plain)(void))
{
    const unsigned long count = size < 4096 ? 1000000 : 2000000000ul / size / 16;
    double ours[ROUNDS], theirs[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) { /* turn by turn: the machine's moods hit both */
        ours[r] = time_calls(library, count);
        theirs[r] = time_calls(plain, count);
    }
    printf("%s %zu %.2f %.2f\n", name, size, median(ours), median(theirs));
}

static void with_slice(struct procbuf_writable slice, void *data)
{
    (void)data;
    target = slice;
    source = procbuf_writable_as_readable(slice);
    row("copy_to", library_copy_to, plain_copy_to);
    row("copy_from", library_copy_from, plain_copy_from);
    source = procbuf_readable_from_array(array, size);
    row("copy_slice", library_copy_slice, plain_move);
}

int main(void)
{
    static const size_t sizes[] = { 0, 1, 16, 64, 256, 1024, 4096, 65536 };
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)ram,
        .mem_len = sizeof ram,
        .initial_app_len = sizeof ram,
    };
    procbuf_table_init(&table, slots, 1);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
        return 2;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size = sizes[s];
        if (procbuf_readwrite_build(process, (procbuf_addr_t)ram, size, &buffer) != PROCBUF_OK ||
            procbuf_readwrite_mut_enter(&buffer, with_slice, NULL) != PROCBUF_OK)
            return 2;
    }
    size = 16;
    if (procbuf_readwrite_build(process, (procbuf_addr_t)ram, size, &buffer) != PROCBUF_OK)
        return 2;
    row("enter", library_enter, plain_load);
    row("len", library_len, plain_load);
    return 0;
}
