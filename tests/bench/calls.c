/* Calls functions of the library that move bytes, build, allow and grow, ROUNDS times, to be counted by callgrind. */
#include <procbuf.h>

enum { ROUNDS = 20, LONG = 256, SHORT = 16 };

static uint8_t ram[2048] __attribute__((aligned(16)));
static uint8_t array[LONG];
static struct procbuf_table table;
static struct procbuf_process slots[3];
static struct procbuf_grant_entry entries[6];
static struct procbuf_driver driver;
static struct procbuf_process *process;
static struct procbuf_readonly readonly[2];
static struct procbuf_readwrite readwrite[2];
static volatile size_t sink;

static void note(size_t answer)
{
    sink = sink + answer;
}

static void read(struct procbuf_readable slice, void *data)
{
    struct procbuf_readable_chunks chunks = procbuf_readable_split(slice, SHORT);
    struct procbuf_iter iter = procbuf_readable_iterate(slice);
    struct procbuf_readable part;
    struct procbuf_readable_elements elements;
    uint64_t long_word = 0;
    uint32_t word = 0;
    uint8_t byte = 0;
    size_t at = 0;
    int order = 0;
    note(procbuf_readable_copy_to(slice, array, LONG));
    note(procbuf_readable_copy_to_fitting(slice, array, SHORT));
    note(procbuf_readable_get(slice, 3, &byte) + byte);
    note(procbuf_readable_range(slice, 1, 9, &part) + procbuf_readable_len(part));
    note((size_t)procbuf_readable_compare(slice, array, LONG, &order));
    note(procbuf_readable_find(slice, 0xee, &at));
    note(procbuf_readable_string_len(slice, &at));
    note(procbuf_readable_string_copy(slice, (char *)array, LONG, &at));
    note(procbuf_readable_load_le32(slice, 5, &word) + word);
    note(procbuf_readable_load_be64(slice, 5, &long_word));
    note(procbuf_readable_as_elements(slice, 16, 16, &elements) &&
         procbuf_readable_elements_at(&elements, 7, &part));
    while (procbuf_readable_chunks_next(&chunks, &part))
        note(procbuf_readable_len(part));
    while (procbuf_iter_next(&iter, &byte))
        note(byte);
    (void)data;
}

static void write(struct procbuf_writable slice, void *data)
{
    struct procbuf_writable part;
    note(procbuf_writable_copy_from(slice, array, LONG));
    note(procbuf_writable_copy_from_fitting(slice, array, SHORT));
    note(procbuf_writable_set(slice, 3, 7));
    note(procbuf_writable_store_le32(slice, 5, 7) + procbuf_writable_store_be64(slice, 5, 7));
    if (procbuf_writable_range(slice, 0, LONG / 2, &part))
        note(procbuf_writable_copy_from_slice(part, procbuf_readable_from_array(array, LONG / 2)));
    procbuf_writable_fill(slice, 1);
    (void)data;
}

static void in_grant(const struct procbuf_grant *grant, void *data)
{
    note(procbuf_grant_readonly(grant, 0, data));
}

/* What userspace has in its memory when a round begins, whatever the library left there. */
static void fill_memory(void)
{
    for (size_t i = 0; i < sizeof ram / 2; i++)
        ram[i] = (uint8_t)(i % LONG == LONG - 8 ? 0 : i % 251 + 1);
}

static void call_all(procbuf_addr_t at)
{
    struct procbuf_reader reader;
    struct procbuf_writer writer;
    struct procbuf_readonly slot;
    procbuf_addr_t old;
    size_t len = 0;
    fill_memory();
    for (size_t i = 0; i < 2; i++) {
        note(procbuf_readonly_build(process, at + i * LONG, LONG, &readonly[i]));
        note(procbuf_readwrite_build(process, at + i * LONG, LONG, &readwrite[i]));
    }
    note(procbuf_readonly_enter(&readonly[0], read, NULL));
    note(procbuf_readwrite_mut_enter(&readwrite[0], write, NULL));
    note(procbuf_readonly_read_at(&readonly[0], 9, array, SHORT, &len));
    note(procbuf_readwrite_write_at(&readwrite[0], 9, array, SHORT, &len));
    reader = procbuf_reader_over(readonly, 2);
    writer = procbuf_writer_over(readwrite, 2);
    note(procbuf_reader_read(&reader, array, LONG, &len) + procbuf_reader_skip(&reader, 9, &len));
    note(procbuf_writer_write(&writer, array, SHORT, &len) + procbuf_writer_skip(&writer, 9, &len));
    note(procbuf_stream_copy(&writer, &reader, LONG / 2, &len));
    note(procbuf_readonly_len(&readonly[0]) + procbuf_readonly_addr(&readonly[0]));
    note(procbuf_process_allow_readonly(process, &driver, 0, at + 8, 64).code);
    note(procbuf_driver_enter(&driver, procbuf_process_id(process), in_grant, &slot));
    note(procbuf_readonly_enter(&slot, read, NULL));
    note(procbuf_process_sbrk(process, 64, &old) + procbuf_process_sbrk(process, -64, &old));
    note(procbuf_process_set_byte(process, at, 1));
    note(procbuf_process_restart(process, NULL));
}

int main(void)
{
    const procbuf_addr_t at = (procbuf_addr_t)ram;
    const struct procbuf_process_config config = { .mem_start = at,
                                                   .mem_len = sizeof ram,
                                                   .initial_app_len = sizeof ram / 2 };
    const struct procbuf_driver_config of_driver = {
        .grant_number = 0, .driver_number = 1, .readonly_count = 1, .data_len = 8, .data_align = 8
    };
    procbuf_table_init(&table, slots, 3);
    procbuf_table_use_grants(&table, entries, 2);
    procbuf_driver_init(&driver, &of_driver);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
        return 1;
    for (int i = 0; i < ROUNDS; i++)
        call_all(at);
    return 0;
}
