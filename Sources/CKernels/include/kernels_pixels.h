// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_PIXELS_H
#define DR_KERNELS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

// Scaling planes of 8-bit samples by weighted sums, first along columns, then along rows, and their colours.
// Whole numbers throughout, so that every level gives the same bits. Weights are parts of 16,384 and sum to
// it; samples between the steps are 128 times their level. A strip is 16 rows: sample (row, x) at [16 x + row].
#define DR_PIXEL_KERNELS(X)                                                                     \
    /* out[x] = sum over k of weights[k] * rows[k][x] */                                        \
    X(blend_rows, (const uint8_t *const *rows, const int16_t *weights, size_t taps,             \
                   int16_t *out, size_t width))                                                 \
    /* the same of samples that are 128 times their level */                                    \
    X(blend_levels, (const int16_t *const *rows, const int16_t *weights, size_t taps,           \
                     int16_t *out, size_t width))                                               \
    /* 16 rows, `stride` samples apart, into a strip */                                         \
    X(gather_strip, (const int16_t *rows, size_t stride, int16_t *strip, size_t width))         \
    /* out(row, x) = sum over k of weights[taps * x + k] * strip(row, first[x] + k) */          \
    X(blend_columns, (const int16_t *strip, const int32_t *first, const int16_t *weights,       \
                      size_t taps, int16_t *out, size_t width))                                 \
    /* RGB of the strips' first `rows` rows, `stride` bytes apart. matrix: what luma loses, its \
       gain, red from V, green from U and from V (both taken off), blue from U; gains in 8,192 */ \
    X(strip_colours, (const int16_t *y, const int16_t *u, const int16_t *v,                     \
                      const int16_t *matrix, size_t rows, uint8_t *rgb, ptrdiff_t stride,       \
                      size_t width))                                                            \
    /* the same by any matrix: what each part loses, then red, green and blue from the parts */ \
    X(strip_mixed, (const int16_t *first, const int16_t *second, const int16_t *third,          \
                    const int16_t *matrix, size_t rows, uint8_t *rgb, ptrdiff_t stride,         \
                    size_t width))

#endif
