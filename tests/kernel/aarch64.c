/* QEMU's virt, AArch64 with PAN: aarch64_pan.c's lock, and the page tables that it asks for. */
#include "arena.h"
#include "board.h"

const uint8_t board_trap[] = { 0x01, 0, 0, 0xd4 }; /* svc 0 */
const unsigned board_trap_len = sizeof board_trap;

/* ---- Unprivileged code ---- */

__asm__(".section .user, \"ax\"\n .globl user_call, user_load, user_store, user_copy, user_jump\n"
        "user_call: svc #0\n svc #0\n b .\n"
        "user_load: ldrb w1, [x0]\n svc #0\n b .\n"
        "user_store: strb w1, [x0]\n svc #0\n b .\n"
        "user_copy: ldrb w3, [x1], #1\n strb w3, [x0], #1\n subs x2, x2, #1\n b.ne user_copy\n svc "
        "#0\n b .\n"
        "user_jump: br x0\n .text\n");

/* ---- Switches ---- */

/* tpidr_el1 is the board_user that runs. Whatever comes from a process goes back to where the kernel had left for it, with
 * the lock of then. */
__asm__(
    ".arch_extension pan\n .text\n"
    "switch_to_user:\n mrs x9, pan\n"
    " stp x19, x20, [sp, #-112]!\n stp x21, x22, [sp, #16]\n stp x23, x24, [sp, #32]\n"
    " stp x25, x26, [sp, #48]\n stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n str x9, [sp, "
    "#96]\n"
    " msr tpidr_el1, x0\n ldr x9, [x0]\n msr elr_el1, x9\n msr spsr_el1, xzr\n"
    " ldp x2, x3, [x0, #24]\n ldp x4, x5, [x0, #40]\n ldp x0, x1, [x0, #8]\n eret\n"
    "from_user:\n mrs x9, tpidr_el1\n stp x0, x1, [x9, #8]\n stp x2, x3, [x9, #24]\n"
    " stp x4, x5, [x9, #40]\n mrs x10, elr_el1\n str x10, [x9]\n"
    " ldr x9, [sp, #96]\n msr pan, x9\n"
    " ldp x21, x22, [sp, #16]\n ldp x23, x24, [sp, #32]\n ldp x25, x26, [sp, #48]\n"
    " ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n ldp x19, x20, [sp], #112\n ret\n"
    "from_kernel:\n mrs x9, elr_el1\n adr x10, board_kernel_stores\n cmp x9, x10\n b.eq 1f\n"
    " adr x10, board_kernel_loads\n cmp x9, x10\n b.eq 1f\n"
    " mrs x0, far_el1\n mrs x1, esr_el1\n mov x2, x9\n b kernel_trapped\n"
    "1: adr x9, kernel_may_not\n msr elr_el1, x9\n eret\n"
    ".globl board_kernel_stores, board_kernel_loads\n"
    "board_kernel_stores: strb w1, [x0]\n mov w0, #1\n ret\n"
    "board_kernel_loads: ldrb w1, [x0]\n mov w0, #1\n ret\n"
    "kernel_may_not: mov w0, #0\n ret\n"
    ".balign 2048\nvectors:\n .skip 0x200\n b from_kernel\n .balign 0x200\n b from_user\n .balign "
    "0x200\n"
    /* setjmp and longjmp: what a call keeps */
    ".globl setjmp, longjmp\n"
    "setjmp: stp x19, x20, [x0]\n stp x21, x22, [x0, #16]\n stp x23, x24, [x0, #32]\n"
    " stp x25, x26, [x0, #48]\n stp x27, x28, [x0, #64]\n stp x29, x30, [x0, #80]\n mov x9, sp\n"
    " str x9, [x0, #96]\n mov w0, #0\n ret\n"
    "longjmp: ldp x19, x20, [x0]\n ldp x21, x22, [x0, #16]\n ldp x23, x24, [x0, #32]\n"
    " ldp x25, x26, [x0, #48]\n ldp x27, x28, [x0, #64]\n ldp x29, x30, [x0, #80]\n ldr x9, [x0, "
    "#96]\n"
    " mov sp, x9\n mov w0, w1\n ret\n");
void switch_to_user(struct board_user *user);

#define READ(name)                                                                                 \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define WRITE(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

enum { CALLS = 0x15, FETCH_FAULTS = 0x20, KERNEL_FETCH_FAULTS = 0x21 };

static enum board_access access_of(uint64_t syndrome)
{
    const unsigned class = (unsigned)(syndrome >> 26);
    if (class == FETCH_FAULTS || class == KERNEL_FETCH_FAULTS)
        return BOARD_EXECUTE;
    return (syndrome & 1 << 6) != 0 ? BOARD_WRITE : BOARD_READ;
}

__attribute__((used)) static void kernel_trapped(uintptr_t addr, uint64_t syndrome, uintptr_t at)
{
    kernel_faulted(addr, access_of(syndrome), at);
}

enum board_event board_run(struct board_user *user)
{
    switch_to_user(user);
    const uint64_t syndrome = READ(esr_el1);
    if (syndrome >> 26 == CALLS)
        return BOARD_CALLED;
    user->fault_addr = READ(far_el1);
    user->fault_access = access_of(syndrome);
    return BOARD_FAULTED;
}

/* ---- Page tables: 39 bits ---- */

#define NORMAL (1 << 10 | 3 << 8) /* accessed; shared */
#define USER_NEVER ((uint64_t)1 << 54)
#define KERNEL_NEVER ((uint64_t)1 << 53)
#define KERNEL_PAGE (3 | NORMAL | USER_NEVER | KERNEL_NEVER)
#define DATA_PAGE (3 | NORMAL | 1 << 6 | USER_NEVER | KERNEL_NEVER)
#define CODE_PAGE (3 | NORMAL | 3 << 6 | KERNEL_NEVER)

enum { GIGABYTE = 1 << 30 };
static _Alignas(4096) uint64_t root[512], directory[512];

static void use(const uint64_t *table)
{
    directory[ARENA_BASE % GIGABYTE >> 21] = (uintptr_t)table | 3;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" ::: "memory");
}

#include "pages.h"

void board_start_unit(void)
{
    enum { M = 1, A = 2, C = 4, I = 1 << 12, WXN = 1 << 19, SPAN = 1 << 23 };
    extern uint8_t vectors[];
    if ((READ(id_aa64mmfr1_el1) >> 20 & 15) == 0)
        kernel_unable("the processor has no PAN");
    WRITE(vbar_el1, (uintptr_t)vectors);
    root[1] = (uintptr_t)directory | 3;
    for (unsigned block = 0; block < 512; block++)
        directory[block] = (GIGABYTE + ((uint64_t)block << 21)) | 1 | NORMAL | USER_NEVER;
    start_pages();
    WRITE(mair_el1, 0xff);
    WRITE(tcr_el1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | (uint64_t)2 << 32);
    WRITE(ttbr0_el1, (uintptr_t)root);
    __asm__ volatile("isb");
    WRITE(sctlr_el1, (READ(sctlr_el1) | M | C | I) & ~(uint64_t)(A | WXN | SPAN));
    __asm__ volatile("isb\n\tmsr pan, #1");
    board_watch();
}

/* ---- The lock ---- */

static uint64_t lock_unwatched;

void board_watch(void)
{
    lock_unwatched = READ(pan);
    __asm__ volatile("msr pan, #0" ::: "memory");
}

void board_unwatch(void)
{
    WRITE(pan, lock_unwatched);
}

/* ---- Semihosting, and the start ---- */

static uint64_t semihost(uint64_t operation, const void *argument)
{
    register uint64_t x0 __asm__("x0") = operation;
    register const void *x1 __asm__("x1") = argument;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

void board_write(const char *text, size_t len)
{
    static uint64_t console;
    if (console == 0)
        console = semihost(1, &(struct {
                               const char *name;
                               uint64_t mode, len;
                           }){ ":tt", 4, 3 });
    semihost(5, &(struct {
                 uint64_t handle;
                 const char *text;
                 size_t len;
             }){ console, text, len });
}

void board_exit(int status)
{
    semihost(0x18, (const uint64_t[]){ 0x20026, (uint64_t)status });
    for (;;)
        ;
}

__asm__(".section .start, \"ax\"\n .globl board_start\n board_start:\n msr spsel, #1\n"
        " ldr x0, =stack_top\n mov sp, x0\n b start\n .ltorg\n .text\n");

__attribute__((used)) static void start(void)
{
    extern uint64_t bss_start[], bss_end[];
    for (volatile uint64_t *word = bss_start; word < bss_end; word++)
        *word = 0;
    board_start_unit();
    kernel_main();
}
