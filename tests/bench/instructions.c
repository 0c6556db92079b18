/* Calls each of a few functions CALLS times, to be counted by callgrind. */
#include <procbuf.h>

enum { CALLS = 1000 };

static void read_nothing(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
}

static void write_nothing(struct procbuf_writable slice, void *data)
{
    (void)slice, (void)data;
}

int main(void)
{
    static uint8_t ram[256];
    static struct procbuf_table table;
    static struct procbuf_process slots[1];
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)ram,
        .mem_len = sizeof ram,
        .initial_app_len = sizeof ram,
    };
    struct procbuf_process *process;
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    size_t len = 0;
    procbuf_table_init(&table, slots, 1);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
        return 1;
    for (int i = 0; i < CALLS; i++) {
        if (procbuf_readonly_build(process, (procbuf_addr_t)&ram[16], 4, &readonly) != PROCBUF_OK ||
            procbuf_readwrite_build(process, (procbuf_addr_t)&ram[16], 4, &readwrite) !=
                PROCBUF_OK ||
            procbuf_readonly_enter(&readonly, read_nothing, NULL) != PROCBUF_OK ||
            procbuf_readwrite_mut_enter(&readwrite, write_nothing, NULL) != PROCBUF_OK)
            return 1;
        len += procbuf_readonly_len(&readonly);
    }
    return len != 4 * CALLS;
}
