// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_STREAMS_H
#define DR_KERNELS_STREAMS_H

#include <stddef.h>
#include <stdint.h>

// The dual-residual streams of a reversible stage.
//
// A fixed-point number n (value n / scale) is an integer below 2^50. Where it is stored it takes
// 4 bytes (int32_t) or, in a wide stream, 8 (an integer in a double); it is always computed with in
// doubles, so that sums and roundings are exact and vectorise at every level, and so that the
// width changes no result. Rounding is to nearest, ties up.
// A kernel that writes a stream stops at the first block of 512 with a number that the stream's
// width can't hold: *done says how many numbers were written, a multiple of 512 or all.
// `packed` holds `bits` bits an element in groups of eight elements: `bits` bytes a group.
#define DR_STREAM_KERNELS(X)                                                                    \
    /* n = round(scale * x); *overflow: the largest magnitude not below 2^50, or 0 */           \
    X(streams_quantize, (const void *x, double scale, void *n, int wide, double *overflow,      \
                         size_t *done, size_t count))                                           \
    /* x = n / scale */                                                                         \
    X(streams_value, (const void *n, int wide, double inverse, void *x, size_t count))          \
    /* 4 bytes to 8 */                                                                          \
    X(streams_widen, (const void *n, void *out, size_t count))                                  \
    /* x = (current + beta * previous) / ((1 + beta) * scale) */                                \
    X(streams_merge, (const void *current, int current_wide, const void *previous,              \
                      int previous_wide, double beta, double inverse, void *x, size_t count))   \
    /* one branch forwards: previous becomes the next stream, packed its remainders */          \
    X(streams_forward, (void *previous, int previous_wide, const void *current,                 \
                        int current_wide, const void *branch, double alpha, double beta,        \
                        double c, double scale, int bits, int bias, uint8_t *packed,            \
                        double *overflow, size_t *done, size_t count))                          \
    /* one branch backwards: current becomes the stream before previous */                      \
    X(streams_reverse, (void *current, int current_wide, const void *previous,                  \
                        int previous_wide, const void *branch, double alpha, double beta,       \
                        double c, double scale, int bits, int bias, const uint8_t *packed,      \
                        size_t *done, size_t count))                                            \
    /* out = sa * a + sb * b + sc * c; out may be any of them */                                \
    X(combine, (double sa, const void *a, double sb, const void *b, double sc, const void *c,   \
                void *out, size_t n))                                                           \
    /* (a, b) = (b + alpha * a + j, beta * a) */                                                \
    X(dual_gradient, (void *a, void *b, const void *j, double alpha, double beta, size_t n))

#endif
