/* A kernel apart, and mistakes that it can make: each must end in the panic hook (E4). It has a table
 * and objects of its own, so that nothing of the trace's world is touched.
 *
 * Included once by whoever makes them: execute.c, and tests in C that ./fuzz/repro writes, which
 * take this file over whole. So it needs the library's headers alone. */
#ifndef FUZZ_MISTAKES_H
#define FUZZ_MISTAKES_H

#include <procbuf.h>
#include <procbuf/capability.h>
#include <setjmp.h>
#include <string.h>

/* Volatile: no compiler knows that nothing is there. */
static void *volatile nothing;
static procbuf_is_live_function *volatile nobody_to_ask;
static procbuf_lookup_function *volatile no_function;

static struct {
    struct procbuf_table table;
    struct procbuf_process slots[1];
    struct procbuf_process *process;
    struct procbuf_id id;
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    struct procbuf_readable readable;
    struct procbuf_writable writable;
    struct procbuf_reader reader;
    struct procbuf_writer writer;
    struct procbuf_driver driver;
    struct procbuf_state state;
    struct procbuf_grant_entry entries[1];
    struct procbuf_region region;
    struct procbuf_map map;
    struct procbuf_lender lender;
    struct procbuf_readonly_slot readonly_slot;
    struct procbuf_readwrite_slot readwrite_slot;
    uint8_t array[24];
    jmp_buf outer_body;
    size_t len;
    int answer;
} apart;

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(apart_capability);

static bool apart_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)index, (void)identifier, (void)data;
    return false;
}

/* A process without a byte of its own. */
static int apart_create(void)
{
    const struct procbuf_process_config config = { .mem_start = 16, .mem_len = 16 };
    return (int)procbuf_process_create(&apart.table, &config, &apart.process);
}

static void apart_begin(void)
{
    memset(&apart, 0xa5, sizeof apart); /* nothing is zero by luck */
    procbuf_table_init(&apart.table, apart.slots, 1);
    memset(&apart.id, 0, sizeof apart.id);
    apart.readonly = procbuf_readonly_default();
    apart.readwrite = procbuf_readwrite_default();
    apart.reader = procbuf_reader_over(NULL, 0);
    apart.writer = procbuf_writer_over(NULL, 0);
}

static void jump_out(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    longjmp(apart.outer_body, 1);
}

/* The body of one enter is left for that of another, which then returns as if nothing was open. */
static void enter_and_jump(struct procbuf_readable slice, void *data)
{
    (void)slice;
    if (setjmp(apart.outer_body) == 0)
        apart.answer = (int)procbuf_readonly_enter(&apart.readonly, jump_out, data);
}

/* Eight bytes of the kernel's own, with as many around them. */
static struct procbuf_writable apart_slice_to_write(void)
{
    return procbuf_writable_from_array(apart.array + 8, 8);
}

static struct procbuf_readable apart_slice(void)
{
    return procbuf_writable_as_readable(apart_slice_to_write());
}

static struct procbuf_writable apart_byte_to_write(void)
{
    return procbuf_writable_from_array(apart.array + 8, 1);
}

static struct procbuf_readable apart_byte(void)
{
    return procbuf_writable_as_readable(apart_byte_to_write());
}

static void leave_by_a_jump(void)
{
    apart.answer = apart_create();
    apart.answer = (int)procbuf_readonly_build(apart.process, 0, 0, &apart.readonly);
    apart.answer = (int)procbuf_readonly_enter(&apart.readonly, enter_and_jump, NULL);
}

static bool apart_lives(uint32_t index, uint64_t identifier, const void *data)
{
    (void)index, (void)identifier, (void)data;
    return true;
}

/* A function that finds [16, 32) wherever it is asked. */
static bool find_apart(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)addr;
    *region_out = *(const struct procbuf_region *)data;
    return true;
}

/* Another kernel's process, with a map of that function. */
static void apart_lend(void)
{
    apart.region = (struct procbuf_region){ 16, 32, PROCBUF_ACCESS_READ_WRITE };
    apart.map = procbuf_map_of_lookup(find_apart, &apart.region, &apart_capability);
    procbuf_table_init_external(&apart.table, apart_lives, NULL);
    apart.id = procbuf_id_new_external(&apart.table, 0, 0, &apart_capability);
    apart.lender = procbuf_lender_rechecked(&apart.map, apart.id);
}

/* A process of ours lends. */
static void apart_lend_ours(void)
{
    apart.answer = apart_create();
    apart.lender = procbuf_lender_process(apart.process);
    memset(&apart.readonly_slot, 0, sizeof apart.readonly_slot);
    memset(&apart.readwrite_slot, 0, sizeof apart.readwrite_slot);
}

/* Numbers are those of the operation `misuse`: never reused, never changed. model/mistakes.c has the
 * rule and the words of each. */
static void make_mistake(unsigned number)
{
    const struct procbuf_driver_config align_0 = { .data_align = 0 }, align_6 = { .data_align = 6 };
    apart_begin();
    switch (number) {
    case 0: apart.readonly = procbuf_readonly_new_external(0, 0, apart.id, nothing); break;
    case 1: apart.readwrite = procbuf_readwrite_new_external(0, 0, apart.id, nothing); break;
    case 2:
        procbuf_table_init_external(&apart.table, apart_is_live, NULL);
        apart.id = procbuf_id_new_external(&apart.table, 0, 0, nothing);
        break;
    case 3: procbuf_table_init_external(&apart.table, nobody_to_ask, NULL); break;
    case 4:
        procbuf_table_init_external(&apart.table, apart_is_live, NULL);
        apart.answer = apart_create();
        break;
    case 5: apart.readable = procbuf_readable_from_array(nothing, 1); break;
    case 6: apart.writable = procbuf_writable_from_array(nothing, 1); break;
    case 7:
        apart.answer = (int)procbuf_readonly_read_at(&apart.readonly, 0, nothing, 1, &apart.len);
        break;
    case 8:
        apart.answer = (int)procbuf_readwrite_write_at(&apart.readwrite, 0, nothing, 1, &apart.len);
        break;
    case 9: apart.answer = (int)procbuf_reader_read(&apart.reader, nothing, 1, &apart.len); break;
    case 10: apart.answer = (int)procbuf_writer_write(&apart.writer, nothing, 1, &apart.len); break;
    case 11: apart.reader = procbuf_reader_over(nothing, 1); break;
    case 12: apart.writer = procbuf_writer_over(nothing, 1); break;
    case 13: procbuf_driver_init(&apart.driver, &align_0); break;
    case 14: procbuf_driver_init(&apart.driver, &align_6); break;
    case 15: apart.state = procbuf_process_state(&apart.slots[0]); break;
    case 16: procbuf_process_stop(&apart.slots[0]); break;
    case 17: leave_by_a_jump(); break;
    case 18: apart.id = procbuf_id_new_external(&apart.table, 0, 0, &apart_capability); break;
    case 19:
        procbuf_table_use_grants(&apart.table, apart.entries, 1);
        procbuf_table_use_grants(&apart.table, apart.entries, 1);
        break;
    case 20:
        apart.answer = apart_create();
        procbuf_table_use_grants(&apart.table, apart.entries, 1);
        break;
    case 21: apart.answer = (int)procbuf_readable_copy_to(apart_slice(), nothing, 8); break;
    case 22: apart.answer = (int)procbuf_readable_copy_to(apart_slice(), apart.array + 7, 8); break;
    case 23:
        apart.answer = (int)procbuf_writable_copy_from(apart_slice_to_write(), nothing, 8);
        break;
    case 24:
        apart.answer = (int)procbuf_writable_copy_from(apart_slice_to_write(), apart.array + 7, 8);
        break;
    case 25:
        apart.len = procbuf_readable_copy_to_fitting(apart_slice(), apart.array + 11, 4);
        break;
    case 26:
        apart.len = procbuf_writable_copy_from_fitting(apart_slice_to_write(), apart.array + 1, 8);
        break;
    case 27:
        apart.answer =
            (int)procbuf_readable_compare(apart_slice(), apart.array + 15, 8, &apart.answer);
        break;
    case 28:
        apart.answer = (int)procbuf_readable_string_copy(apart_slice(), (char *)apart.array + 9, 16,
                                                         &apart.len);
        break;
    case 29: apart.map = procbuf_map_of_regions(&apart.region, 1, nothing); break;
    case 30: apart.map = procbuf_map_of_lookup(find_apart, NULL, nothing); break;
    case 31: apart.map = procbuf_map_of_lookup(no_function, NULL, &apart_capability); break;
    case 32: apart.map = procbuf_map_of_regions(nothing, 1, &apart_capability); break;
    case 33:
        apart.answer = apart_create();
        apart.lender = procbuf_lender_pinned(NULL, procbuf_process_id(apart.process));
        break;
    case 34:
        apart.answer = apart_create();
        apart.lender = procbuf_lender_rechecked(NULL, procbuf_process_id(apart.process));
        break;
    case 35: apart.lender = procbuf_lender_process(&apart.slots[0]); break;
    case 36:
        apart_lend();
        apart.answer = (int)procbuf_readonly_build_from(&apart.lender, 15, 1, &apart.readonly);
        break;
    case 37:
        apart_lend();
        apart.answer = (int)procbuf_readwrite_build_from(&apart.lender, 32, 1, &apart.readwrite);
        break;
    case 38:
        apart_lend();
        apart.answer = (int)procbuf_readonly_build_from(&apart.lender, 31, 2, &apart.readonly);
        break;
    case 39:
        apart_lend_ours();
        apart.answer =
            (int)procbuf_readonly_slot_allow(&apart.readonly_slot, &apart.lender, 0, 0).code;
        break;
    case 40:
        apart_lend_ours();
        apart.answer =
            (int)procbuf_readwrite_slot_allow(&apart.readwrite_slot, &apart.lender, 0, 0).code;
        break;
    case 41: apart.answer = (int)procbuf_readable_copy_to(apart_slice(), apart.array + 8, 8); break;
    case 42:
        apart.answer = (int)procbuf_writable_copy_from(apart_slice_to_write(), apart.array + 8, 8);
        break;
    case 43: apart.map = procbuf_map_of_regions(nothing, 1, nothing); break;
    case 44: apart.answer = (int)procbuf_readable_copy_to(apart_byte(), apart.array + 8, 1); break;
    case 45:
        apart.answer = (int)procbuf_writable_copy_from(apart_byte_to_write(), apart.array + 8, 1);
        break;
    case 46: apart.len = procbuf_readable_copy_to_fitting(apart_slice(), apart.array + 8, 1); break;
    case 47:
        apart.len = procbuf_writable_copy_from_fitting(apart_byte_to_write(), apart.array + 8, 8);
        break;
    case 48:
        apart.answer =
            (int)procbuf_readable_compare(apart_byte(), apart.array + 8, 1, &apart.answer);
        break;
    case 49:
        apart.answer =
            (int)procbuf_readable_string_copy(apart_byte(), (char *)apart.array + 8, 1, &apart.len);
        break;
    case 50:
        apart.answer = apart_create();
        apart.answer = (int)procbuf_process_remove(apart.process);
        procbuf_table_use_grants(&apart.table, apart.entries, 1);
        break;
    default: break;
    }
}

#endif
