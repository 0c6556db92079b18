/* Binary and text forms of traces. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "files.h"
#include "forms_check.h"
#include "trace.h"

#include <string.h>

static struct trace one, two;
static uint8_t first[TRACE_MAX_BYTES], second[TRACE_MAX_BYTES];

/* encode(decode(bytes)) decodes to the same program, and encodes to the same bytes. */
static void round_trip(const uint8_t *bytes, size_t len)
{
    trace_decode(&one, bytes, len, NULL);
    const size_t first_len = trace_encode(&one, first);
    cr_assert_leq(first_len, sizeof first);
    trace_decode(&two, first, first_len, NULL);
    const size_t second_len = trace_encode(&two, second);
    cr_assert_eq(first_len, second_len);
    cr_assert_arr_eq(first, second, first_len);
    cr_assert_eq(one.op_count, two.op_count);
    cr_assert_eq(one.process_count, two.process_count);
}

/* print(parse(print(trace))) is print(trace), and its bytes are the same. */
static void text_round_trip(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    trace_print(&one, memory);
    fclose(memory);
    cr_assert(trace_parse(&two, text, len, "printed"), "%s", text);
    const size_t first_len = trace_encode(&one, first);
    cr_assert_eq(first_len, trace_encode(&two, second));
    cr_assert_arr_eq(first, second, first_len);
    free(text);
}

Test(trace, every_byte_string_is_a_program)
{
    static uint8_t bytes[2000];
    uint32_t random = 12345;
    for (unsigned round = 0; round < 20000; round++) {
        const size_t len = round % sizeof bytes;
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525u + 1013904223u;
            /* Codes are dense below 0x6c: half of the rounds stay there. */
            bytes[i] = round % 2 ? (uint8_t)(random >> 24) : (uint8_t)(random >> 24) % 0x6c;
        }
        round_trip(bytes, len);
        if (round % 16 == 0)
            text_round_trip();
    }
}

Test(trace, the_empty_input_lays_out_three_processes)
{
    trace_decode(&one, NULL, 0, NULL);
    cr_assert_eq(one.process_count, 3);
    cr_assert_eq(one.op_count, 0);
    round_trip((const uint8_t *)"", 0);
}

Test(trace, the_largest_program_fits)
{
    static uint8_t bytes[TRACE_MAX_BYTES];
    memset(bytes, OP_ENTER, sizeof bytes);
    round_trip(bytes, sizeof bytes);
    cr_assert_leq(one.op_count, (unsigned)TRACE_MAX_OPS);
    memset(bytes, OP_CREATE, sizeof bytes);
    round_trip(bytes, sizeof bytes);
    cr_assert_leq(one.op_count, (unsigned)TRACE_MAX_OPS);
}

Test(trace, codes_without_a_row_do_nothing)
{
    const uint8_t bytes[] = { 1, 0xff, OP_LEN, 3, 0x00, OP_PTR, 2, 0xfe };
    trace_decode(&one, bytes, sizeof bytes, NULL);
    cr_assert_eq(one.op_count, 2);
    cr_assert_eq(one.ops[0].code, OP_LEN);
    cr_assert_eq(one.ops[1].code, OP_PTR);
}

Test(trace, a_harness_drops_what_it_does_not_use)
{
    static uint8_t enabled[256];
    const uint8_t bytes[] = { 1, OP_LEN, 3, OP_PTR, 2 };
    enabled[OP_PTR] = 1;
    trace_decode(&one, bytes, sizeof bytes, enabled);
    cr_assert_eq(one.op_count, 1);
    cr_assert_eq(one.ops[0].code, OP_PTR);
}

/* Every kind of operand, counted from everything that it may be counted from. */
Test(trace, no_anchor_is_lost_on_the_way_through_bytes)
{
    static uint8_t bytes[TRACE_MAX_BYTES];
    static const struct {
        uint8_t code;
        unsigned operand;
    } rows[] = { { OP_BRK, 1 }, { OP_BUILD_READONLY, 3 }, { OP_GET, 1 }, { OP_SBRK, 1 } };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (uint8_t anchor = 0; anchor < ANCHOR_COUNT; anchor++) {
            const char kind = op_table[rows[r].code].operands[rows[r].operand];
            if (!anchor_fits(kind, anchor))
                continue;
            trace_init(&one);
            one.op_count = 1;
            memset(&one.ops[0], 0, sizeof one.ops[0]);
            one.ops[0].code = rows[r].code;
            one.ops[0].operands[rows[r].operand].anchor = anchor;
            trace_decode(&two, bytes, trace_encode(&one, bytes), NULL);
            cr_assert_eq(two.op_count, 1, "kind %c, anchor %u", kind, anchor);
            cr_assert_eq(two.ops[0].operands[rows[r].operand].anchor, anchor, "kind %c", kind);
        }
    }
}

/* The binary form of saved inputs: these numbers never change, whatever is added. */
Test(trace, a_block_ends_where_it_is_closed)
{
    static const char text[] = "trace 1\n"
                               "enter ro0 s0 {\n"
                               "  enter ro1 s1 {\n"
                               "  }\n"
                               "  len ro0\n"
                               "}\n"
                               "len ro0\n";
    cr_assert(trace_parse(&one, text, sizeof text - 1, "text"));
    cr_assert_eq(trace_block_end(&one, 0), 4);
    cr_assert_eq(trace_block_end(&one, 1), 2);
    cr_assert_eq(trace_block_end(&one, 3), 3, "it opens none");
}

Test(trace, the_table_is_pinned)
{
    static const struct {
        uint8_t code;
        const char *text, *operands;
    } rows[] = {
        { 0x08, "poke", "ab" },
        { 0x09, "fill", "pb" },
        { 0x0a, "refuse", "u" },
        { 0x0b, "return_to_user", "" },
        { 0x0c, "when_fetched", "aab" },
        { 0x0d, "at_hook", "uab" },
        { 0x0e, "widen", "uy" },
        { 0x0f, "foreign_at_hook", "uf" },
        { 0x10, "create", "annannnq" },
        { 0x11, "remove", "p" },
        { 0x12, "terminate", "pc" },
        { 0x13, "restart", "pc" },
        { 0x14, "start", "p" },
        { 0x15, "fault", "p" },
        { 0x16, "stop", "p" },
        { 0x17, "resume", "p" },
        { 0x18, "set_running", "p" },
        { 0x19, "set_yielded", "p" },
        { 0x1a, "set_yielded_for", "pN" },
        { 0x1b, "brk", "pa" },
        { 0x1c, "sbrk", "pz" },
        { 0x1d, "memop_brk", "pa" },
        { 0x1e, "memop_sbrk", "pz" },
        { 0x20, "take_id", "Dp" },
        { 0x21, "lookup", "d" },
        { 0x22, "id_equal", "dd" },
        { 0x23, "restart_many", "pju" },
        { 0x24, "table_slot", "N" },
        { 0x25, "spend_ids", "u" },
        { 0x26, "skip_ids", "x" },
        { 0x30, "build_readonly", "Opan" },
        { 0x31, "build_readwrite", "Wpan" },
        { 0x32, "external_readonly", "Opan" },
        { 0x33, "external_readwrite", "Wpan" },
        { 0x36, "len", "h" },
        { 0x37, "ptr", "h" },
        { 0x38, "consume", "h" },
        { 0x39, "copy_readonly", "Oo" },
        { 0x3a, "enter", "hS" },
        { 0x3b, "mut_enter", "wS" },
        { 0x3c, "copy_readwrite", "Ww" },
        { 0x3d, "as_readonly", "Ow" },
        { 0x3e, "skip_swaps", "hx" },
        { 0x40, "slice_len", "s" },
        { 0x41, "get", "si" },
        { 0x42, "set", "sib" },
        { 0x43, "get_or_panic", "si" },
        { 0x44, "range", "sSii" },
        { 0x45, "range_from", "sSi" },
        { 0x46, "range_to", "sSi" },
        { 0x47, "iterate", "s" },
        { 0x48, "chunks", "si" },
        { 0x4a, "copy_to", "si" },
        { 0x4b, "copy_to_or_panic", "si" },
        { 0x4c, "copy_from", "sib" },
        { 0x4d, "copy_from_or_panic", "sib" },
        { 0x4e, "copy_slice", "ss" },
        { 0x4f, "as_readable", "sS" },
        { 0x50, "from_array", "SNN" },
        { 0x51, "from_array_mut", "SNN" },
        { 0x52, "slice_fill", "sb" },
        { 0x53, "compare", "sib" },
        { 0x54, "find", "sb" },
        { 0x55, "string_len", "s" },
        { 0x56, "string_copy", "si" },
        { 0x57, "load", "sik" },
        { 0x58, "store", "sikb" },
        { 0x59, "copy_to_fitting", "si" },
        { 0x5a, "copy_from_fitting", "sib" },
        { 0x5b, "element", "sSiii" },
        { 0x60, "declare_driver", "vNNmmN" },
        { 0x61, "allocate_grant", "pNNnN" },
        { 0x62, "lookup_driver", "pN" },
        { 0x63, "enter_grant", "pN" },
        { 0x64, "leave_grant", "dN" },
        { 0x65, "driver_enter", "vdS" },
        { 0x66, "read_readonly", "ON" },
        { 0x67, "read_readwrite", "WN" },
        { 0x68, "allow_readonly", "pvNan" },
        { 0x69, "allow_readwrite", "pvNan" },
        { 0x6a, "allow_userspace_readable", "pvean" },
        { 0x6b, "set_byte", "pab" },
        { 0x6c, "declare_driver_with", "vNNmmNg" },
        { 0x6d, "grant_len", "NNng" },
        { 0x6e, "allow_userspace_readable_with", "pvean" },
        { 0x70, "read_at", "onN" },
        { 0x71, "write_at", "wnNb" },
        { 0x72, "reader_over", "or" },
        { 0x73, "writer_over", "wr" },
        { 0x74, "reader_read", "N" },
        { 0x75, "reader_skip", "n" },
        { 0x76, "writer_write", "Nb" },
        { 0x77, "writer_skip", "n" },
        { 0x78, "stream_copy", "n" },
        { 0x80, "foreign_start", "f" },
        { 0x81, "foreign_end", "f" },
        { 0x82, "foreign_readonly", "Ofuu" },
        { 0x83, "foreign_readwrite", "Wfuu" },
        { 0x84, "take_foreign_id", "Df" },
        { 0x85, "take_other_id", "D" },
        { 0x86, "other_restart", "" },
        { 0x87, "other_readonly", "Ouu" },
        { 0x88, "other_readwrite", "Wuu" },
        { 0x90, "code_name", "u" },
        { 0x91, "process_error_name", "u" },
        { 0x92, "process_error_to_code", "u" },
        { 0x79, "read_at_readwrite", "wnN" },
        { 0x98, "misuse", "u" },
        { 0xa0, "map_region", "Gant" },
        { 0xa1, "map_of_regions", "Mr" },
        { 0x6f, "declare_driver_many", "vNNNNNj" },
        { 0x7a, "reader_over_many", "orN" },
        { 0x7b, "writer_over_many", "wrN" },
        { 0xa2, "map_of_lookup", "Mr" },
        { 0xa3, "map_none", "M" },
        { 0xa4, "map_readonly", "OMflan" },
        { 0xa5, "map_readwrite", "WMflan" },
        { 0xa6, "map_readonly_vector", "OMflanr" },
        { 0xa7, "map_readwrite_vector", "WMflanr" },
        { 0xa8, "map_allow_readonly", "KMflan" },
        { 0xa9, "map_allow_readwrite", "KMflan" },
        { 0xaa, "map_slot_readonly", "OK" },
        { 0xab, "map_slot_readwrite", "WK" },
        { 0xac, "lend_readonly", "Opan" },
        { 0xad, "lend_readwrite", "Wpan" },
        { 0xae, "readonly_vector", "Opanr" },
        { 0xaf, "readwrite_vector", "Wpanr" },
        { 0xb0, "put_pair", "auan" },
        { 0xb1, "pair", "si" },
        { 0xb2, "map_of_pieces", "Mrg" },
        { 0xb3, "map_of_lookup_pieces", "Mrg" },
        { 0xb4, "readonly_vector_many", "Opan" },
        { 0xb5, "readwrite_vector_many", "Wpan" },
        { 0xb6, "put_pairs", "anan" },
        { 0xb7, "keep_lender", "p" },
        { 0xb8, "keep_map_lender", "Mfl" },
        { 0xb9, "kept_readonly", "Oan" },
        { 0xba, "kept_readwrite", "Wan" },
    };
    bool pinned[256] = { false };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        pinned[rows[r].code] = true;
        cr_assert_str_eq(op_table[rows[r].code].text, rows[r].text);
        cr_assert_str_eq(op_table[rows[r].code].operands, rows[r].operands);
    }
    for (unsigned code = 0; code < 256;
         code++) /* what came with the newest version may still change */
        if (op_table[code].text != NULL && op_table[code].since < TRACE_TABLE_VERSION)
            cr_assert(pinned[code], "pin 0x%02x here too", code);
}

/* A whole input, pinned byte by byte: the world of default processes, and each width of operand. */
Test(trace, a_saved_input_means_what_it_meant)
{
    static const char text[] = "trace 1\n"
                               "build_readwrite rw1 p2 p0.break-2 until p0.kernel_break+300\n"
                               "mut_enter rw1 s3 {\n"
                               "set s3 len-1 200\n"
                               "}\n"
                               "sbrk p1 -3\n"
                               "terminate p0 none\n"
                               "build_readonly ro7 p7 max-0 65537\n"
                               "poke rw7.end+1 5\n";
    static const uint8_t bytes[] = {
        1,  0x31, 1,    2,    9,   0,    0xfe, 0xff, 10, 0,    0x2c, 0x01, 0x3b, 1, 3, 0x42, 3,
        24, 0,    0xff, 0xff, 200, 0x02, 0x1c, 1,    0,  0xff, 0xfd, 0xff, 0x12, 0, 0, 0x30, 7,
        7,  1,    0,    0,    0,   0,    1,    1,    0,  0x08, 21,   15,   1,    0, 5,
    };
    cr_assert(trace_parse(&one, text, sizeof text - 1, "pinned"));
    cr_assert_eq(trace_encode(&one, first), sizeof bytes);
    cr_assert_arr_eq(first, bytes, sizeof bytes);
    round_trip(bytes, sizeof bytes);
    cr_assert_eq(one.process_count, 3);
    cr_assert_eq(one.processes[0].app, 259, "the default world is part of saved inputs");
    cr_assert_eq(one.processes[1].kernel, 100);
    cr_assert_eq(one.processes[2].apart, 9);
}

/* What an older table wrote knows nothing of newer rows: their codes mean nothing in it, as then. */
Test(trace, a_newer_row_changes_no_saved_input)
{
    static const uint8_t old[] = { 1, 0x3d, 0x36, 3, 0x74, 0x36, 4 };
    static const uint8_t new[] = { 2, 0x3d, 0x36, 3, 0x74, 0x36, 4 };
    trace_decode(&one, old, sizeof old, NULL);
    cr_assert_eq(one.op_count, 2, "len ro3, and len ro4");
    cr_assert(one.ops[0].code == 0x36 && one.ops[1].code == 0x36);
    trace_decode(&one, new, sizeof new, NULL);
    cr_assert_eq(one.op_count, 2);
    cr_assert(one.ops[0].code == 0x3d && one.ops[1].code == 0x74, "as_readonly, and reader_read");
    cr_assert_eq(trace_encode(&one, first), 6);
    cr_assert_eq(first[0], 2, "the oldest table that has its rows");
}

/* Nor do places that newer rows brought: in an older table no address counts from there. */
Test(trace, a_newer_place_changes_no_saved_input)
{
    static const uint8_t old[] = { 8, 0x08, 22, 1, 4, 0, 9, 0x36, 4 };
    static const uint8_t new[] = { 9, 0x08, 22, 1, 4, 0, 9, 0x36, 4 };
    trace_decode(&one, old, sizeof old, NULL);
    cr_assert(one.op_count == 1 && one.ops[0].code == 0x36, "len ro4 alone");
    trace_decode(&one, new, sizeof new, NULL);
    cr_assert(one.op_count == 2 && one.ops[0].operands[0].anchor == ANCHOR_FOREIGN);
    cr_assert_eq(one.ops[0].operands[0].index, 1, "poke f1.memory+4");
    cr_assert_eq(trace_encode(&one, first), sizeof new);
    cr_assert_arr_eq(first, new, sizeof new);
}

/* Text with more processes than there is memory for is refused: none may be printed. */
Test(trace, a_process_without_room_is_left_out)
{
    static const uint8_t process[] = { 1, 0, 255, 255, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0 };
    static const uint8_t small[] = { 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    uint8_t bytes[1 + 8 * sizeof process] = { 1 };
    for (unsigned p = 0; p < 7; p++)
        memcpy(&bytes[1 + p * sizeof process], process, sizeof process);
    memcpy(&bytes[1 + 7 * sizeof process], small, sizeof small);
    trace_decode(&one, bytes, 1 + 6 * sizeof process, NULL);
    cr_assert_eq(one.process_count, 6, "12,276 bytes of 13,312");
    trace_decode(&one, bytes, sizeof bytes, NULL);
    cr_assert_eq(one.process_count, 7, "14,322 with the seventh, 12,533 with the eighth instead");
    cr_assert_eq(one.processes[6].ram, 257);
    text_round_trip();
}

/* Room is that of a large trace, as soon as one process is large. */
Test(trace, a_large_process_without_room_is_left_out)
{
    static const uint8_t process[] = { 1, 4, 0, 0, 0, 2, 64, 1, 0, 0, 0, 0, 0, 0 };
    uint8_t bytes[1 + 8 * sizeof process] = { 8 };
    for (unsigned p = 0; p < 8; p++)
        memcpy(&bytes[1 + p * sizeof process], process, sizeof process);
    trace_decode(&one, bytes, sizeof bytes, NULL);
    cr_assert_eq(one.process_count, 2, "212,992 bytes each, of 524,288");
    text_round_trip();
}

/* ---- Errors in text ---- */

static const struct {
    const char *text, *message;
} mistakes[] = {
    { "", "f:1: not a text trace: the first line must be \"trace 1\"\n" },
    { "len rw0\n", "f:1: not a text trace: the first line must be \"trace 1\"\n" },
    { "trace 2\n", "f:1: format \"2\" of the text form is not known here, 1 is\n" },
    { "trace 1\n\nlength rw0\n", "f:3: unknown operation \"length\"\n" },
    { "trace 1\nlen\n", "f:2: len takes 1 operands, 0 given\n" },
    { "trace 1\nlen rw0 rw1\n", "f:2: \"rw1\" is one word too many\n" },
    { "trace 1\nlen rw8\n",
      "f:2: \"rw8\" is not a valid buffer register (ro0 to ro7, rw0 to rw7)\n" },
    { "trace 1\nbrk p8 null\n", "f:2: \"p8\" is not a valid process (p0 to p7)\n" },
    { "trace 1\nbrk p0 p0.brk\n", "f:2: \"p0.brk\" is not a valid address\n" },
    { "trace 1\nbrk p0 p0.ram+2048\n", "f:2: \"p0.ram+2048\" is not a valid address\n" },
    { "trace 1\nbrk p0 max+1\n", "f:2: \"max+1\" is not a valid address\n" },
    { "trace 1\npoke f4.memory 1\n", "f:2: \"f4.memory\" is not a valid address\n" },
    { "trace 1\npoke g8.low 1\n", "f:2: \"g8.low\" is not a valid address\n" },
    { "trace 1\nmap_of_regions m3 1\n", "f:2: \"m3\" is not a valid map (m0 to m2)\n" },
    { "trace 1\nmap_region g0 null 1 execute\n",
      "f:2: \"execute\" is not a valid right (read, write)\n" },
    { "trace 1\nbrk p0 len\n", "f:2: \"len\" is not a valid address\n" },
    { "trace 1\nbrk p0 0x1000000\n", "f:2: \"0x1000000\" is not a valid address\n" },
    { "trace 1\nget s0 p0.ram\n", "f:2: \"p0.ram\" is not a valid index\n" },
    { "trace 1\nset s0 0 256\n", "f:2: \"256\" is not a valid byte\n" },
    { "trace 1\nterminate p0 255\n",
      "f:2: \"255\" is not a valid completion code (none, or 0 to 254)\n" },
    { "trace 1\nbuild_readonly ro0 p0 null p0.ram\n",
      "f:2: an address as a length is written \"until ADDRESS\", and nothing else is\n" },
    { "trace 1\nbuild_readonly ro0 p0 null until\n", "f:2: \"until\" needs an address after it\n" },
    { "trace 1\nsbrk p0 to max\n",
      "f:2: an address as a distance is written \"to ADDRESS\", and nothing else is\n" },
    { "trace 1\nenter rw0 s0\n", "f:2: enter opens a block: end the line with \"{\"\n" },
    { "trace 1\nenter rw0 s0 {\n", "f:2: the end, but a block is still open: \"}\" is missing\n" },
    { "trace 1\n}\n", "f:2: \"}\" without a block to end\n" },
    { "trace 1\nprocess ram=131073\n", "f:2: ram=131073: not a number from 0 to 131072\n" },
    { "trace 1\nprocess ram=2000\n",
      "f:2: more than ram=1024 or flash=512: all sizes are multiples of 256, then\n" },
    { "trace 1\nprocess ram=2048 flash=0 app=1\n",
      "f:2: more than ram=1024 or flash=512: all sizes are multiples of 256, then\n" },
    { "trace 1\nprocess ram=10 app=8 kernel=3\n",
      "f:2: app=8 and kernel=3 do not fit into ram=10\n" },
    { "trace 1\nprocess flash=10 protected=11\n", "f:2: protected=11 is more than flash=10\n" },
    { "trace 1\nprocess ram=1024 apart=255 flash=512 gap=255\n"
      "process ram=1024 apart=255 flash=512 gap=255\nprocess ram=1024 apart=255 flash=512 gap=255\n"
      "process ram=1024 apart=255 flash=512 gap=255\nprocess ram=1024 apart=255 flash=512 gap=255\n"
      "process ram=1024 apart=255 flash=512 gap=255\nprocess ram=1024 apart=255 flash=512 "
      "gap=255\n",
      "f:8: the processes so far need 14322 bytes of memory, there are 13312\n" },
    { "trace 1\nbrk p0 010x\n", "f:2: \"010x\" is not a valid address\n" },
    { "trace 1\nprocess size=3\n", "f:2: unknown field \"size\" of a process\n" },
    { "trace 1\nprocess ram\n", "f:2: \"ram\": a process takes FIELD=VALUE\n" },
    { "trace 1\nprocess place=left\n", "f:2: place=left: flash is below or above\n" },
    { "trace 1\nprocess fault=panic\n", "f:2: fault=panic: a policy is stop or restart\n" },
    { "trace 1\nprocess gap=256\n", "f:2: gap=256: not a number from 0 to 255\n" },
    { "trace 1\nlen rw0\nprocess\n", "f:3: processes are laid out before the first operation\n" },
    { "trace 1\nprocess ram=2048 flash=256 kernel=100\n",
      "f:2: more than ram=1024 or flash=512: all sizes are multiples of 256, then\n" },
    { "trace 1\nstart 0\n", "f:2: \"0\" is not a valid process (p0 to p7)\n" },
    { "trace 1\ntrace 1\n", "f:2: unknown operation \"trace\"\n" },
};

Test(trace, mistakes_in_text_are_named_with_their_line, .init = cr_redirect_stderr)
{
    static char expected[8192];
    for (size_t m = 0; m < sizeof mistakes / sizeof mistakes[0]; m++) {
        cr_assert_not(trace_parse(&one, mistakes[m].text, strlen(mistakes[m].text), "f"), "%s",
                      mistakes[m].text);
        strcat(expected, mistakes[m].message);
    }
    fflush(stderr);
    cr_assert_stderr_eq_str(expected);
}

Test(trace, a_zero_byte_and_a_long_line_are_no_text, .init = cr_redirect_stderr)
{
    static char text[2000] = "trace 1\nlen ";
    memset(text + 12, 'x', 1000);
    cr_assert_not(trace_parse(&one, text, 1012, "f"));
    cr_assert_not(trace_parse(&one, "trace 1\n\0\n", 10, "f"));
    fflush(stderr);
    cr_assert_stderr_eq_str("f:2: a line longer than 511 characters\n"
                            "f:2: a zero byte: this is not text\n");
}

Test(trace, a_zero_in_front_changes_no_number)
{
    static const char text[] = "trace 1\nget s0 010\nget s0 0x010\n";
    cr_assert(trace_parse(&one, text, sizeof text - 1, "f"));
    cr_assert_eq(one.ops[0].operands[1].number, 10);
    cr_assert_eq(one.ops[1].operands[1].number, 16);
}

Test(trace, comments_blank_lines_and_crlf_are_fine)
{
    static const char text[] = "# why\r\n\r\ntrace 1 # one\r\n  len   rw0 # two\r\n\r\n";
    cr_assert(trace_parse(&one, text, sizeof text - 1, "f"));
    cr_assert_eq(one.op_count, 1);
}

/* Each line is indented by all blocks around it, also those that no machine would enter. */
Test(trace, blocks_nest_as_deeply_as_there_are_operations)
{
    uint8_t bytes[1 + 3 * TRACE_MAX_OPS] = { TRACE_TABLE_VERSION };
    for (unsigned o = 0; o < TRACE_MAX_OPS / 2; o++)
        bytes[1 + 3 * o] = OP_ENTER;
    trace_decode(&one, bytes, sizeof bytes, NULL);
    cr_assert_gt(one.op_count, 500u);
    text_round_trip();
}

Test(trace, control_characters_of_a_bad_line_are_not_printed)
{
    char said[256] = "";
    cr_redirect_stderr();
    cr_assert_not(trace_parse(&one, "trace 1\n\033[2J\n", 13, "a"));
    fflush(stderr);
    FILE *err = cr_get_redirected_stderr();
    cr_assert_not_null(fgets(said, sizeof said, err));
    cr_assert_str_eq(said, "a:2: unknown operation \"?[2J\"\n");
}

/* The seeds of the harness `forms`, damaged more often than a fuzzer does at once. */
Test(trace, damage_is_refused_or_a_program)
{
    static struct trace seed;
    cr_assert(file_read_trace(CORPUS "/forms/layouts.trace", NULL, &seed));
    forms_check(testbed_begin(), &seed, 5000);
    cr_assert(file_read_trace(CORPUS "/forms/operands_of_each_kind.trace", NULL, &seed));
    forms_check(testbed_begin(), &seed, 30000);
}
