/* Steps at an offset, readers and writers. Contract: H7, H8. */
#include "rules.h"

/* What a step finds, once its buffer is entered: how much is after the offset. */
struct found {
    const struct model_buffer *buffer;
    uint64_t rest;
};

/* The first half of a step: the buffer lives, is opened, and has the offset. Returns: the error. */
static int enter_at(struct model *m, const struct model_buffer *buffer, uint64_t offset,
                    bool writable, struct found *found_out, struct prediction *p)
{
    found_out->buffer = buffer;
    found_out->rest = 0;
    if (!model_asks_whether_live(m, buffer, p))
        return NO_SUCH_APP;
    if (buffer->len != 0)
        opens(m, p, HOOK_OPEN, buffer->addr, buffer->len, writable);
    if (offset > buffer->len)
        return ADDRESS_OUT_OF_BOUNDS;
    found_out->rest = buffer->len - offset;
    return OK;
}

/* The other half. A dead buffer was not opened. */
static void leave(struct model *m, const struct found *found, int error, bool writable,
                  struct prediction *p)
{
    if (error != NO_SUCH_APP && found->buffer->len != 0)
        opens(m, p, HOOK_CLOSE, found->buffer->addr, found->buffer->len, writable);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Bytes that may overlap: all are read before one is written. */
static void moves(struct model *m, struct prediction *p, uint64_t from, uint64_t to, uint64_t len)
{
    static uint8_t bytes[ARENA_LEN];
    const uint32_t source = (uint32_t)(from - ARENA_BASE), target = (uint32_t)(to - ARENA_BASE);
    if (len == 0)
        return;
    may_read(p, source, source + (uint32_t)len);
    may_write(p, target, target + (uint32_t)len);
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = m->bytes[source + i];
    for (uint32_t i = 0; i < len; i++)
        m->bytes[target + i] = bytes[i];
}

/* Whether the kernel has an array so long, to write what is there from a pattern on, or to read into. */
static bool has_array(const struct model *m, uint64_t len)
{
    return len <= arena_out_len(m->is_large);
}

/* ---- H7 ---- */

void predict_at(struct model *m, const struct call *call, struct prediction *p)
{
    const bool writing = call->op->code == OP_WRITE_AT;
    const struct model_buffer *buffer = &m->buffers[model_buffer_named(call, 0)];
    const uint64_t offset = call->args[1];
    struct found found;
    if (!has_array(m, call->args[2])) {
        skips(p, "R13");
        return;
    }
    RULE("H7");
    const int error = enter_at(m, buffer, offset, writing, &found, p);
    const uint64_t len = least(call->args[2], found.rest);
    RULE("H7");
    leave(m, &found, error, writing, p);
    answers(p, OUTCOME_PROCESS_ERROR, error);
    if (error != OK)
        return;
    answers_with(p, 'l', len);
    if (writing)
        moves(m, p, (uint64_t)ARENA_BASE + arena_in(m->is_large) + call->args[3],
              found.buffer->addr + offset, len);
    else
        moves(m, p, found.buffer->addr + offset, (uint64_t)ARENA_BASE + arena_out(m->is_large),
              len);
}

/* ---- H8 ---- */

void predict_stream_over(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned first = (unsigned)call->args[0];
    const unsigned count = (unsigned)least(call->args[1], TRACE_BUFFER_COUNT - first);
    RULE("H8");
    answers(p, OUTCOME_DONE, 0);
    *(call->op->code == OP_WRITER_OVER ? &m->writer : &m->reader) =
        (struct model_stream){ .first = model_buffer_named(call, 0), .count = count };
}

static const struct model_buffer *buffer_now(struct model *m, const struct model_stream *stream)
{
    return model_stream_buffer(m, stream, stream->index);
}

/* Copies of so many registers from that one on, at least one, in turn: as they are now. */
void predict_stream_over_many(struct model *m, const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_WRITER_OVER_MANY;
    const uint64_t most = m->is_large ? TRACE_LONG_STREAM : TRACE_BUFFER_COUNT;
    const unsigned none = writable ? TRACE_BUFFER_COUNT : 0;
    const unsigned copied = call->args[1] == 0 ? 1 : (unsigned)call->args[1];
    if (call->args[2] > most) {
        skips(p, "T4"); /* the kernel has no such row */
        return;
    }
    RULE("H8");
    answers(p, OUTCOME_DONE, 0);
    for (unsigned n = 0; n < copied; n++)
        m->far->rows[writable][n] = m->buffers[none + (call->args[0] + n) % TRACE_BUFFER_COUNT];
    *(writable ? &m->writer : &m->reader) = (struct model_stream){
        .first = model_buffer_named(call, 0), .count = (unsigned)call->args[2], .copied = copied
    };
}

static void move_on(struct model_stream *stream, uint64_t len, uint64_t rest)
{
    stream->offset += len;
    if (len == rest) {
        stream->index++;
        stream->offset = 0;
    }
}

/* How many hooks a step calls of one side: each opens and closes its buffer, and first the slot that it is from. */
static unsigned hooks_of(const struct model_buffer *buffer)
{
    return (buffer->len != 0 ? 2 : 0) + (buffer->from_slot ? 2 : 0);
}

static uint64_t rest_of(const struct model_buffer *buffer, const struct model_stream *stream)
{
    return buffer->len - least(buffer->len, stream->offset);
}

/* Whether a call over a long stream calls more hooks than a prediction holds, as long as all
 * buffers live. `to` is null if the call has one stream. */
static bool is_too_long(struct model *m, struct model_stream from, const struct model_stream *to,
                        uint64_t want)
{
    enum { MOST = MAX_HOOKS - 8 }; /* two in a step are of a slot: there may be others */
    struct model_stream other = to != NULL ? *to : (struct model_stream){ 0 };
    unsigned hooks = 0;
    if (from.copied == 0 && other.copied == 0)
        return false;
    while (want > 0 && hooks <= MOST && from.index < from.count &&
           (to == NULL || other.index < other.count)) {
        const struct model_buffer *source = buffer_now(m, &from);
        const uint64_t rest = rest_of(source, &from);
        uint64_t len = least(want, rest);
        hooks += hooks_of(source);
        if (to != NULL) {
            const struct model_buffer *target = buffer_now(m, &other);
            const uint64_t room = rest_of(target, &other);
            len = least(len, room);
            hooks += hooks_of(target);
            move_on(&other, len, room);
        }
        move_on(&from, len, rest);
        want -= len;
    }
    return hooks > MOST;
}

/* What a call of several steps answers. Where nothing has moved, the streams stay. */
static void ends(struct prediction *p, int error, uint64_t done)
{
    answers(p, OUTCOME_PROCESS_ERROR, done == 0 ? error : OK);
    if (p->outcome.status == OK)
        answers_with(p, 'l', done);
}

void predict_stream(struct model *m, const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    const bool writing = code == OP_WRITER_WRITE || code == OP_WRITER_SKIP;
    const bool skipping = code == OP_READER_SKIP || code == OP_WRITER_SKIP;
    struct model_stream *stream = writing ? &m->writer : &m->reader;
    struct model_stream now = *stream;
    const uint64_t want = call->args[0];
    uint64_t done = 0;
    int error = OK;
    if (!skipping && !has_array(m, want)) {
        skips(p, "R13");
        return;
    }
    if (is_too_long(m, now, NULL, want)) {
        skips(p, "T4"); /* it does not fit into a prediction; shorter calls do */
        return;
    }
    p->access.stepwise = true;
    while (done < want && now.index < now.count && error == OK) {
        struct found found;
        error = enter_at(m, buffer_now(m, &now), now.offset, writing, &found, p);
        leave(m, &found, error, writing, p);
        if (error != OK)
            break;
        const uint64_t len = least(want - done, found.rest);
        const uint64_t at = found.buffer->addr + now.offset;
        if (writing && !skipping)
            moves(m, p, (uint64_t)ARENA_BASE + arena_in(m->is_large) + call->args[1] + done, at,
                  len);
        else if (!skipping)
            moves(m, p, at, (uint64_t)ARENA_BASE + arena_out(m->is_large) + done, len);
        move_on(&now, len, found.rest);
        done += len;
    }
    RULE("H8");
    ends(p, error, done);
    if (p->outcome.status == OK)
        *stream = now;
}

void predict_stream_copy(struct model *m, const struct call *call, struct prediction *p)
{
    struct model_stream from = m->reader, to = m->writer;
    const uint64_t want = call->args[0];
    uint64_t done = 0;
    int error = OK;
    if (is_too_long(m, from, &to, want)) {
        skips(p, "T4"); /* it does not fit into a prediction; shorter calls do */
        return;
    }
    p->access.stepwise = true;
    while (done < want && from.index < from.count && to.index < to.count && error == OK) {
        struct found source, target;
        uint64_t len = 0;
        error = enter_at(m, buffer_now(m, &from), from.offset, false, &source, p);
        if (error == OK) {
            error = enter_at(m, buffer_now(m, &to), to.offset, true, &target, p);
            len = least(want - done, least(source.rest, target.rest));
            if (error == OK)
                moves(m, p, source.buffer->addr + from.offset, target.buffer->addr + to.offset,
                      len);
            leave(m, &target, error, true, p);
            leave(m, &source, OK, false, p);
        } else {
            leave(m, &source, error, false, p);
        }
        if (error != OK)
            break;
        move_on(&from, len, source.rest);
        move_on(&to, len, target.rest);
        done += len;
    }
    RULE("H8");
    ends(p, error, done);
    if (p->outcome.status == OK) {
        m->reader = from;
        m->writer = to;
    }
}
