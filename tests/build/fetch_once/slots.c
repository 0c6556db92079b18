/* A driver takes the ranges out of ten of its slots, and uses address and length of each. Memory of
 * the grant is a page that nothing may access: each access traps, is noted, and is made step by step.
 * Contract: S5.
 *
 * One translation unit with the whole library (all.h includes its sources): what a kernel with
 * link-time optimisation gets.
 *
 * Prints for each access the address of its instruction, and which byte of the grant it begins at.
 */
#define _GNU_SOURCE
#include "all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGE_LEN = 4096, TRAP_FLAG = 0x100, MOST_ACCESSES = 256 };

static uint8_t *page;
static volatile unsigned count;
static struct {
    uintptr_t instruction;
    uintptr_t start;
} accesses[MOST_ACCESSES];

static void on_access(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uintptr_t start = (uintptr_t)info->si_addr - (uintptr_t)page;
    (void)number;
    if (start >= PAGE_LEN || count == MOST_ACCESSES)
        abort();
    accesses[count].instruction = (uintptr_t)registers[REG_RIP];
    accesses[count].start = start;
    count++;
    (void)mprotect(page, PAGE_LEN, PROT_READ | PROT_WRITE);
    registers[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    (void)mprotect(page, PAGE_LEN, PROT_NONE);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void take_over(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    (void)sigaction(number, &action, NULL);
}

/* The highest slot first: then the compiler knows that the others are there, too. */
#define SLOTS(X) X(9) X(8) X(7) X(6) X(5) X(4) X(3) X(2) X(1) X(0)
#define TAKE(slot)                                                                                 \
    struct procbuf_readonly buffer##slot;                                                          \
    procbuf_addr_t addr##slot;                                                                     \
    size_t len##slot;                                                                              \
    if (procbuf_grant_readonly(grant, slot, &buffer##slot) != PROCBUF_OK)                          \
        return;                                                                                    \
    procbuf_readonly_consume(&buffer##slot, &addr##slot, &len##slot);
#define USE(slot) sum = (sum * 31 + addr##slot) * 31 + len##slot;

static void body(const struct procbuf_grant *grant, void *data)
{
    uint64_t sum = 0;
    SLOTS(TAKE)
    SLOTS(USE)
    *(uint64_t *)data = sum;
}

int main(void)
{
    const struct procbuf_driver_config config = { .readonly_count = 10, .data_align = 8 };
    procbuf_grant_body *volatile run = body;
    struct procbuf_driver driver;
    uint64_t sum;
    procbuf_driver_init(&driver, &config);
    page = mmap(NULL, PAGE_LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    take_over(SIGSEGV, on_access);
    take_over(SIGTRAP, on_step);
    run(&(struct procbuf_grant){ { &driver, { 0 }, (procbuf_addr_t)page } }, &sum);
    for (unsigned number = 0; number < count; number++)
        printf("%lx %lu\n", (unsigned long)accesses[number].instruction,
               (unsigned long)accesses[number].start);
    return 0;
}
