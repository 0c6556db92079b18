/* The calls that a driver makes all the time, in each of the three kinds of kernel, to be counted by callgrind. */
#include <procbuf.h>
#include <procbuf/capability.h>

enum { CALLS = 1000, MOST = 16 };

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

static uint8_t ram[64 * MOST];

/* What a kernel's own code takes, which is not counted: it is apart. */
__attribute__((noinline)) static bool is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return index == 1 && identifier == 5;
}

static void read_nothing(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
}

/* One function for each row of the table, so that callgrind distinguishes them; compilers would make one of those
 * that are alike. */
#define APART(name) __asm__ volatile("# " #name)
#define ROW(name)                                                                                  \
    __attribute__((noinline)) enum procbuf_error name(const struct procbuf_lender *lender,         \
                                                      struct procbuf_readonly *buffer)             \
    {                                                                                              \
        APART(name);                                                                               \
        return procbuf_readonly_build_from(lender, (procbuf_addr_t)ram, sizeof ram, buffer);       \
    }
ROW(row_build_1)
ROW(row_build_8)
ROW(row_build_16)

__attribute__((noinline)) enum procbuf_error row_build_process(struct procbuf_process *process,
                                                               struct procbuf_readonly *buffer)
{
    return procbuf_readonly_build(process, (procbuf_addr_t)ram, sizeof ram, buffer);
}

__attribute__((noinline)) void row_external(struct procbuf_id id, struct procbuf_readonly *buffer)
{
    *buffer = procbuf_readonly_new_external((procbuf_addr_t)ram, sizeof ram, id, &trusted);
}

#define ENTER(name)                                                                                \
    __attribute__((noinline)) enum procbuf_error name(const struct procbuf_readonly *buffer)       \
    {                                                                                              \
        APART(name);                                                                               \
        return procbuf_readonly_enter(buffer, read_nothing, NULL);                                 \
    }
ENTER(row_enter_process)
ENTER(row_enter_external)
ENTER(row_enter_pinned)
ENTER(row_enter_rechecked)

/* As many regions as it has, one after another, of equal length. */
static struct procbuf_map map_of(struct procbuf_region *regions, size_t count)
{
    for (size_t r = 0; r < count; r++)
        regions[r] = (struct procbuf_region){ (procbuf_addr_t)&ram[r * (sizeof ram / count)],
                                              (procbuf_addr_t)&ram[r * (sizeof ram / count)] +
                                                  sizeof ram / count,
                                              PROCBUF_ACCESS_READ };
    return procbuf_map_of_regions(regions, count, &trusted);
}

int main(void)
{
    static struct procbuf_table table, tasks;
    static struct procbuf_process slots[1];
    static struct procbuf_region regions[3][MOST];
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)ram,
        .mem_len = sizeof ram,
        .initial_app_len = sizeof ram,
    };
    struct procbuf_process *process;
    struct procbuf_readonly ours, external, pinned, rechecked;
    procbuf_table_init(&table, slots, 1);
    procbuf_table_init_external(&tasks, is_live, NULL);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
        return 1;
    const struct procbuf_id id = procbuf_id_new_external(&tasks, 1, 5, &trusted);
    const struct procbuf_map one = map_of(regions[0], 1), eight = map_of(regions[1], 8),
                             sixteen = map_of(regions[2], MOST);
    const struct procbuf_lender lenders[] = { procbuf_lender_pinned(&one, id),
                                              procbuf_lender_pinned(&eight, id),
                                              procbuf_lender_pinned(&sixteen, id),
                                              procbuf_lender_rechecked(&one, id) };
    if (procbuf_readonly_build_from(&lenders[3], (procbuf_addr_t)ram, sizeof ram, &rechecked) !=
        PROCBUF_OK)
        return 1;
    for (int i = 0; i < CALLS; i++) {
        row_external(id, &external);
        if (row_build_process(process, &ours) != PROCBUF_OK ||
            row_build_8(&lenders[1], &pinned) != PROCBUF_OK ||
            row_build_16(&lenders[2], &pinned) != PROCBUF_OK ||
            row_build_1(&lenders[0], &pinned) != PROCBUF_OK ||
            row_enter_process(&ours) != PROCBUF_OK || row_enter_external(&external) != PROCBUF_OK ||
            row_enter_pinned(&pinned) != PROCBUF_OK ||
            row_enter_rechecked(&rechecked) != PROCBUF_OK)
            return 1;
    }
    return 0;
}
