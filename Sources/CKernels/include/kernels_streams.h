// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_STREAMS_H
#define DR_KERNELS_STREAMS_H

#include <stddef.h>
#include <stdint.h>

// The dual-residual streams of a reversible stage.
//
// A fixed-point number n (value n / scale) is an integer below 2^50 carried in a double, so that
// sums and roundings are exact and vectorise at every level. Rounding is to nearest, ties up.
// `packed` holds `bits` bits an element in groups of eight elements: `bits` bytes a group.
#define DR_STREAM_KERNELS(X)                                                                    \
    /* n = round(scale * x); *overflow: the largest magnitude not below 2^50, or 0 */          \
    X(streams_quantize, (const void *x, double scale, double *n, double *overflow,              \
                         size_t count))                                                         \
    /* x = n / scale */                                                                         \
    X(streams_value, (const double *n, double inverse, void *x, size_t count))                  \
    /* x = (current + beta * previous) / ((1 + beta) * scale) */                                \
    X(streams_merge, (const double *current, const double *previous, double beta,               \
                      double inverse, void *x, size_t count))                                   \
    /* one branch forwards: previous becomes the next stream, packed its remainders */          \
    X(streams_forward, (double *previous, const double *current, const void *branch,            \
                        double alpha, double beta, double c, double scale, int bits, int bias,  \
                        uint8_t *packed, double *overflow, size_t count))                       \
    /* one branch backwards: current becomes the stream before previous */                      \
    X(streams_reverse, (double *current, const double *previous, const void *branch,            \
                        double alpha, double beta, double c, double scale, int bits, int bias,  \
                        const uint8_t *packed, size_t count))                                   \
    /* out = sa * a + sb * b + sc * c; out may be any of them */                                \
    X(combine, (double sa, const void *a, double sb, const void *b, double sc, const void *c,   \
                void *out, size_t n))                                                           \
    /* (a, b) = (b + alpha * a + j, beta * a) */                                                \
    X(dual_gradient, (void *a, void *b, const void *j, double alpha, double beta, size_t n))

#endif
