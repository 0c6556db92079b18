/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Areas of virtual memory, as kernels with page tables have them: a list for each process, and a
 * function that finds an area. The system call is writev: userspace passes an array of pairs.
 *
 * What is mapped for a process is mapped for the kernel, too, at the same address, while its system
 * call runs (R19). An area that is unmapped stays mapped for the kernel until no enter is open (R23). */
#include <procbuf.h>
#include <procbuf/capability.h>

#include <stdio.h>
#include <string.h>

/* [areas] */
struct area {
    struct area *next;
    procbuf_addr_t start, end;
    bool writable;
};

struct space {
    struct area *areas;
    struct procbuf_map map;
    bool exists;
    uint64_t birth;
};

enum { SPACES = 2, MOST_PIECES = 4 };
static struct space spaces[SPACES];
static struct procbuf_table space_table;

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

static bool space_is_live(uint32_t index, uint64_t birth, const void *data)
{
    const struct space *all = data;
    return index < SPACES && all[index].exists && all[index].birth == birth;
}

/* Find the area that holds an address. One that only begins above it is none: R22. */
static bool find_area(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const struct space *space = data;
    for (const struct area *area = space->areas; area != NULL; area = area->next) {
        if (area->start <= addr && addr < area->end) {
            *region_out = (struct procbuf_region){ area->start, area->end,
                                                   area->writable ? PROCBUF_ACCESS_READ_WRITE
                                                                  : PROCBUF_ACCESS_READ };
            return true;
        }
    }
    return false;
}

/* Other threads of the process may unmap at any time: so what is lent is rechecked. */
static struct procbuf_lender caller(uint32_t index)
{
    const struct space *space = &spaces[index];
    return procbuf_lender_rechecked(
        &space->map, procbuf_id_new_external(&space_table, index, space->birth, &trusted));
}

/* The driver: a device that takes as many bytes as it has room for, and is asked again later. */
static enum procbuf_error device_write(struct procbuf_reader *pieces, size_t room, size_t *done_out)
{
    char line[32];
    const size_t most = room < sizeof line ? room : sizeof line;
    const enum procbuf_error error = procbuf_reader_read(pieces, line, most, done_out);
    if (error == PROCBUF_OK)
        fwrite(line, 1, *done_out, stdout);
    return error;
}

/* The system call: the array is copied once, and every pair is built from the copy. */
static enum procbuf_error syscall_writev(uint32_t process, procbuf_addr_t array, size_t count,
                                         struct procbuf_readonly pieces[MOST_PIECES],
                                         size_t *bad_pair_out)
{
    const struct procbuf_lender lender = caller(process);
    return procbuf_error_to_code(
        procbuf_readonly_build_vector(&lender, array, count, pieces, MOST_PIECES, bad_pair_out));
}
/* [areas] */

static struct {
    struct procbuf_pair array[3];
    char text[32];
} user; /* one area */
static char library[16] = "mapped library\n"; /* another, to read only */

int main(void)
{
    static struct area second = { NULL, 0, 0, false }, first = { &second, 0, 0, true };
    struct procbuf_readonly pieces[MOST_PIECES];
    const procbuf_addr_t array = (procbuf_addr_t)user.array, text = (procbuf_addr_t)user.text;
    size_t bad = 0, done = 0;
    first.start = (procbuf_addr_t)&user;
    first.end = first.start + sizeof user;
    second.start = (procbuf_addr_t)library;
    second.end = second.start + sizeof library;
    procbuf_table_init_external(&space_table, space_is_live, spaces);
    spaces[0] = (struct space){ .areas = &first, .exists = true, .birth = 1 };
    spaces[0].map = procbuf_map_of_lookup(find_area, &spaces[0], &trusted);

    memcpy(user.text, "from two areas: ", 17);
    user.array[0] = (struct procbuf_pair){ text, 16 };
    user.array[1] = (struct procbuf_pair){ 0, 0 };
    user.array[2] = (struct procbuf_pair){ second.start, 15 };
    if (syscall_writev(0, array, 3, pieces, &bad) != PROCBUF_OK)
        return 1;
    struct procbuf_reader reader = procbuf_reader_over(pieces, 3);
    if (device_write(&reader, 20, &done) != PROCBUF_OK || done != 20)
        return 1;

    /* Another thread unmaps the library between two pieces: the rest is not read. */
    first.next = NULL;
    if (device_write(&reader, 20, &done) != PROCBUF_NO_SUCH_APP)
        return 1;
    first.next = &second; /* and maps it again */
    if (device_write(&reader, 20, &done) != PROCBUF_OK || done != 11)
        return 1;

    /* A wrong third pair: INVAL, which pair it was, and nothing stays built. */
    user.array[2].len = 17;
    if (syscall_writev(0, array, 3, pieces, &bad) != PROCBUF_INVAL || bad != 2 ||
        procbuf_readonly_addr(&pieces[0]) != 0)
        return 1;

    /* A wrong array: half of it is not mapped, or it has too many pairs. */
    return syscall_writev(0, first.end - sizeof user.array[0] / 2, 1, pieces, &bad) !=
               PROCBUF_INVAL ||
           syscall_writev(0, array, (size_t)1 << 20, pieces, &bad) != PROCBUF_SIZE;
}
