/* A switch to userspace that the compiler knows nothing of: a store to a device register, which
 * traps, and userspace runs, reads what the kernel left in its memory, and answers. Only a barrier
 * keeps the compiler from holding the kernel's bytes back, or from believing that they are still
 * what it wrote. Contract: S6, C1.
 *
 * One translation unit with the whole library (all.h includes its sources), everything inlined:
 * what a kernel with link-time optimisation gets. With -DRETURN_TO_USER the kernel calls
 * procbuf_return_to_user() on its way out, as it must.
 *
 * The kernel reads through the slice's base, where nothing but the enter's own barriers helps.
 *
 * Prints what the kernel reads afterwards: 8 is right.
 */
#include "all.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static uint8_t ram[256];
static volatile uint32_t *device_register;

/* Userspace runs: it adds one to its byte. */
static void on_trap(int number)
{
    (void)number;
    ram[16]++;
    (void)mprotect((void *)device_register, 4096, PROT_READ | PROT_WRITE);
}

static inline __attribute__((always_inline)) void write_body(struct procbuf_writable slice,
                                                             void *data)
{
    (void)data;
    procbuf_writable_fill(slice, 7);
}

static inline __attribute__((always_inline)) void read_body(struct procbuf_readable slice,
                                                            void *data)
{
    *(uint8_t *)data = procbuf_readable_base_unchecked(slice)[0];
}

/* A kernel with a table of its own, of one process that never ends: the compiler sees through it. */
static bool is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return index == 0 && identifier == 1;
}
static const struct procbuf_table table = { { .is_live = is_live } };

/* A store that clobbers nothing else. clang takes every volatile asm for a clobber of all memory; gcc
 * moves nothing over a volatile store here. */
static inline void switch_to_user(void)
{
#if defined(__clang__)
    *device_register = 1;
#else
    __asm__ volatile("movl $1, (%0)" ::"r"(device_register));
#endif
}

__attribute__((flatten)) static int kernel(void)
{
    uint8_t byte;
    /* What procbuf_readwrite_new_external() returns, written out: not every compiler sees through it. */
    const struct procbuf_readwrite buffer = {
        { .id = { NULL, &table, 1 }, .addr = (procbuf_addr_t)&ram[16], .len = 4 }
    };
    if (procbuf_readwrite_mut_enter(&buffer, write_body, NULL) != PROCBUF_OK)
        return -1;
#ifdef RETURN_TO_USER
    procbuf_return_to_user();
#endif
    switch_to_user();
    if (procbuf_readwrite_enter(&buffer, read_body, &byte) != PROCBUF_OK)
        return -1;
    return byte;
}

int main(void)
{
    device_register = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal(SIGSEGV, on_trap);
    printf("%d\n", kernel());
    return 0;
}
