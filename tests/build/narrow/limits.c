/* What only a target of 32 bits can ask for: more slots than a size_t can count the bytes of. Contract: G6. */
#include <procbuf.h>

#include <stdint.h>
#include <stdio.h>

static int wrong;

static void expect(struct procbuf_driver_config config, size_t len)
{
    const size_t said = procbuf_grant_len(&config);
    if (said == len)
        return;
    printf("%u and %u slots, %zu bytes of data: expected %zu, said %zu\n",
           (unsigned)config.readonly_count, (unsigned)config.readwrite_count, config.data_len, len,
           said);
    wrong = 1;
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
    return wrong;
}
