/* Regions in pieces: as much is permitted, by more regions.
 *
 * Included by whoever makes maps of them: run_maps.c, and tests in C that ./fuzz/repro writes, which
 * take this file over whole. So it needs the library's headers alone. */
#ifndef FUZZ_PIECES_H
#define FUZZ_PIECES_H

#include <procbuf.h>

enum { MOST_PIECES = 80 }; /* of a region */

/* How long they are: as asked for, if so many are enough. */
static procbuf_addr_t piece_len(const struct procbuf_region *region, procbuf_addr_t asked)
{
    const procbuf_addr_t len = region->end - region->start;
    const procbuf_addr_t least = len == 0 ? 1 : (len - 1) / MOST_PIECES + 1;
    return asked < least ? least : asked;
}

/* The one that begins there. A region whose end is not above its start is one piece. */
static struct procbuf_region piece_at(const struct procbuf_region *region, procbuf_addr_t start,
                                      procbuf_addr_t asked)
{
    const procbuf_addr_t len = piece_len(region, asked);
    struct procbuf_region piece = *region;
    piece.start = start;
    if (start < region->end && region->end - start > len)
        piece.end = start + len;
    return piece;
}

/* The one that holds an address of the region. */
static inline struct procbuf_region piece_with(const struct procbuf_region *region,
                                               procbuf_addr_t addr, procbuf_addr_t asked)
{
    const procbuf_addr_t before = (addr - region->start) % piece_len(region, asked);
    return piece_at(region, addr - before, asked);
}

/* All of so many regions, the last one first, at the end of an array that has room for MOST_PIECES of each.
 * Returns: how many. */
static inline size_t cut(const struct procbuf_region *regions, size_t count, procbuf_addr_t asked,
                         struct procbuf_region *end_of_pieces)
{
    struct procbuf_region *at = end_of_pieces;
    for (size_t r = 0; r < count; r++) {
        procbuf_addr_t start = regions[r].start;
        do {
            *--at = piece_at(&regions[r], start, asked);
            start = at->end;
        } while (start != regions[r].end);
    }
    return (size_t)(end_of_pieces - at);
}

#endif
