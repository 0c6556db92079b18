#include <procbuf.h>
#include <stdio.h>

static void count(struct procbuf_readable slice, void *data)
{
    *(size_t *)data = procbuf_readable_len(slice);
}

int main(void)
{
    static uint8_t ram[64];
    static struct procbuf_process slots[1];
    struct procbuf_table table;
    struct procbuf_process *process;
    struct procbuf_readonly buffer;
    size_t len = 0;
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)ram,
        .mem_len = sizeof ram,
        .initial_app_len = 32,
    };
    procbuf_table_init(&table, slots, 1);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK ||
        procbuf_readonly_build(process, (procbuf_addr_t)ram, 5, &buffer) != PROCBUF_OK ||
        procbuf_readonly_enter(&buffer, count, &len) != PROCBUF_OK)
        return 1;
    printf("%zu bytes\n", len);
    return 0;
}
