/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Slices as arrays: elements of one length, with a checked product.
 *
 * For system calls that pass "n structures of this kind". The count may come from userspace. The
 * length of an element is the kernel's own, as in sizeof.
 *
 * @see Contract: S8.
 */
#ifndef PROCBUF_ELEMENTS_H
#define PROCBUF_ELEMENTS_H

#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A slice as an array that may be read.
 *
 * Holding one inside its enter proves: `count * element_len` bytes from its base may be read.
 *
 * It does not prove: that an element is aligned, or makes sense.
 *
 * @see Contract: S8. Tock: none.
 */
struct procbuf_readable_elements {
    PROCBUF_PRIVATE(struct procbuf_readable slice_); /* of exactly count * element_len bytes */
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(size_t element_len_);
};

/**
 * A slice as an array that may be written.
 *
 * Holding one inside its enter proves: `count * element_len` bytes from its base may be read and
 * written.
 *
 * It does not prove: that an element is aligned, or makes sense.
 *
 * @see Contract: S8. Tock: none.
 */
struct procbuf_writable_elements {
    PROCBUF_PRIVATE(struct procbuf_writable slice_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(size_t element_len_);
};

/**
 * View the front of a slice as an array. What follows the elements is left out: compare the slice's
 * length first if nothing may follow.
 *
 * @param[in]  slice        what to view
 * @param[in]  count        how many elements; may come from userspace
 * @param[in]  element_len  length of an element, in bytes
 * @param[out] elements_out the array; written on true only
 * @retval true  the elements are in the slice
 * @retval false the exact product `count * element_len` is above the slice's length
 * @pre R6: `element_len` is above 0, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1): a division; no hook. It touches no byte.
 * @par Example
 * @code
 * struct procbuf_readable_elements rows;
 * struct procbuf_readable bytes;
 * struct row row;
 * if (!procbuf_readable_as_elements(slice, count, sizeof row, &rows))
 *     return; // userspace passed fewer rows than it said
 * for (size_t i = 0; procbuf_readable_elements_at(&rows, i, &bytes); i++)
 *     procbuf_readable_copy_to_or_panic(bytes, &row, sizeof row);
 * @endcode
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD bool
procbuf_readable_as_elements(struct procbuf_readable slice, size_t count, size_t element_len,
                             struct procbuf_readable_elements *elements_out) PROCBUF_NONNULL;

/**
 * View the front of a slice as an array. What follows the elements is left out: compare the slice's
 * length first if nothing may follow.
 *
 * @param[in]  slice        what to view
 * @param[in]  count        how many elements; may come from userspace
 * @param[in]  element_len  length of an element, in bytes
 * @param[out] elements_out the array; written on true only
 * @retval true  the elements are in the slice
 * @retval false the exact product `count * element_len` is above the slice's length
 * @pre R6: `element_len` is above 0, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1): a division; no hook. It touches no byte.
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD bool
procbuf_writable_as_elements(struct procbuf_writable slice, size_t count, size_t element_len,
                             struct procbuf_writable_elements *elements_out) PROCBUF_NONNULL;

/**
 * Count the elements of an array.
 *
 * @param[in] elements the array
 * @return how many there are
 * @pre R15: the enter that `elements` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD size_t
procbuf_readable_elements_count(const struct procbuf_readable_elements *elements) PROCBUF_NONNULL;

/**
 * Count the elements of an array.
 *
 * @param[in] elements the array
 * @return how many there are
 * @pre R15: the enter that `elements` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD size_t
procbuf_writable_elements_count(const struct procbuf_writable_elements *elements) PROCBUF_NONNULL;

/**
 * Cut one element out, to be read with procbuf_readable_copy_to() and its kind.
 *
 * @param[in]  elements  the array
 * @param[in]  index     which element
 * @param[out] slice_out the element, of `element_len` bytes; written on true only
 * @retval true  the element is cut
 * @retval false `index` is the count or above
 * @pre R15: the enter that `elements` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD bool
procbuf_readable_elements_at(const struct procbuf_readable_elements *elements, size_t index,
                             struct procbuf_readable *slice_out) PROCBUF_NONNULL;

/**
 * Cut one element out, to be written with procbuf_writable_copy_from() and its kind.
 *
 * @param[in]  elements  the array
 * @param[in]  index     which element
 * @param[out] slice_out the element, of `element_len` bytes; written on true only
 * @retval true  the element is cut
 * @retval false `index` is the count or above
 * @pre R15: the enter that `elements` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S8. Tock: none.
 */
PROCBUF_NODISCARD bool
procbuf_writable_elements_at(const struct procbuf_writable_elements *elements, size_t index,
                             struct procbuf_writable *slice_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
