/* A fuzz target as one writes it in an afternoon, to measure against: bytes become pointers and lengths,
 * and ASan is the only one that says what is wrong. Knows nothing of the testbed. */
#include <procbuf.h>

#include <string.h>

enum { RAM = 512, PROCESSES = 2, HANDLES = 4 };
static uint8_t ram[PROCESSES][RAM];
static uint8_t flash[PROCESSES][64];
static struct procbuf_process slots[PROCESSES];
static struct procbuf_grant_entry grants[PROCESSES * 2];
static struct procbuf_table table;
static struct procbuf_process *processes[PROCESSES];
static struct procbuf_readonly readonly[HANDLES];
static struct procbuf_readwrite readwrite[HANDLES];
static struct procbuf_driver driver;
static uint8_t kernel_bytes[64];

struct input {
    const uint8_t *bytes;
    size_t len;
};

static unsigned next(struct input *input, unsigned count)
{
    unsigned value = 0;
    for (unsigned i = 0; i < count && input->len > 0; i++, input->len--)
        value = value << 8 | *input->bytes++;
    return value;
}

static void start(void)
{
    const struct procbuf_driver_config config = { .grant_number = 0,
                                                  .driver_number = 1,
                                                  .readonly_count = 2,
                                                  .readwrite_count = 2,
                                                  .data_len = 8,
                                                  .data_align = 8 };
    procbuf_table_init(&table, slots, PROCESSES);
    procbuf_table_use_grants(&table, grants, 2);
    procbuf_driver_init(&driver, &config);
    for (unsigned p = 0; p < PROCESSES; p++) {
        const struct procbuf_process_config process = {
            .mem_start = (procbuf_addr_t)ram[p],
            .mem_len = RAM,
            .initial_app_len = RAM / 2,
            .initial_kernel_len = 32,
            .flash_start = (procbuf_addr_t)flash[p],
            .flash_len = sizeof flash[p],
        };
        memset(ram[p], 0, RAM);
        if (procbuf_process_create(&table, &process, &processes[p]) != PROCBUF_OK)
            __builtin_trap();
    }
    for (unsigned h = 0; h < HANDLES; h++) {
        readonly[h] = procbuf_readonly_default();
        readwrite[h] = procbuf_readwrite_default();
    }
}

static void read_all(struct procbuf_readable slice, void *data)
{
    (void)data;
    const size_t len = procbuf_readable_len(slice);
    uint8_t byte;
    for (size_t i = 0; i <= len; i++)
        (void)procbuf_readable_get(slice, i, &byte);
    (void)procbuf_readable_copy_to(slice, kernel_bytes,
                                   len < sizeof kernel_bytes ? len : sizeof kernel_bytes);
}

static void write_all(struct procbuf_writable slice, void *data)
{
    struct input *input = data;
    const size_t len = procbuf_writable_len(slice);
    for (size_t i = 0; i <= len; i++)
        (void)procbuf_writable_set(slice, i, (uint8_t)i);
    if (procbuf_writable_range(slice, next(input, 1), next(input, 1), &slice))
        procbuf_writable_fill(slice, 7);
    (void)procbuf_writable_copy_from(slice, kernel_bytes, sizeof kernel_bytes);
}

static void read_slots(const struct procbuf_grant *grant, void *data)
{
    struct input *input = data;
    (void)procbuf_grant_readonly(grant, next(input, 1) % 4, &readonly[next(input, 1) % HANDLES]);
    (void)procbuf_grant_readwrite(grant, next(input, 1) % 4, &readwrite[next(input, 1) % HANDLES]);
}

static void step(struct input *input)
{
    const unsigned what = next(input, 1) % 14, p = next(input, 1) % PROCESSES,
                   h = next(input, 1) % HANDLES;
    struct procbuf_process *process = processes[p];
    const procbuf_addr_t addr = (procbuf_addr_t)ram[p] + next(input, 2) % (2 * RAM) - RAM / 2;
    const size_t len = next(input, 2) % 0x300;
    procbuf_addr_t before;
    switch (what) {
    case 0: (void)procbuf_readonly_build(process, addr, len, &readonly[h]); break;
    case 1: (void)procbuf_readwrite_build(process, addr, len, &readwrite[h]); break;
    case 2: (void)procbuf_readonly_enter(&readonly[h], read_all, input); break;
    case 3: (void)procbuf_readwrite_enter(&readwrite[h], read_all, input); break;
    case 4: (void)procbuf_readwrite_mut_enter(&readwrite[h], write_all, input); break;
    case 5: (void)procbuf_process_brk(process, addr, &before); break;
    case 6: (void)procbuf_process_sbrk(process, (intptr_t)len - 0x180, &before); break;
    case 7: (void)procbuf_process_restart(process, NULL); break;
    case 8: procbuf_process_terminate(process, NULL); break;
    case 9: (void)procbuf_process_start(process); break;
    case 10: procbuf_process_fault(process); break;
    case 11: (void)procbuf_process_allow_readonly(process, &driver, h, addr, len); break;
    case 12: (void)procbuf_process_allow_readwrite(process, &driver, h, addr, len); break;
    default:
        (void)procbuf_driver_enter(&driver, procbuf_process_id(process), read_slots, input);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct input input = { bytes, len };
    start();
    while (input.len > 0)
        step(&input);
    return 0;
}
