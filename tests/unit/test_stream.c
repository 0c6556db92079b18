/* Steps at an offset, readers, writers, and copies between them. Contract: H7, H8. */
#include "kernel.h"

static struct procbuf_readonly from[4];
static struct procbuf_readwrite to[4];
static uint8_t array[32];
static size_t len;

static struct procbuf_readonly share(struct procbuf_process *process, size_t offset, size_t count)
{
    struct procbuf_readonly buffer;
    cr_assert_eq(procbuf_readonly_build(process, at(offset), count, &buffer), PROCBUF_OK);
    return buffer;
}

static struct procbuf_readwrite lend(struct procbuf_process *process, size_t offset, size_t count)
{
    struct procbuf_readwrite buffer;
    cr_assert_eq(procbuf_readwrite_build(process, at(offset), count, &buffer), PROCBUF_OK);
    return buffer;
}

/* RAM of both processes counts up from 1; three buffers of 5, 0 and 3 bytes on each side. */
static void make(void)
{
    world_make();
    for (size_t i = 0; i < 100; i++)
        world_memory[RAM0 + i] = world_memory[RAM1 + i] = (uint8_t)(i + 1);
    from[0] = share(world.p0, RAM0 + 10, 5);
    from[1] = share(world.p0, RAM0, 0);
    from[2] = share(world.p1, RAM1 + 20, 3);
    to[0] = lend(world.p1, RAM1 + 50, 5);
    to[1] = lend(world.p1, RAM1, 0);
    to[2] = lend(world.p0, RAM0 + 60, 3);
    memset(array, 0xee, sizeof array);
    len = 77;
    port_forget();
}

TestSuite(stream, .init = make);

static void end_life(struct procbuf_process *process)
{
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OK);
    port_forget();
}

/* ---- One step ---- */

Test(stream, read_at_moves_what_lies_between_offset_and_end)
{
    ACCEPTS("H7");
    cr_assert_eq(procbuf_readonly_read_at(&from[0], 1, array, 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 3);
    cr_assert(array[0] == 12 && array[2] == 14 && array[3] == 0xee);
    cr_assert_eq(procbuf_readonly_read_at(&from[0], 3, array, 32, &len), PROCBUF_OK);
    cr_assert_eq(len, 2, "what there is");
    cr_assert(array[0] == 14 && array[1] == 15 && array[2] == 14);
    cr_assert_eq(procbuf_readonly_read_at(&from[0], 5, array, 32, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "its end");
    cr_assert_eq(procbuf_readonly_read_at(&from[1], 0, NULL, 0, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
    cr_assert_str_eq(port_story(),
                     "ococ"
                     "oc",
                     "each is an enter; none opened for no bytes");
}

Test(stream, a_read_write_buffer_is_read_at_an_offset_too)
{
    ACCEPTS("H7");
    REFUSES("R5");
    cr_assert_eq(procbuf_readwrite_read_at(&to[0], 1, array, 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 3);
    cr_assert(array[0] == 52 && array[2] == 54 && array[3] == 0xee);
    cr_assert_eq(procbuf_readwrite_read_at(&to[0], 5, array, 32, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "its end");
    cr_assert_str_eq(port_story(), "ococ");
    cr_assert_eq(port_events[0].access, PROCBUF_ACCESS_READ);
    port_forget();
    MUST_PANIC(procbuf_readwrite_read_at(&to[0], 0, NULL, 1, &len));
    MUST_PANIC(procbuf_readwrite_write_at(&to[0], 0, NULL, 1, &len));
    cr_assert_str_eq(port_story(), "", "before a window opens");
}

Test(stream, write_at_moves_what_lies_between_offset_and_end)
{
    ACCEPTS("H7");
    cr_assert_eq(procbuf_readwrite_write_at(&to[0], 3, "abc", 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 2);
    cr_assert_eq(world_memory[RAM1 + 52], 53);
    cr_assert_eq(memcmp(&world_memory[RAM1 + 53], "ab\x38", 3), 0, "and no byte after it");
    cr_assert_eq(procbuf_readwrite_write_at(&to[0], 5, "abc", 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
    cr_assert_eq(procbuf_readwrite_write_at(&to[1], 0, NULL, 0, &len), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "ococ");
    cr_assert_eq(port_events[0].access, PROCBUF_ACCESS_READ_WRITE);
}

Test(stream, a_step_behind_the_end_is_refused)
{
    REFUSES("H7 E3");
    CHANGES_NOTHING({
        cr_expect_eq(procbuf_readonly_read_at(&from[0], 6, array, 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readonly_read_at(&from[0], SIZE_MAX, array, 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readonly_read_at(&from[0], SIZE_MAX / 2 + 2, array, 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readonly_read_at(&from[1], 1, array, 0, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readwrite_read_at(&to[0], 6, array, 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readwrite_write_at(&to[0], 6, "a", 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readwrite_read_at(&to[0], SIZE_MAX / 2 + 2, array, 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readwrite_write_at(&to[0], SIZE_MAX - 1, "abc", 3, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
        cr_expect_eq(procbuf_readwrite_write_at(&to[0], SIZE_MAX / 2 + 2, "a", 1, &len),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    });
    cr_assert_eq(len, 77);
    cr_assert_eq(array[0], 0xee);
}

Test(stream, a_step_on_a_dead_buffer_is_refused_before_its_offset_is_looked_at)
{
    const struct procbuf_readonly none = PROCBUF_READONLY_DEFAULT;
    const struct procbuf_readwrite nothing = PROCBUF_READWRITE_DEFAULT;
    REFUSES("H7 H2");
    end_life(world.p0);
    end_life(world.p1);
    CHANGES_NOTHING({
        cr_expect_eq(procbuf_readonly_read_at(&from[0], 6, array, 1, &len), PROCBUF_NO_SUCH_APP);
        cr_expect_eq(procbuf_readonly_read_at(&from[1], 0, array, 1, &len), PROCBUF_NO_SUCH_APP);
        cr_expect_eq(procbuf_readwrite_read_at(&to[0], 6, array, 1, &len), PROCBUF_NO_SUCH_APP);
        cr_expect_eq(procbuf_readwrite_write_at(&to[0], 0, "a", 1, &len), PROCBUF_NO_SUCH_APP);
        cr_expect_eq(procbuf_readonly_read_at(&none, 0, array, 1, &len), PROCBUF_NO_SUCH_APP);
        cr_expect_eq(procbuf_readwrite_write_at(&nothing, 0, "a", 1, &len), PROCBUF_NO_SUCH_APP);
    });
    cr_assert_eq(len, 77);
    cr_assert_str_eq(port_story(), "");
}

Test(stream, a_read_write_buffer_can_be_held_as_a_read_only_one)
{
    const struct procbuf_readonly view = procbuf_readwrite_as_readonly(&to[0]);
    ACCEPTS("H7");
    REFUSES("H7");
    cr_assert_eq(procbuf_readonly_len(&view), 5);
    cr_assert_eq(procbuf_readonly_addr(&view), at(RAM1 + 50));
    cr_assert_eq(procbuf_readonly_read_at(&view, 0, array, 1, &len), PROCBUF_OK);
    cr_assert_eq(array[0], 51);
    end_life(world.p1);
    cr_assert_eq(procbuf_readonly_len(&view), 0, "it dies with it");
    const struct procbuf_readwrite nothing = PROCBUF_READWRITE_DEFAULT;
    const struct procbuf_readonly none = procbuf_readwrite_as_readonly(&nothing);
    cr_assert_eq(procbuf_readonly_read_at(&none, 0, array, 1, &len), PROCBUF_NO_SUCH_APP);
}

/* ---- Readers and writers ---- */

Test(stream, a_reader_goes_through_its_buffers_as_one)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_OK);
    cr_assert_eq(len, 2);
    cr_assert_eq(procbuf_reader_read(&reader, array + 2, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 5, "over the empty one");
    cr_assert_eq(memcmp(array, "\13\14\15\16\17\25\26\xee", 8), 0);
    cr_assert_eq(procbuf_reader_read(&reader, array, 32, &len), PROCBUF_OK);
    cr_assert_eq(len, 1, "to the end of the last");
    cr_assert_eq(array[0], 23);
    port_forget();
    cr_assert_eq(procbuf_reader_read(&reader, array, 32, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "the end");
    cr_assert_str_eq(port_story(), "");
}

Test(stream, a_writer_goes_through_its_buffers_as_one)
{
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_writer_write(&writer, "abcdef", 6, &len), PROCBUF_OK);
    cr_assert_eq(len, 6);
    cr_assert_eq(procbuf_writer_write(&writer, "ghi", 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 2, "what there is room for");
    cr_assert_eq(memcmp(&world_memory[RAM1 + 49],
                        "\x32"
                        "abcde"
                        "\x38",
                        7),
                 0);
    cr_assert_eq(memcmp(&world_memory[RAM0 + 59],
                        "\x3c"
                        "fgh"
                        "\x40",
                        5),
                 0);
    cr_assert_eq(procbuf_writer_write(&writer, "j", 1, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
}

Test(stream, skipping_touches_nothing)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8");
    CHANGES_NOTHING({
        cr_assert_eq(procbuf_reader_skip(&reader, 6, &len), PROCBUF_OK);
        cr_assert_eq(len, 6);
        cr_assert_eq(procbuf_writer_skip(&writer, 7, &len), PROCBUF_OK);
        cr_assert_eq(len, 7);
    });
    cr_assert_eq(procbuf_reader_read(&reader, array, 1, &len), PROCBUF_OK);
    cr_assert_eq(array[0], 22);
    cr_assert_eq(procbuf_writer_write(&writer, "x", 1, &len), PROCBUF_OK);
    cr_assert_eq(world_memory[RAM0 + 62], 'x');
    cr_assert_eq(procbuf_reader_skip(&reader, SIZE_MAX, &len), PROCBUF_OK);
    cr_assert_eq(len, 1, "not beyond the end");
    cr_assert_eq(procbuf_writer_skip(&writer, SIZE_MAX, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
    reader = procbuf_reader_over(from, 3);
    writer = procbuf_writer_over(to, 3);
    cr_assert_eq(procbuf_reader_skip(&reader, SIZE_MAX / 2 + 1, &len), PROCBUF_OK);
    cr_assert_eq(len, 8, "a length whose last bits are 0");
    cr_assert_eq(procbuf_writer_skip(&writer, 2, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_writer_skip(&writer, SIZE_MAX / 2 + 1, &len), PROCBUF_OK);
    cr_assert_eq(len, 6, "what is after the offset");
}

Test(stream, to_move_no_bytes_asks_nobody)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8 C3");
    end_life(world.p0);
    end_life(world.p1);
    cr_assert_eq(procbuf_reader_read(&reader, NULL, 0, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_writer_write(&writer, NULL, 0, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_reader_skip(&reader, 0, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 0, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
    cr_assert_str_eq(port_story(), "");
    reader = procbuf_reader_over(NULL, 0);
    cr_assert_eq(procbuf_reader_read(&reader, array, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
}

Test(stream, a_death_on_the_way_ends_the_call_and_is_the_next_ones_error)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8");
    REFUSES("H8");
    end_life(world.p1);
    cr_assert_eq(procbuf_reader_read(&reader, array, 8, &len), PROCBUF_OK);
    cr_assert_eq(len, 5);
    len = 77;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_reader_read(&reader, array, 8, &len), PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(cr_assert_eq(procbuf_reader_skip(&reader, 8, &len), PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(cr_assert_eq(procbuf_writer_write(&writer, "a", 1, &len), PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(cr_assert_eq(procbuf_writer_skip(&writer, 1, &len), PROCBUF_NO_SUCH_APP));
    cr_assert_eq(len, 77);
}

Test(stream, the_place_stays_when_nothing_has_moved)
{
    struct procbuf_reader reader = procbuf_reader_over(from + 1, 2);
    REFUSES("H8 E3");
    end_life(world.p1);
    cr_assert_eq(procbuf_reader_read(&reader, array, 8, &len), PROCBUF_NO_SUCH_APP);
    from[1] = share(world.p0, RAM0 + 30, 1);
    cr_assert_eq(procbuf_reader_read(&reader, array, 8, &len), PROCBUF_OK);
    cr_assert_eq(len, 1, "the empty buffer was not passed for good");
    cr_assert_eq(array[0], 31);
}

Test(stream, a_buffer_that_changes_between_calls_is_looked_at_anew)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8");
    REFUSES("H8");
    cr_assert_eq(procbuf_reader_read(&reader, array, 4, &len), PROCBUF_OK);
    from[0] = share(world.p0, RAM0 + 40, 3);
    len = 77;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_reader_read(&reader, array, 4, &len), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    cr_assert_eq(len, 77);
    from[0] = share(world.p0, RAM0 + 40, 6);
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_OK);
    cr_assert(len == 2 && array[0] == 45 && array[1] == 46);

    cr_assert_eq(procbuf_writer_skip(&writer, 4, &len), PROCBUF_OK);
    to[0] = lend(world.p1, RAM1 + 50, 2);
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_writer_write(&writer, "a", 1, &len), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    to[0] = lend(world.p1, RAM1 + 50, 4);
    cr_assert_eq(procbuf_writer_write(&writer, "a", 1, &len), PROCBUF_OK);
    cr_assert_eq(world_memory[RAM0 + 60], 'a', "its end came: on to the next");
}

/* ---- From a reader to a writer ---- */

Test(stream, copy_moves_from_process_to_process)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 3, &len), PROCBUF_OK);
    cr_assert_eq(len, 3);
    cr_assert_eq(memcmp(&world_memory[RAM1 + 49], "\x32\13\14\15\x36", 5), 0);
    cr_assert_str_eq(port_story(), "oocc", "the reader's enter is the outer one");
    cr_assert_eq(port_events[0].addr, at(RAM0 + 10));
    cr_assert_eq(port_events[1].addr, at(RAM1 + 50));
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, SIZE_MAX, &len), PROCBUF_OK);
    cr_assert_eq(len, 5);
    cr_assert_eq(memcmp(&world_memory[RAM1 + 53], "\16\17\x38", 3), 0);
    cr_assert_eq(memcmp(&world_memory[RAM0 + 60], "\25\26\27\x40", 4), 0);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 1, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
}

Test(stream, copy_fills_the_smaller_side)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 1);
    struct procbuf_writer writer = procbuf_writer_over(to + 2, 1);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 3, "all the writer has room for");
    writer = procbuf_writer_over(to, 1);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 2, "all the reader has left");
    cr_assert_eq(memcmp(&world_memory[RAM1 + 50], "\16\17\x35", 3), 0);
}

Test(stream, copy_of_short_pieces_fills_a_long_buffer_without_holes)
{
    const struct procbuf_readonly pieces[2] = { share(world.p0, RAM0 + 10, 2),
                                                share(world.p0, RAM0 + 12, 3) };
    const struct procbuf_readwrite target = lend(world.p1, RAM1 + 50, 9);
    struct procbuf_reader reader = procbuf_reader_over(pieces, 2);
    struct procbuf_writer writer = procbuf_writer_over(&target, 1);
    ACCEPTS("H8");
    memset(&world_memory[RAM1 + 50], 0, 9);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 5);
    cr_assert_eq(memcmp(&world_memory[RAM1 + 50], &world_memory[RAM0 + 10], 5), 0);
    cr_assert_eq(world_memory[RAM1 + 55], 0);
}

Test(stream, copy_ends_at_its_length_and_at_the_last_buffer)
{
    const struct procbuf_readonly pieces[2] = { share(world.p0, RAM0 + 10, 2),
                                                share(world.p0, RAM0 + 12, 3) };
    struct procbuf_reader reader = procbuf_reader_over(pieces, 2);
    struct procbuf_writer writer = procbuf_writer_over(to, 1);
    ACCEPTS("H8");
    to[1] = lend(world.p1, RAM1 + 80, 4); /* after the writer's only one */
    memset(&world_memory[RAM1 + 50], 0, 50);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 4, &len), PROCBUF_OK);
    cr_assert_eq(len, 4);
    cr_assert(world_memory[RAM1 + 53] == 14 && world_memory[RAM1 + 54] == 0);
    reader = procbuf_reader_over(pieces, 2);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 1, "all that the writer has left");
    cr_assert(world_memory[RAM1 + 54] == 11 && world_memory[RAM1 + 80] == 0);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 0);
    cr_assert_eq(world_memory[RAM1 + 80], 0);
}

Test(stream, an_error_leaves_the_place)
{
    struct procbuf_reader reader = procbuf_reader_over(from + 1, 2);
    struct procbuf_writer writer = procbuf_writer_over(to + 1, 2);
    REFUSES("H8 E3");
    end_life(world.p1); /* from[2] is dead */
    to[1] = lend(world.p1, RAM1, 0);
    to[2] = lend(world.p1, RAM1 + 60, 3);
    end_life(world.p1);
    to[1] = lend(world.p1, RAM1, 0);
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_writer_write(&writer, array, 2, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 2, &len), PROCBUF_NO_SUCH_APP);
    from[1] = share(world.p0, RAM0 + 10, 2);
    to[1] = lend(world.p1, RAM1 + 70, 2);
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_OK);
    cr_assert(len == 2 && array[0] == 11 && array[1] == 12, "from the first buffer after all");
    cr_assert_eq(procbuf_writer_write(&writer, array, 2, &len), PROCBUF_OK);
    cr_assert(len == 2 && world_memory[RAM1 + 70] == 11 && world_memory[RAM1 + 71] == 12);
}

Test(stream, copy_over_itself_behaves_as_memmove)
{
    const struct procbuf_readonly source = share(world.p0, RAM0 + 10, 8);
    const struct procbuf_readwrite target = lend(world.p0, RAM0 + 13, 8);
    struct procbuf_reader reader = procbuf_reader_over(&source, 1);
    struct procbuf_writer writer = procbuf_writer_over(&target, 1);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 8, &len), PROCBUF_OK);
    cr_assert_eq(len, 8);
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(world_memory[RAM0 + 13 + i], 11 + i);
    cr_assert_eq(world_memory[RAM0 + 21], 22);
}

Test(stream, copy_tells_the_readers_error_first)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 1);
    struct procbuf_writer writer = procbuf_writer_over(to, 1);
    REFUSES("H8");
    cr_assert_eq(procbuf_reader_skip(&reader, 4, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_writer_skip(&writer, 4, &len), PROCBUF_OK);
    to[0] = lend(world.p1, RAM1 + 50, 3);
    len = 77;
    CHANGES_NOTHING(cr_assert_eq(procbuf_stream_copy(&writer, &reader, 1, &len),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS, "the writer's offset"));
    end_life(world.p1);
    CHANGES_NOTHING(cr_assert_eq(procbuf_stream_copy(&writer, &reader, 1, &len),
                                 PROCBUF_NO_SUCH_APP, "the writer's life"));
    from[0] = share(world.p0, RAM0 + 10, 3);
    CHANGES_NOTHING(cr_assert_eq(procbuf_stream_copy(&writer, &reader, 1, &len),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS, "the reader's offset"));
    to[0] = lend(world.p1, RAM1 + 50, 5);
    end_life(world.p0);
    CHANGES_NOTHING(cr_assert_eq(procbuf_stream_copy(&writer, &reader, 1, &len),
                                 PROCBUF_NO_SUCH_APP, "the reader's life"));
    cr_assert_eq(len, 77);
}

Test(stream, copy_keeps_what_it_moved_before_a_death)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to + 2, 1);
    ACCEPTS("H8");
    to[3] = lend(world.p0, RAM0 + 70, 9);
    writer = procbuf_writer_over(to + 2, 2);
    end_life(world.p1);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 5, "both buffers of p0's were filled from the one that lives");
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 9, &len), PROCBUF_NO_SUCH_APP);
}

Test(stream, null_with_a_length_is_the_kernels_own_mistake)
{
    struct procbuf_reader reader = procbuf_reader_over(from, 3);
    struct procbuf_writer writer = procbuf_writer_over(to, 3);
    void *volatile null = NULL;
    REFUSES("E4 R5");
    MUST_PANIC(procbuf_readonly_read_at(&from[0], 0, null, 1, &len));
    MUST_PANIC(procbuf_readwrite_write_at(&to[0], 0, null, 1, &len));
    MUST_PANIC(procbuf_reader_read(&reader, null, 1, &len));
    MUST_PANIC(procbuf_writer_write(&writer, null, 1, &len));
    MUST_PANIC(procbuf_reader_over(null, 1));
    MUST_PANIC(procbuf_writer_over(null, 1));
}
