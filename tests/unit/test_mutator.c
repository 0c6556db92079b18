/* The mutator: what it makes decodes to what it meant, and it makes what it is there for. */
#include <criterion/criterion.h>

#include "harness.h"
#include "mutator.h"
#include "trace.h"

#include <string.h>

static struct trace one, two;
static uint8_t bytes[TRACE_MAX_BYTES];

static void parse(const char *text)
{
    cr_assert(trace_parse(&one, text, strlen(text), "program"));
}

static char *printed(const struct trace *trace)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    trace_print(trace, memory);
    fclose(memory);
    return text;
}

/* The bytes of `one`, decoded as the harness decodes them, are the same program, as text too. */
static void decodes_to_the_same(const struct harness *harness, uint32_t seed)
{
    const size_t len = trace_encode(&one, bytes);
    trace_decode(&two, bytes, len, harness->weights);
    char *meant = printed(&one), *decoded = printed(&two);
    cr_assert_str_eq(meant, decoded, "%s, seed %u", harness->name, seed);
    free(meant);
    free(decoded);
}

Test(mutator, what_it_changes_decodes_to_what_it_meant)
{
    for (unsigned h = 0; harnesses[h] != NULL; h++) {
        trace_decode(&one, NULL, 0, harnesses[h]->weights);
        for (uint32_t seed = 1; seed < 3000; seed++) {
            mutator_change(&one, harnesses[h], seed);
            decodes_to_the_same(harnesses[h], seed);
            if (one.op_count > 200)
                trace_decode(&one, NULL, 0, harnesses[h]->weights);
        }
    }
}

Test(mutator, what_it_splices_decodes_to_what_it_meant)
{
    static struct trace a, b;
    const struct harness *harness = harness_find("everything");
    trace_decode(&a, NULL, 0, harness->weights);
    trace_decode(&b, NULL, 0, harness->weights);
    for (uint32_t seed = 1; seed < 2000; seed++) {
        mutator_change(&a, harness, seed);
        mutator_change(&b, harness, seed + 7777);
        one = a;
        mutator_splice(&one, &b, seed);
        decodes_to_the_same(harness, seed);
    }
}

Test(mutator, it_keeps_to_the_operations_of_its_harness)
{
    const struct harness *harness = harness_find("ranges");
    trace_decode(&one, NULL, 0, harness->weights);
    for (uint32_t seed = 1; seed < 3000; seed++)
        mutator_change(&one, harness, seed);
    cr_assert_gt(one.op_count, 0);
    for (unsigned o = 0; o < one.op_count; o++)
        cr_assert(one.ops[o].code == OP_END || harness->weights[one.ops[o].code] != 0);
}

Test(mutator, no_room_is_said_and_nothing_is_written_behind_it)
{
    static uint8_t out[64];
    const struct harness *harness = harness_find("buffers");
    size_t longest = 0;
    memset(out, 0xee, sizeof out);
    for (uint32_t seed = 1; seed < 2000; seed++) {
        const size_t len = mutator_change_input(harness, NULL, 0, out, 24, seed);
        cr_assert_leq(len, 24);
        longest = len > longest ? len : longest;
    }
    for (unsigned at = 24; at < sizeof out; at++)
        cr_assert_eq(out[at], 0xee);
    cr_assert_gt(longest, 12);
}

Test(mutator, what_it_remembers_is_what_the_bytes_stand_for)
{
    static uint8_t now[2048], other[2048];
    for (unsigned h = 0; harnesses[h] != NULL; h++) {
        const struct harness *harness = harnesses[h];
        size_t len = 0, other_len = 0;
        for (uint32_t seed = 1; seed < 2000; seed++) {
            const size_t new_len =
                seed % 5 == 0 ? mutator_splice_inputs(harness, now, len, other, other_len, now,
                                                      sizeof now, seed)
                              : mutator_change_input(harness, now, len, now, sizeof now, seed);
            const struct trace *made = mutator_made(harness, now, new_len != 0 ? new_len : len);
            cr_assert_eq(made == NULL, new_len == 0);
            if (new_len == 0)
                continue;
            len = new_len;
            trace_decode(&two, now, len, harness->weights);
            char *remembered = printed(made), *decoded = printed(&two);
            cr_assert_str_eq(remembered, decoded, "%s, seed %u", harness->name, seed);
            free(remembered);
            free(decoded);
            if (seed % 7 == 0)
                memcpy(other, now, other_len = len);
            if (seed % 100 == 0)
                len = 0;
        }
    }
}

Test(mutator, it_remembers_nothing_else)
{
    uint8_t now[256];
    const struct harness *harness = harness_find("buffers");
    const size_t len = mutator_change_input(harness, NULL, 0, now, sizeof now, 1);
    cr_assert_not_null(mutator_made(harness, now, len));
    cr_assert_null(mutator_made(harness_find("slices"), now, len));
    cr_assert_null(mutator_made(harness, now, len - 1));
    now[len - 1] ^= 1;
    cr_assert_null(mutator_made(harness, now, len));
    now[len - 1] ^= 1;
    cr_assert_eq(mutator_change_input(harness, now, len, now, 1, 2), 0, "does not fit");
    cr_assert_null(mutator_made(harness, now, len));
}

/* How often, of so many changes of one program, the codes are side by side in what comes out. */
static unsigned count_of(const char *harness_name, const char *program, const uint8_t *codes,
                         unsigned code_count)
{
    unsigned found = 0;
    for (uint32_t seed = 1; seed < 200000; seed++) {
        parse(program);
        mutator_change(&one, harness_find(harness_name), seed);
        for (unsigned o = 0; o + code_count <= one.op_count; o++) {
            unsigned same = 0;
            while (same < code_count && one.ops[o + same].code == codes[same])
                same++;
            if (same == code_count) {
                found++;
                break;
            }
        }
    }
    return found;
}

Test(mutator, it_repeats_a_part_in_a_new_life)
{
    static const uint8_t codes[] = { OP_TAKE_ID, OP_ENTER_GRANT, OP_RESTART, OP_TAKE_ID,
                                     OP_ENTER_GRANT };
    cr_assert_gt(
        count_of("allow", "trace 1\ntake_id d0 p0\nenter_grant p0 0\n", codes, sizeof codes), 100);
}

Test(mutator, what_a_slot_holds_is_read_where_it_can_be)
{
    static const uint8_t codes[] = { OP_ALLOW_READWRITE, OP_TAKE_ID, OP_DRIVER_ENTER,
                                     OP_READ_READWRITE, OP_END };
    cr_assert_gt(count_of("allow", "trace 1\n", codes, sizeof codes), 1000);
}

Test(mutator, what_was_read_meets_a_swap)
{
    static const uint8_t codes[] = { OP_READ_READONLY, OP_END, OP_ALLOW_READONLY, OP_LEN };
    cr_assert_gt(count_of("allow", "trace 1\n", codes, sizeof codes), 500);
}

Test(mutator, what_a_slot_was_lent_meets_another_map)
{
    static const uint8_t codes[] = { OP_MAP_ALLOW_READWRITE, OP_MAP_SLOT_READWRITE, OP_MAP_REGION,
                                     OP_LEN };
    cr_assert_gt(count_of("maps", "trace 1\n", codes, sizeof codes), 100);
}

Test(mutator, an_id_of_an_earlier_life_leaves_a_grant_of_the_new_one)
{
    static const uint8_t codes[] = { OP_TAKE_ID,     OP_RESTART,     OP_ALLOCATE_GRANT,
                                     OP_ENTER_GRANT, OP_LEAVE_GRANT, OP_ENTER_GRANT };
    cr_assert_gt(count_of("allow", "trace 1\n", codes, sizeof codes), 40);
}

Test(mutator, what_was_kept_outlives_its_process)
{
    static const uint8_t codes[] = { OP_BUILD_READONLY, OP_RESTART, OP_LEN };
    cr_assert_gt(
        count_of("buffers", "trace 1\nbuild_readonly ro0 p1 p1.ram 4\n", codes, sizeof codes), 50);
}

/* Identifiers that are cut to 8 or 16 bits come back after exactly so many lives. */
Test(mutator, many_lives_are_begun_for_what_was_kept)
{
    unsigned many = 0, kept = 0, exact = 0, of_newest_life = 0;
    for (uint32_t seed = 1; seed < 40000; seed++) {
        parse("trace 1\nrestart_many p1 3 0\n");
        mutator_change(&one, harness_find("life"), seed);
        for (unsigned o = 0; o < one.op_count; o++) {
            const struct op *op = &one.ops[o];
            if (op->code != OP_RESTART_MANY || op->operands[1].number < 8)
                continue;
            many++;
            exact += op->operands[2].number == 0;
            kept += o > 0 && (op[-1].code == OP_TAKE_ID || op[-1].code == OP_BUILD_READWRITE) &&
                    op[-1].operands[1].number == op->operands[0].number;
            of_newest_life += o > 1 && op[-2].code == OP_RESTART &&
                              op[-2].operands[0].number == op->operands[0].number;
        }
    }
    cr_assert_gt(many, 300);
    cr_assert_gt(kept * 2, many, "%u of %u", kept, many);
    cr_assert_gt(of_newest_life * 2, many, "%u of %u", of_newest_life, many);
    cr_assert_gt(exact * 3, many * 2, "%u of %u", exact, many);
}

Test(mutator, a_slice_that_is_used_is_there)
{
    static const uint8_t codes[] = { OP_BUILD_READWRITE, OP_MUT_ENTER, OP_LOAD, OP_END };
    cr_assert_gt(count_of("slices", "trace 1\n", codes, sizeof codes), 1000);
    unsigned used = 0, there = 0;
    for (uint32_t seed = 1; seed < 40000; seed++) {
        parse("trace 1\n");
        mutator_change(&one, harness_find("slices"), seed);
        for (unsigned o = 0; o < one.op_count; o++) {
            const struct op *op = &one.ops[o];
            if (op->code != OP_LOAD)
                continue;
            used++;
            const struct op *before = o == 0 ? op : op - 1;
            there += (before->code == OP_ENTER || before->code == OP_MUT_ENTER) &&
                     before->operands[1].number == op->operands[0].number;
        }
    }
    cr_assert_gt(there * 3, used, "%u of %u", there, used);
}

Test(mutator, streams_go_over_buffers_that_are_filled)
{
    static const uint8_t codes[] = { OP_BUILD_READONLY, OP_READER_OVER, OP_READER_READ };
    cr_assert_gt(count_of("streams", "trace 1\n", codes, sizeof codes), 100);
    unsigned of_several = 0, filled = 0;
    for (uint32_t seed = 1; seed < 40000; seed++) {
        parse("trace 1\n");
        mutator_change(&one, harness_find("streams"), seed);
        for (unsigned o = 0; o < one.op_count; o++) {
            const struct op *over = &one.ops[o];
            if (over->code != OP_READER_OVER || over->operands[1].number % 5 < 2)
                continue;
            of_several++;
            for (const struct op *op = one.ops; op < over; op++)
                if (op->code == OP_BUILD_READONLY &&
                    op->operands[0].number == (over->operands[0].number + 1) % TRACE_BUFFER_COUNT) {
                    filled++;
                    break;
                }
        }
    }
    cr_assert_gt(filled * 3, of_several, "the second buffer: %u of %u", filled, of_several);
}

Test(mutator, slices_that_are_copied_overlap)
{
    unsigned shifted = 0;
    for (uint32_t seed = 1; seed < 40000; seed++) {
        parse("trace 1\n");
        mutator_change(&one, harness_find("slices"), seed);
        for (unsigned o = 2; o < one.op_count; o++) {
            const struct op *copy = &one.ops[o], *a = copy - 2, *b = copy - 1;
            shifted += copy->code == OP_COPY_SLICE && a->code == OP_RANGE_FROM &&
                       b->code == OP_RANGE_TO && a->operands[2].number == -b->operands[2].number;
        }
    }
    cr_assert_gt(shifted, 100);
}

Test(mutator, pointers_go_to_every_edge)
{
    bool seen[256] = { false };
    for (uint32_t seed = 1; seed < 20000; seed++) {
        parse("trace 1\nbuild_readwrite rw0 p0 p0.ram 4\n");
        mutator_change(&one, harness_find("buffers"), seed);
        for (unsigned o = 0; o < one.op_count; o++)
            if (one.ops[o].code == OP_BUILD_READWRITE)
                seen[one.ops[o].operands[2].anchor] = true;
    }
    static const uint8_t edges[] = { ANCHOR_NUMBER,
                                     ANCHOR_RAM,
                                     ANCHOR_BREAK,
                                     ANCHOR_KERNEL_BREAK,
                                     ANCHOR_RAM_END,
                                     ANCHOR_FLASH,
                                     ANCHOR_FLASH_PROTECTED,
                                     ANCHOR_FLASH_END,
                                     ANCHOR_MARK,
                                     ANCHOR_BUFFER_START,
                                     ANCHOR_BUFFER_END,
                                     ANCHOR_KERNEL,
                                     ANCHOR_TOP,
                                     ANCHOR_MAX,
                                     ANCHOR_HALF };
    for (unsigned e = 0; e < sizeof edges; e++)
        cr_assert(seen[edges[e]], "anchor %u", edges[e]);
}
