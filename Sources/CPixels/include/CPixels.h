// SPDX-License-Identifier: Apache-2.0
//
// Inner loops over the bytes of picture rows. Nothing here allocates; every function stays inside the
// counts that it is given.
#ifndef CPIXELS_H
#define CPIXELS_H

#include <stdint.h>

// Undoes a PNG row filter (PNG, second edition, 9.2) in place. `previous` is the row above, undone, of
// the same count. Returns 0, or -1 for a filter that PNG has not.
int32_t cpix_unfilter(uint8_t *row, const uint8_t *previous, int64_t count, int32_t pixel_bytes,
                      int32_t filter);

// Samples of 1, 2 or 4 bits, the first in the highest bits, as one byte each.
void cpix_unpack(const uint8_t *packed, uint8_t *samples, int64_t count, int32_t bits);

// Red, green and blue of `width` pixels of `stride` bytes, from the bytes at three offsets in each.
void cpix_gather(const uint8_t *pixels, int32_t stride, int32_t red, int32_t green, int32_t blue,
                 uint8_t *rgb, int64_t width);

// Red, green and blue of indices into a palette of 256 colours.
void cpix_look_up(const uint8_t *indices, const uint8_t *palette, uint8_t *rgb, int64_t width);

enum { CPIX_UNSIGNED, CPIX_SIGNED, CPIX_FLOAT };

// What samples are, and which values become black and white.
typedef struct cpix_samples {
    // Bits of one: 1 to 64, of floats 16, 32 or 64. Those of whole bytes are in one of the two orders,
    // others are packed from the highest bit on.
    int32_t bits, kind, is_big_endian;
    // Whether the lowest value is white.
    int32_t is_inverted;
    double low, high;
    // The value that stands for none; it and what is no number become 0.
    int32_t has_missing;
    double missing;
    // The extent of the values seen, which grows with every call.
    double least, greatest;
} cpix_samples;

// Levels of `width` samples, from `first_bit` and `stride_bits` apart, in every third byte of `rgb`; with
// `rgb` NULL only their extent. Whole numbers of more than 8 bits share the levels evenly, others are
// rounded.
void cpix_levels(const uint8_t *row, int64_t first_bit, int64_t stride_bits, cpix_samples *kind,
                 uint8_t *rgb, int64_t width);

#endif
