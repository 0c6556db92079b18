#include "arena.h"

#include "hooks.h"

#if defined(__unix__)
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

static uint8_t pristine[ARENA_LEN];
static void make_pristine(void)
{
    for (unsigned i = 0; i < ARENA_LEN; i++)
        pristine[i] = (uint8_t)(1 + i * 37 % 251);
}
const uint8_t *arena_pristine(void)
{
    return pristine;
}

static void *lib_pointer(uint32_t offset)
{
    return (void *)((uintptr_t)ARENA_BASE + offset);
}

#if defined(__unix__)
static uint8_t *map_twice(void)
{
    const int file = memfd_create("arena", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, ARENA_LEN) != 0) {
        perror("procbuf testbed: cannot make the arena");
        exit(2);
    }
    void *lib = mmap(lib_pointer(0), ARENA_LEN, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    void *view = mmap(NULL, ARENA_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (lib != lib_pointer(0) || view == MAP_FAILED) {
        perror("procbuf testbed: cannot map the arena at its place");
        exit(2);
    }
    close(file);
    return view;
}
#else
/* No memory management, and no sanitizer that userspace could trip: one view serves both. */
static uint8_t *map_twice(void)
{
    return lib_pointer(0);
}
#endif

uint8_t *arena_map(void)
{
    static uint8_t *view;
    if (view != NULL)
        return view;
    view = map_twice();
    make_pristine();
    if (hooks_poison != NULL)
        hooks_poison(lib_pointer(0), ARENA_LEN);
    arena_permit((struct span){ ARENA_IN, ARENA_IN + ARENA_IN_LEN }, true);
    arena_permit((struct span){ ARENA_OUT, ARENA_OUT + ARENA_OUT_LEN }, true);
    arena_permit((struct span){ ARENA_SCRATCH, ARENA_SCRATCH + ARENA_SCRATCH_LEN }, true);
    if (ARENA_LARGE_LEN != 0)
        arena_permit((struct span){ ARENA_LARGE_IN, ARENA_LEN }, true);
    arena_enforce((struct span){ 0, ARENA_LEN });
    return view;
}

void arena_user_stores(uint8_t *view, uint32_t at, uint8_t value)
{
    view[at] = value;
    arena_wrote((struct span){ at, at + 1 });
}

/* The compiler would make memcpy and memset of plain loops. */
typedef uint8_t block __attribute__((vector_size(32), aligned(1), may_alias));
enum { AT_ONCE = 4 * sizeof(block) };

void arena_copy(void *to, const void *from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    size_t at = 0;
    for (; len - at >= AT_ONCE; at += AT_ONCE) {
        for (size_t part = 0; part < AT_ONCE; part += sizeof(block))
            *(block *)(out + at + part) = *(const block *)(in + at + part);
        __asm__ volatile("" ::: "memory");
    }
    for (; len - at >= sizeof(block); at += sizeof(block)) {
        *(block *)(out + at) = *(const block *)(in + at);
        __asm__ volatile("" ::: "memory");
    }
    if (at < len && len >= sizeof(block)) { /* the rest, and some of it again */
        *(block *)(out + len - sizeof(block)) = *(const block *)(in + len - sizeof(block));
        return;
    }
    for (; at < len; at++) {
        out[at] = in[at];
        __asm__ volatile("" ::: "memory");
    }
}

void arena_set(void *to, uint8_t value, size_t len)
{
    const block values = value - (block){ 0 };
    uint8_t *out = to;
    size_t at = 0;
    for (; len - at >= AT_ONCE; at += AT_ONCE) {
        for (size_t part = 0; part < AT_ONCE; part += sizeof(block))
            *(block *)(out + at + part) = values;
        __asm__ volatile("" ::: "memory");
    }
    for (; len - at >= sizeof(block); at += sizeof(block)) {
        *(block *)(out + at) = values;
        __asm__ volatile("" ::: "memory");
    }
    if (at < len && len >= sizeof(block)) {
        *(block *)(out + len - sizeof(block)) = values;
        return;
    }
    for (; at < len; at++) {
        out[at] = value;
        __asm__ volatile("" ::: "memory");
    }
}

#ifdef ARENA_GUARD_PAGES

/* ---- Guard pages ---- */

/* Windows permit, and a page gets the right when the library first touches it: a system call is dear, and most windows
   are for more than what is touched in them. It loses the right at once, so it never has one that no window gives. */

enum { PAGE_COUNT = (ARENA_LEN + ARENA_PAGE - 1) / ARENA_PAGE };
static int permitted[PAGE_COUNT];
static int rights[PAGE_COUNT] = { [0 ... PAGE_COUNT - 1] = PROT_READ | PROT_WRITE };

/* Pages of a span lose what is not permitted, and get what is if that is asked: with a system call for each run of pages
   that go from the same to the same. Returns: whether one got a right. */
static bool protect(struct span span, bool open)
{
    bool opened = false;
    uint32_t next;
    for (uint32_t page = span.start / ARENA_PAGE; page * ARENA_PAGE < span.end; page = next) {
        const int old = rights[page];
        const int new = permitted[page] & (open ? ~0 : old);
        for (next = page; next * ARENA_PAGE < span.end && rights[next] == old &&
                          permitted[next] == permitted[page];
             next++)
            rights[next] = new;
        if (new != old &&
            mprotect(lib_pointer(page * ARENA_PAGE), (next - page) * ARENA_PAGE, new) != 0) {
            perror("procbuf testbed: cannot protect pages of the arena");
            exit(2);
        }
        opened |= (new & ~old) != 0;
    }
    return opened;
}

void arena_permit(struct span span, bool writable)
{
    for (uint32_t page = span.start / ARENA_PAGE; page * ARENA_PAGE < span.end; page++)
        permitted[page] |= writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

void arena_forbid(struct span span)
{
    for (uint32_t page = span.start / ARENA_PAGE; page * ARENA_PAGE < span.end; page++)
        permitted[page] = PROT_NONE;
}

void arena_enforce(struct span span)
{
    protect(span, false);
}

bool arena_touched(struct span span)
{
    return protect(span, true);
}

#endif

/* ---- Bytes that were never written ---- */

extern void __msan_poison(const volatile void *, size_t) __attribute__((weak));
extern void __msan_unpoison(const volatile void *, size_t) __attribute__((weak));
extern intptr_t __msan_test_shadow(const volatile void *, size_t) __attribute__((weak));

bool arena_has_shadow(void)
{
    return __msan_poison != NULL;
}

__attribute__((noinline)) void
arena_wrote(struct span span) /* one call of MSan's: OSS-Fuzz counts them */
{
    if (__msan_unpoison != NULL)
        __msan_unpoison(lib_pointer(span.start), span.end - span.start);
}

void arena_forget(struct span span)
{
    if (__msan_poison != NULL)
        __msan_poison(lib_pointer(span.start), span.end - span.start);
}

long arena_first_unwritten(struct span span)
{
    if (__msan_test_shadow == NULL)
        return -1;
    const intptr_t at = __msan_test_shadow(lib_pointer(span.start), span.end - span.start);
    return at < 0 ? -1 : (long)span.start + (long)at;
}
