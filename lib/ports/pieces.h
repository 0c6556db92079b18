/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* For units whose regions begin and end on any granule, and must not overlap, or need not: the windows
 * as pieces that do not. A byte may be written if any open window may write it. With more pieces than
 * regions, the two that are closest become one. A part of the ports that include it after regions.h.
 */
#ifndef PROCBUF_PORTS_PIECES_H
#define PROCBUF_PORTS_PIECES_H

static bool expresses(procbuf_addr_t start, procbuf_addr_t end)
{
    return start == end || (start % GRANULE == 0 && end % GRANULE == 0);
}

static procbuf_addr_t rounded_down(procbuf_addr_t addr)
{
    return addr - addr % GRANULE;
}

static procbuf_addr_t rounded_up(procbuf_addr_t addr)
{
    return rounded_down(addr + GRANULE - 1);
}

static struct region region_of_window(const struct region *window)
{
    return (struct region){ rounded_down(window->start), rounded_up(window->end), window->right };
}

/* Where windows begin or end, in order. Returns: how many. */
static unsigned window_edges(procbuf_addr_t edges_out[MOST_PIECES])
{
    unsigned count = 0;
    for (unsigned w = 0; w < 2 * window_count; w++) {
        const struct region *window = &windows[w / 2];
        const procbuf_addr_t edge =
            w % 2 == 0 ? rounded_down(window->start) : rounded_up(window->end);
        unsigned at = count++;
        for (; at > 0 && edges_out[at - 1] > edge; at--)
            edges_out[at] = edges_out[at - 1];
        edges_out[at] = edge;
    }
    return count;
}

static void join_closest(struct region *pieces, unsigned *count)
{
    unsigned best = 0;
    for (unsigned p = 1; p + 1 < *count; p++)
        if (pieces[p + 1].start - pieces[p].end < pieces[best + 1].start - pieces[best].end)
            best = p;
    pieces[best].end = pieces[best + 1].end;
    if (pieces[best + 1].right == KERNEL_READ_WRITE)
        pieces[best].right = KERNEL_READ_WRITE;
    for (unsigned p = best + 1; p + 1 < *count; p++)
        pieces[p] = pieces[p + 1];
    (*count)--;
}

/* In order; none overlap, or touch with the same right. */
static unsigned regions_of_windows(struct region pieces_out[MOST_PIECES])
{
    procbuf_addr_t edges[MOST_PIECES];
    const unsigned edge_count = window_edges(edges);
    unsigned count = 0;
    for (unsigned e = 1; e < edge_count; e++) {
        struct region piece = { edges[e - 1], edges[e], KERNEL_READ };
        bool open = false;
        for (unsigned w = 0; w < window_count; w++) {
            if (rounded_down(windows[w].start) > piece.start ||
                rounded_up(windows[w].end) < piece.end)
                continue;
            open = true;
            if (windows[w].right == KERNEL_READ_WRITE)
                piece.right = KERNEL_READ_WRITE;
        }
        if (!open || piece.start == piece.end)
            continue;
        struct region *last = count == 0 ? NULL : &pieces_out[count - 1];
        if (last != NULL && last->end == piece.start && last->right == piece.right)
            last->end = piece.end;
        else
            pieces_out[count++] = piece;
    }
    while (count > REGIONS)
        join_closest(pieces_out, &count);
    return count;
}

#endif
