/* procbuf-expect: what the model expects of a trace or a sequence, as JSON. See usage().
 *
 * The library is not called: what it must do is worked out from lib/CONTRACT.md alone, call by
 * call. From this ./fuzz/repro makes C tests.
 */
#include "arena.h"
#include "files.h"
#include "model.h"
#include "results.h"

#include <procbuf.h>

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *out)
{
    fputs("usage: procbuf-expect [--operation N] FILE\n"
          "\n"
          "Prints what the contract expects of a trace (text, or - for standard input), up to "
          "operation\n"
          "N, as JSON, an object a line: \"world\", \"create\" and \"fill\", \"op\" and \"leave\", "
          "\"state\".\n"
          "Of a sequence, the same for each member in turn; N is an operation of the last one.\n"
          "Addresses are as in the arena, which begins at \"base\"; spans count from there.\n"
          "\n"
          "Exit status: 0 printed; 2 bad arguments, or a file that cannot be read.\n",
          out);
}

static struct trace trace;
static unsigned position, last_position;
static uint8_t known_bytes[ARENA_LEN]; /* as printed so far */
static uint8_t is_opaque[ARENA_LEN];   /* the library's own: not for anyone to compare */

/* ---- JSON ---- */

static void print_spans(const char *name, const struct span *spans, unsigned count)
{
    printf(",\"%s\":[", name);
    for (unsigned s = 0; s < count; s++)
        printf("%s[%u,%u]", s == 0 ? "" : ",", spans[s].start, spans[s].end);
    putchar(']');
}

static void print_outcome(const struct outcome *outcome)
{
    printf(",\"outcome\":{\"kind\":%d,\"name\":\"%s\",\"reason\":\"%s\",\"values\":[",
           (int)outcome->kind, outcome_name(outcome->kind, outcome->status),
           model_error_name((unsigned)outcome->reason));
    for (unsigned v = 0; v < outcome->value_count; v++) {
        const char kind = outcome->values[v].kind;
        const uint64_t number = outcome->values[v].value;
        printf("%s[\"%c\",", v == 0 ? "" : ",", kind);
        if (kind == 't')
            printf("\"%s\"]", (const char *)(uintptr_t)number);
        else
            printf("%" PRIu64 "]", number);
    }
    fputs("]}", stdout);
}

static void print_hooks(const struct expectation *access)
{
    static const char *const names[] = { "open", "close", "protect", "barrier", "panic" };
    fputs(",\"hooks\":[", stdout);
    for (unsigned h = 0; h < access->hook_count; h++) {
        const struct hook *hook = &access->hooks[h];
        printf("%s{\"kind\":\"%s\",\"addr\":%" PRIu64 ",\"len\":%" PRIu64
               ",\"writable\":%d,\"part\":%d,\"answer\":%d,\"process\":%u,\"identifier\":%" PRIu64
               ",\"flash_start\":%" PRIu64 ",\"flash_protected_end\":%" PRIu64
               ",\"flash_end\":%" PRIu64 ",\"app_break\":%" PRIu64 ",\"kernel_break\":%" PRIu64
               ",\"mem_end\":%" PRIu64 "}",
               h == 0 ? "" : ",", names[hook->kind], hook->addr, hook->len, hook->writable,
               hook->part != NULL, hook->answer, hook->process_index, hook->identifier,
               hook->flash_start, hook->flash_protected_end, hook->flash_end, hook->app_break,
               hook->kernel_break, hook->mem_end);
    }
    fputs("],\"acts\":[", stdout);
    for (unsigned a = 0; a < access->act_count; a++) {
        const struct act *act = &access->acts[a];
        printf("%s{\"at_hook\":%d,\"of_life\":%d,\"trigger\":%u,\"target\":%u,\"value\":%u}",
               a == 0 ? "" : ",", act->at_hook, act->of_life, act->trigger, act->target,
               act->value);
    }
    putchar(']');
}

/* Which bytes changed since they were last printed. */
static void print_bytes(void)
{
    const char *separator = "";
    fputs(",\"bytes\":[", stdout);
    for (uint32_t at = 0; at < ARENA_LEN; at++) {
        if (model.bytes[at] == known_bytes[at] || is_opaque[at])
            continue;
        printf("%s[%u,\"", separator, at);
        for (; at < ARENA_LEN && model.bytes[at] != known_bytes[at] && !is_opaque[at]; at++) {
            printf("%02x", model.bytes[at]);
            known_bytes[at] = model.bytes[at];
        }
        fputs("\"]", stdout);
        separator = ",";
    }
    putchar(']');
}

static void print_slice(uint64_t number)
{
    const struct model_slice *slice = &model.slices[number];
    printf(",\"slice\":{\"number\":%" PRIu64
           ",\"writable\":%d,\"dummy\":%d,\"span\":[%u,%u],\"wild\":%" PRIu64 "}",
           number, slice->writable, slice->dummy, slice->span.start, slice->span.end, slice->wild);
}

/* An operation's line, but for its end. */
static void begin_op(const struct op *op)
{
    printf("{\"type\":\"op\",\"position\":%u,\"op\":\"%s\",\"operands\":[", position,
           op_table[op->code].text);
}

static void print_operands(const struct call *call)
{
    const char *kinds = op_table[call->op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const struct operand *operand = &call->op->operands[k];
        printf("%s{\"kind\":\"%c\",\"value\":%" PRIu64 ",\"is_place\":%d", k == 0 ? "" : ",",
               kinds[k], call->args[k],
               kind_is_value(kinds[k]) && operand->anchor >= ANCHOR_RAM &&
                   operand->anchor != ANCHOR_LEN);
        if (kinds[k] == 'z') /* a distance is counted from the break */
            printf(",\"from\":%" PRIu64, model.processes[call->args[0]].app_break);
        putchar('}');
    }
    putchar(']');
}

/* ---- Operations ---- */

static bool is_done(void)
{
    return position > last_position || position >= trace.op_count;
}

static void mark_opaque(struct span span)
{
    memset(&is_opaque[span.start], 1, span.end - span.start);
}

static void print_prediction(const struct prediction *p)
{
    printf(",\"rule\":\"%s\"", p->rule);
    print_outcome(&p->outcome);
    print_spans("reads", p->access.reads, p->access.read_count);
    print_spans("writes", p->access.writes, p->access.write_count);
    print_hooks(&p->access);
    print_spans("opaque", &p->access.opaque, 1);
    mark_opaque(p->access.opaque);
}

/* A driver's data begin where the library says that its slots end. */
static void declare(const struct call *call)
{
    struct model_driver *driver = &model.drivers[call->args[0]];
    const struct procbuf_driver_config config = {
        .grant_number = driver->grant_number,
        .driver_number = driver->driver_number,
        .readonly_count = driver->slot_counts[0],
        .readwrite_count = driver->slot_counts[1],
        .data_align = driver->data_align,
    };
    driver->data_offset = (uint32_t)procbuf_grant_len(&config);
    printf(",\"driver\":{\"grant\":%u,\"number\":%u,\"readonly\":%u,\"readwrite\":%u,\"len\":%u,"
           "\"align\":%u}",
           driver->grant_number, driver->driver_number, driver->slot_counts[0],
           driver->slot_counts[1], driver->len, driver->data_align);
}

/* Returns: false if the operation is none of userspace's. */
static bool user_op(const struct call *call)
{
    struct prediction p;
    if (op_table[call->op->code].how != HOW_USER)
        return false;
    model_predict(call, &p);
    const bool done = p.outcome.kind == OUTCOME_DONE;
    if (done && call->op->code == OP_FILL) {
        const struct model_process *process = &model.processes[call->args[0]];
        print_spans("filled",
                    &(struct span){ (uint32_t)(process->mem_start - ARENA_BASE),
                                    (uint32_t)(process->app_break - ARENA_BASE) },
                    1);
    }
    if (done && (call->op->code == OP_DECLARE_DRIVER || call->op->code == OP_DECLARE_DRIVER_WITH))
        declare(call);
    print_outcome(&p.outcome);
    return true;
}

static void iterate(const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    print_slice(call->args[0]);
    fputs(",\"steps\":[", stdout);
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        model_predict_iter(slice, step, p);
        if (p->outcome.kind == OUTCOME_NO)
            break;
        printf("%s%" PRIu64, step == 0 ? "" : ",", p->outcome.values[0].value);
    }
    putchar(']');
}

static void walk_chunks(const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    print_slice(call->args[0]);
    fputs(",\"steps\":[", stdout);
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        struct span chunk;
        model_predict_chunk(slice, step, call->args[1], p, &chunk);
        if (p->outcome.kind == OUTCOME_NO)
            break;
        printf("%s[%u,%u]", step == 0 ? "" : ",", chunk.start, chunk.end);
    }
    putchar(']');
}

static void restart_many(const struct call *call, struct prediction *p)
{
    const uint64_t most = ((uint64_t)1 << call->args[1]) + call->args[2];
    uint64_t count = p->outcome.kind == OUTCOME_YES;
    while (p->outcome.kind == OUTCOME_YES && count < most) {
        model_predict(call, p);
        count += p->outcome.kind == OUTCOME_YES;
    }
    printf(",\"count\":%" PRIu64 ",\"refusal\":\"%s\"", count,
           p->outcome.kind == OUTCOME_NO ? model_error_name((unsigned)p->outcome.reason) : "");
}

static void run_block(void);

/* Step over a block that is not entered. */
static void skip_block(void)
{
    for (unsigned depth = 1; depth > 0 && position < trace.op_count; position++) {
        depth += op_opens_block(trace.ops[position].code);
        depth -= trace.ops[position].code == OP_END;
    }
}

static unsigned block_end(void)
{
    int depth = 0;
    for (unsigned o = position; o < trace.op_count; o++) {
        depth += op_opens_block(trace.ops[o].code);
        depth -= trace.ops[o].code == OP_END;
        if (depth == 0)
            return o;
    }
    return trace.op_count;
}

static void enter(const struct call *call, const struct prediction *p)
{
    const uint8_t code = call->op->code;
    const bool of_driver = code == OP_DRIVER_ENTER;
    const unsigned number = (unsigned)call->args[of_driver ? 2 : 1];
    const bool runs = p->outcome.kind == OUTCOME_PROCESS_ERROR && p->outcome.status == 0;
    print_bytes();
    printf(",\"enters\":%d,\"end\":%u", runs, block_end());
    position++;
    if (!runs) {
        puts("}");
        skip_block();
        return;
    }
    if (of_driver)
        model_enter_driver((unsigned)call->args[0], model.ids[call->args[1]].slot, number);
    else
        model_enter((unsigned)call->args[0] + (code == OP_MUT_ENTER ? TRACE_BUFFER_COUNT : 0),
                    number, code == OP_MUT_ENTER);
    print_slice(number);
    if (of_driver)
        printf(",\"data_len\":%u", model.drivers[call->args[0]].data_len);
    puts("}");
    run_block();
    model_leave();
    puts("{\"type\":\"leave\"}");
    position++;
}

static void ask_driver(const struct call *call, struct prediction *p)
{
    const bool asks = model_asks_driver(p);
    print_bytes();
    printf(",\"enters\":%d,\"end\":%u}\n", asks, block_end());
    position++;
    if (!asks) {
        skip_block();
        return;
    }
    run_block();
    model_driver_answers(call, p);
    fputs("{\"type\":\"leave\"", stdout);
    print_outcome(&p->outcome);
    puts("}");
    position++;
}

static bool makes_slice(uint8_t code)
{
    return (code >= OP_RANGE && code <= OP_RANGE_TO) || code == OP_AS_READABLE ||
           code == OP_ELEMENT;
}

/* Of an operation in which a foreign process lends by a map: the life in which it does. */
static void print_lending(const struct call *call)
{
    if (strstr(op_table[call->op->code].operands, "Mfl") != NULL)
        printf(",\"foreign\":[1,%" PRIu64 "]", model.foreign[call->args[2]].identifier);
}

/* The addresses of what a vector's registers hold now. */
static void print_registers(const struct call *call, unsigned most)
{
    const unsigned first = (unsigned)call->args[0], left = TRACE_BUFFER_COUNT - first;
    fputs(",\"registers\":[", stdout);
    for (unsigned b = 0; b < most && b < left; b++) {
        const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0) + b];
        printf("%s%" PRIu64, b == 0 ? "" : ",", buffer->len == 0 ? 0 : buffer->addr);
    }
    putchar(']');
}

static void library_op(const struct call *call)
{
    struct prediction p;
    const uint8_t code = call->op->code;
    print_lending(call);
    /* Of a slice that is cut, what it was before. */
    const bool was_writable =
        op_table[code].operands[0] == 's' && model.slices[call->args[0]].writable;
    printf(",\"was_writable\":%d", was_writable);
    model_predict(call, &p);
    print_prediction(&p);
    printf(",\"lookups\":%u", model.lookups.count);
    if (code == OP_ALLOW_USERSPACE_READABLE_WITH) {
        ask_driver(call, &p);
        return;
    }
    if (op_opens_block(code)) {
        enter(call, &p);
        return;
    }
    if (p.outcome.kind == OUTCOME_SKIPPED)
        ;
    else if (code == OP_ITERATE)
        iterate(call, &p);
    else if (code == OP_CHUNKS && call->args[1] != 0)
        walk_chunks(call, &p);
    else if (code == OP_RESTART_MANY)
        restart_many(call, &p);
    else if (makes_slice(code) && (p.outcome.kind == OUTCOME_YES || p.outcome.kind == OUTCOME_DONE))
        print_slice(call->args[1]);
    else if (code == OP_FROM_ARRAY || code == OP_FROM_ARRAY_MUT || code == OP_SLICE_LEN)
        print_slice(call->args[0]);
    if (code == OP_READER_OVER || code == OP_WRITER_OVER) {
        const struct model_stream *stream = code == OP_READER_OVER ? &model.reader : &model.writer;
        printf(",\"stream\":[%u,%u]", stream->first % TRACE_BUFFER_COUNT, stream->count);
    }
    if ((code == OP_FOREIGN_START || code == OP_FOREIGN_END)) {
        const struct model_foreign *foreign = &model.foreign[call->args[0]];
        printf(",\"foreign\":[%d,%" PRIu64 "]", foreign->live, foreign->identifier);
    }
    if (code == OP_TAKE_FOREIGN_ID || code == OP_FOREIGN_READONLY || code == OP_FOREIGN_READWRITE)
        printf(",\"foreign\":[1,%" PRIu64 "]", model.foreign[call->args[1]].identifier);
    if (code == OP_READONLY_VECTOR || code == OP_READWRITE_VECTOR)
        print_registers(call, (unsigned)call->args[4]);
    if (code == OP_MAP_READONLY_VECTOR || code == OP_MAP_READWRITE_VECTOR)
        print_registers(call, (unsigned)call->args[6]);
    if (code == OP_LOOKUP || code == OP_LEAVE_GRANT)
        printf(",\"of_other\":%d", model_id_is_others(&model.ids[call->args[0]]));
    print_bytes();
    puts("}");
    position++;
}

static void run_op(const struct op *op)
{
    struct call call;
    if (!op_prepares(op->code))
        model_op_begin();
    if (!model_resolve(op, &call)) {
        position++;
        if (op_opens_block(op->code))
            skip_block();
        return;
    }
    begin_op(op);
    print_operands(&call);
    if (user_op(&call)) {
        print_bytes();
        puts("}");
        position++;
        return;
    }
    library_op(&call);
}

static void run_block(void)
{
    while (!is_done() && trace.ops[position].code != OP_END)
        run_op(&trace.ops[position]);
}

/* ---- The world ---- */

static void lay_out(void)
{
    uint64_t at = (uint64_t)ARENA_BASE + ARENA_PROCESSES;
    unsigned slot = 0;
    for (unsigned i = 0; i < trace.process_count; i++) {
        const struct layout *layout = &trace.processes[i];
        struct prediction p = { .rule = "P4" };
        const uint64_t low = at + layout->gap;
        const uint64_t high =
            low + (layout->flash_above ? layout->ram : layout->flash) + layout->apart;
        const uint64_t end = high + (layout->flash_above ? layout->flash : layout->ram);
        const uint64_t args[8] = { layout->flash_above ? high : low,
                                   layout->flash,
                                   layout->protected_len,
                                   layout->flash_above ? low : high,
                                   layout->ram,
                                   layout->app,
                                   layout->kernel,
                                   layout->restarts };
        if (end > (uint64_t)ARENA_BASE + ARENA_FOREIGN)
            continue; /* it has no room */
        at = end;
        model_predict_create(args, &p);
        printf("{\"type\":\"create\",\"slot\":%u,\"args\":[", slot);
        for (unsigned a = 0; a < 8; a++)
            printf("%s%" PRIu64, a == 0 ? "" : ",", args[a]);
        putchar(']');
        print_prediction(&p);
        print_bytes();
        puts("}");
        const struct span filled = model_fill(slot, 0);
        printf("{\"type\":\"fill\",\"slot\":%u", slot);
        print_spans("filled", &filled, 1);
        print_bytes();
        puts("}");
        slot++;
    }
}

/* ---- The end ---- */

static void print_process(const struct model_process *p, unsigned slot)
{
    printf("%s{\"used\":%d,\"state\":%d,\"stopped_from\":%d,\"yielded_for\":%u,\"completion\":%u,"
           "\"code\":%u,\"restarts\":%u,\"mem_start\":%" PRIu64 ",\"mem_end\":%" PRIu64
           ",\"flash_start\":%" PRIu64 ",\"flash_protected_end\":%" PRIu64 ",\"flash_end\":%" PRIu64
           ",\"app_break\":%" PRIu64 ",\"kernel_break\":%" PRIu64 ",\"mark\":%" PRIu64 "}",
           slot == 0 ? "" : ",", p->used, (int)p->state, (int)p->stopped_from, p->yielded_for,
           p->completion, p->completion == 2 ? p->completion_code : 0, p->restart_count,
           p->mem_start, p->mem_end, p->flash_start, p->flash_protected_end, p->flash_end,
           p->app_break, p->kernel_break, p->mark);
}

static void print_state(void)
{
    fputs("{\"type\":\"state\",\"processes\":[", stdout);
    for (unsigned slot = 0; slot < model.slot_count; slot++)
        print_process(&model.processes[slot], slot);
    fputs("],\"buffers\":[", stdout);
    const char *separator = "";
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *buffer = &model.buffers[b];
        if (!buffer->filled || buffer->from_slot)
            continue;
        printf("%s[%u,%" PRIu64 "]", separator, b,
               model_buffer_is_live(buffer) ? buffer->len : (uint64_t)0);
        separator = ",";
    }
    fputs("],\"ids\":[", stdout);
    separator = "";
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++) {
        if (!model.ids[d].taken)
            continue;
        printf("%s[%u,%d]", separator, d, model_id_is_live(&model.ids[d]));
        separator = ",";
    }
    puts("]}");
}

static void print_member(unsigned last)
{
    last_position = last;
    position = 0;
    model_reset();
    memcpy(known_bytes, model.bytes, sizeof known_bytes);
    memset(is_opaque, 0, sizeof is_opaque);
    model.slot_count = trace.process_count < TRACE_MAX_PROCESSES ? trace.process_count + 1
                                                                 : (unsigned)TRACE_MAX_PROCESSES;
    printf("{\"type\":\"world\",\"base\":%" PRIu64
           ",\"processes_at\":%d,\"foreign_at\":%d,\"len\":%d,"
           "\"in\":%d,\"out\":%d,"
           "\"scratch\":%d,\"slots\":%u,\"grants\":%d,\"foreign_len\":%d,\"address_max\":%" PRIu64
           "}\n",
           (uint64_t)ARENA_BASE, ARENA_PROCESSES, ARENA_FOREIGN, ARENA_LEN, ARENA_IN, ARENA_OUT,
           ARENA_SCRATCH, model.slot_count, MODEL_GRANT_COUNT, MODEL_FOREIGN_LEN,
           (uint64_t)UINTPTR_MAX);
    lay_out();
    run_block();
    print_state();
}

int main(int argc, char **argv)
{
    int at = 1;
    unsigned last = UINT_MAX;
    if (at < argc && strcmp(argv[at], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (at + 1 < argc && strcmp(argv[at], "--operation") == 0) {
        char *end;
        const unsigned long number = strtoul(argv[at + 1], &end, 10);
        if (*end != '\0' || end == argv[at + 1] || number > UINT_MAX) {
            fprintf(stderr, "procbuf-expect: no number of an operation: %s\n", argv[at + 1]);
            return 2;
        }
        last = number == 0 ? 0 : (unsigned)number - 1;
        at += 2;
    }
    if (argc - at != 1) {
        usage(stderr);
        return 2;
    }
    static struct sequence members;
    if (!file_read_inputs(argv[at], NULL, &members))
        return 2;
    arena_map();
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        print_member(m + 1 == members.count ? last : UINT_MAX);
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
