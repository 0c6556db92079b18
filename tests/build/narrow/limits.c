/* What only a target of 32 bits can ask for: more slots than a size_t can count the bytes of. Contract: G6. */
#include <procbuf.h>

#include <stdint.h>
#include <stdio.h>

static int wrong;

static void expect(struct procbuf_driver_config config, size_t len)
{
    const size_t said = procbuf_grant_len(&config);
    if (said == len || (said == SIZE_MAX && len >= SIZE_MAX - config.data_align))
        return; /* no memory is that long, whichever it is */
    printf("%u and %u slots, %zu bytes of data: expected %zu, said %zu\n",
           (unsigned)config.readonly_count, (unsigned)config.readwrite_count, config.data_len, len,
           said);
    wrong = 1;
}

/* Counts of slots around the last that leaves room for aligning what comes after them. */
static void expect_around(size_t slot_len, size_t align, uint64_t data_len)
{
    const uint64_t fit = ((uint64_t)1 << 32) / slot_len, room = align / slot_len;
    for (uint64_t count = fit - room - 2; count <= fit - room + 2; count++) {
        const uint64_t data = (count * slot_len + align - 1) / align * align;
        const uint64_t len = data + data_len;
        expect((struct procbuf_driver_config){ .readonly_count = (uint32_t)(count / 2),
                                               .readwrite_count = (uint32_t)(count - count / 2),
                                               .data_len = (size_t)data_len,
                                               .data_align = align },
               len > SIZE_MAX ? SIZE_MAX : (size_t)len);
    }
}

int main(void)
{
    struct procbuf_driver_config one = { .readonly_count = 1, .data_align = 8 };
    const size_t slot_len = procbuf_grant_len(&one);
    const uint32_t most =
        (uint32_t)((SIZE_MAX - 8) / slot_len); /* that fit, and alignment after them */
    expect((struct procbuf_driver_config){ .readonly_count = most, .data_align = 8 },
           most * slot_len);
    expect((struct procbuf_driver_config){ .readonly_count = most,
                                           .readwrite_count = 1,
                                           .data_align = 8 },
           SIZE_MAX);
    expect((struct procbuf_driver_config){ .readonly_count = UINT32_MAX,
                                           .readwrite_count = UINT32_MAX,
                                           .data_align = 8 },
           SIZE_MAX);
    expect((struct procbuf_driver_config){ .readonly_count = most,
                                           .data_len = SIZE_MAX,
                                           .data_align = 8 },
           SIZE_MAX);
    for (size_t align = 8; align <= (size_t)1 << 30; align *= 2) {
        expect_around(slot_len, align, 0);
        expect_around(slot_len, align, align - 1);
        expect_around(slot_len, align, align);
    }
    return wrong;
}
