// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_SEQUENCES_H
#define DR_KERNELS_SEQUENCES_H

#include <stddef.h>
#include <stdint.h>

// X(name, (arguments)); sequences are [length, channels], of which `width` channels from each
// pointer on are worked on; taps are [kernel, channels].
#define DR_SEQUENCE_KERNELS(X)                                                                  \
    /* out[t, c] = sum over k of taps[k, c] * x[t * stride - padding + k, c], zeros outside */  \
    X(depthwise, (const void *x, const void *taps, void *out, size_t length, size_t channels,   \
                  size_t width, size_t out_length, size_t kernel, size_t stride,                \
                  size_t padding))                                                              \
    /* dx[t * stride - padding + k, c] = the sum of taps[k, c] * g[t, c] */                     \
    X(depthwise_input_gradient, (const void *g, const void *taps, void *dx, size_t length,      \
                                 size_t channels, size_t width, size_t out_length,              \
                                 size_t kernel, size_t stride, size_t padding))                 \
    /* dtaps[k, c] += the sum of x[t * stride - padding + k, c] * g[t, c], t in order */        \
    X(depthwise_weight_gradient, (const void *g, const void *x, void *dtaps, size_t length,     \
                                  size_t channels, size_t width, size_t out_length,             \
                                  size_t kernel, size_t stride, size_t padding))                \
    /* a[r, c] = -1e30 where |c + first - r| > radius: its softmax is 0 */                      \
    X(limit_band, (void *a, size_t rows, size_t columns, ptrdiff_t first, size_t radius))

#endif
