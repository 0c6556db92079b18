/* What the examples in the comments of the headers use, and do not declare. */
#include <procbuf.h>
#include <procbuf/capability.h>

struct row {
    uint32_t number;
};
struct request {
    uint32_t number;
};

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);
extern struct procbuf_table table;
extern struct procbuf_process *process;
extern struct procbuf_id id, caller;
extern struct procbuf_driver console;
extern struct procbuf_lender lender;
extern struct procbuf_readonly buffer;
extern struct procbuf_readable slice, text;
extern procbuf_addr_t addr;
extern size_t len, count;
extern uint32_t number, slot;
extern unsigned sum;
extern uint8_t fifo[16], ram[1024];

const struct procbuf_driver *driver_of(uint32_t driver_number);
void return_to_process(enum procbuf_error code, procbuf_addr_t range_addr, size_t range_len);
void send(const uint8_t *bytes, size_t bytes_len);
procbuf_read_body print_text;
