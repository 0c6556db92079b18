/* A driver under the sanitizer port: well behaved, or with one of six mistakes, as its argument
 * says. Prints "well behaved" at its end; ASan ends it before. */
#include <procbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sanitizer_port_watch(procbuf_addr_t addr, size_t len);

static _Alignas(8) uint8_t ram[256];
static const char *mistake;
static const uint8_t *kept;
static struct procbuf_readwrite outer, inner;

static void read_body(struct procbuf_readable slice, void *data)
{
    uint8_t byte;
    (void)data;
    if (!procbuf_readable_get(slice, 3, &byte) || byte != 7)
        abort();
    if (strcmp(mistake, "keep") == 0)
        kept = procbuf_readable_base_unchecked(slice);
    if (strcmp(mistake, "past") == 0)
        printf("%d\n", procbuf_readable_base_unchecked(slice)[procbuf_readable_len(slice)]);
}

/* Each enter opens a window, and none closes. */
static void enter_again(struct procbuf_readable slice, void *data)
{
    (void)slice;
    if (procbuf_readwrite_enter(&inner, enter_again, data) != PROCBUF_OK)
        abort();
}

/* The inner enter overlaps this one; what remains open when it ends is this one's. */
static void write_body(struct procbuf_writable slice, void *data)
{
    procbuf_writable_fill(slice, 7);
    if (procbuf_readwrite_enter(&inner, read_body, data) != PROCBUF_OK)
        abort();
    procbuf_writable_fill(slice, 8);
}

int main(int argc, char **argv)
{
    static struct procbuf_table table;
    static struct procbuf_process slots[1];
    struct procbuf_process *process;
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)ram,
        .mem_len = sizeof ram,
        .initial_app_len = 200,
    };
    mistake = argc > 1 ? argv[1] : "";
    sanitizer_port_watch((procbuf_addr_t)ram, sizeof ram);
    procbuf_table_init(&table, slots, 1);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK ||
        procbuf_readwrite_build(process, (procbuf_addr_t)&ram[13], 40, &outer) != PROCBUF_OK ||
        procbuf_readwrite_build(process, (procbuf_addr_t)&ram[29], 27, &inner) != PROCBUF_OK)
        return 2;
    if (strcmp(mistake, "past") == 0 &&
        procbuf_readwrite_build(process, (procbuf_addr_t)&ram[29], 51, &inner) != PROCBUF_OK)
        return 2;
    if (procbuf_readwrite_mut_enter(&outer, write_body, NULL) != PROCBUF_OK)
        return 2;
    if (strcmp(mistake, "keep") == 0)
        printf("%d\n", *kept);
    if (strcmp(mistake, "near") == 0)
        ram[10 + argc] = 1; /* before the outer buffer */
    if (strcmp(mistake, "direct") == 0)
        ram[100 + argc] = 1;
    if (strcmp(mistake, "unused") == 0)
        ram[220 + argc] = 1; /* which no call has opened yet */
    if (strcmp(mistake, "deep") == 0 &&
        procbuf_readwrite_enter(&inner, enter_again, NULL) != PROCBUF_OK)
        return 2;
    puts("well behaved");
    return 0;
}
