/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The windows that are open, for ports whose unit locks the kernel out of process memory and has few
 * regions to open it again: a part of those ports, which each include it once.
 *
 * Opens nest and may overlap. The unit gets pieces that do not: a byte may be written if
 * any open window may write it. With more pieces than regions, the two that are closest become one:
 * the lock is weaker then, and never too strong. One processor.
 */
#ifndef PROCBUF_PORTS_WINDOWS_H
#define PROCBUF_PORTS_WINDOWS_H

#include <procbuf/port.h>

#ifndef PORT_MOST_WINDOWS /* that are open at once */
#define PORT_MOST_WINDOWS 16
#endif
enum { MOST_WINDOWS = PORT_MOST_WINDOWS, MOST_PIECES = 2 * MOST_WINDOWS };

struct window {
    procbuf_addr_t start, end;
    bool writable;
};
static struct window windows[MOST_WINDOWS]; /* outermost first */
static unsigned window_count;

static void window_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    if (window_count == MOST_WINDOWS)
        procbuf_port_panic("more windows than the port has room for");
    windows[window_count++] =
        (struct window){ addr, addr + len, access == PROCBUF_ACCESS_READ_WRITE };
}

/* Of two that are the same, the inner one. */
static void window_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    unsigned w = window_count;
    while (w-- > 0) {
        const struct window *window = &windows[w];
        if (window->start == addr && window->end == addr + len &&
            window->writable == (access == PROCBUF_ACCESS_READ_WRITE))
            break;
    }
    for (window_count--; w < window_count; w++)
        windows[w] = windows[w + 1];
}

static procbuf_addr_t rounded_down(procbuf_addr_t addr, procbuf_addr_t granule)
{
    return addr & ~(granule - 1);
}

static procbuf_addr_t rounded_up(procbuf_addr_t addr, procbuf_addr_t granule)
{
    return rounded_down(addr + granule - 1, granule);
}

/* Where something begins or ends, in order. Returns: how many. */
static unsigned window_edges(procbuf_addr_t granule, procbuf_addr_t edges[MOST_PIECES])
{
    unsigned count = 0;
    for (unsigned w = 0; w < 2 * window_count; w++) {
        const struct window *window = &windows[w / 2];
        const procbuf_addr_t edge =
            w % 2 == 0 ? rounded_down(window->start, granule) : rounded_up(window->end, granule);
        unsigned at = count++;
        for (; at > 0 && edges[at - 1] > edge; at--)
            edges[at] = edges[at - 1];
        edges[at] = edge;
    }
    return count;
}

static void join_closest(struct window *pieces, unsigned *count)
{
    unsigned best = 0;
    for (unsigned p = 1; p + 1 < *count; p++)
        if (pieces[p + 1].start - pieces[p].end < pieces[best + 1].start - pieces[best].end)
            best = p;
    pieces[best].end = pieces[best + 1].end;
    pieces[best].writable |= pieces[best + 1].writable;
    for (unsigned p = best + 1; p + 1 < *count; p++)
        pieces[p] = pieces[p + 1];
    (*count)--;
}

/* What is open, in whole granules: at most `most` pieces that neither overlap nor touch with the same
 * right, in order. Returns: how many. */
static unsigned window_pieces(procbuf_addr_t granule, unsigned most,
                              struct window pieces_out[MOST_PIECES])
{
    procbuf_addr_t edges[MOST_PIECES];
    const unsigned edge_count = window_edges(granule, edges);
    unsigned count = 0;
    for (unsigned e = 1; e < edge_count; e++) {
        struct window piece = { edges[e - 1], edges[e], false };
        bool open = false;
        for (unsigned w = 0; w < window_count; w++) {
            const bool covers = rounded_down(windows[w].start, granule) <= piece.start &&
                                rounded_up(windows[w].end, granule) >= piece.end;
            open |= covers;
            piece.writable |= covers && windows[w].writable;
        }
        if (!open || piece.start == piece.end)
            continue;
        struct window *last = count == 0 ? NULL : &pieces_out[count - 1];
        if (last != NULL && last->end == piece.start && last->writable == piece.writable)
            last->end = piece.end;
        else
            pieces_out[count++] = piece;
    }
    while (count > most)
        join_closest(pieces_out, &count);
    return count;
}

#endif
