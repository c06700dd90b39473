// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_TRANSFORMER_H
#define DR_KERNELS_TRANSFORMER_H

#include <stddef.h>
#include <stdint.h>

// X(name, (arguments)); n counts elements, rows are contiguous unless a stride is given.
#define DR_TRANSFORMER_KERNELS(X)                                                               \
    /* out = e^a, erf a, tanh a; out may be a */                                                \
    X(exponential, (const void *a, void *out, size_t n))                                        \
    X(error_function, (const void *a, void *out, size_t n))                                     \
    X(hyperbolic_tangent, (const void *a, void *out, size_t n))                                 \
    /* a[r, :] += bias over rows of a given stride */                                           \
    X(bias_add, (void *a, const void *bias, size_t rows, size_t columns, size_t stride))        \
    /* a[r, :] += bias, out[r, :] = gelu(a[r, :]), strided; out may be a, then holds the GELU */\
    X(bias_gelu, (void *a, const void *bias, void *out, size_t rows, size_t columns,            \
                  size_t stride))                                                               \
    /* out = gelu(a); gradient *= gelu'(a) */                                                   \
    X(gelu, (const void *a, void *out, size_t n))                                               \
    X(gelu_backward, (const void *a, void *gradient, size_t n))                                 \
    /* out = (a - mean) * deviation * weight + bias by rows; saves mean and 1 / sqrt(var + e) */\
    X(layer_norm, (const void *a, const void *weight, const void *bias, double epsilon,         \
                   void *out, void *mean, void *inverse, size_t rows, size_t columns))          \
    /* dx from g (dx may be g); adds to weight_gradient and bias_gradient; each may be NULL */  \
    X(layer_norm_backward, (const void *a, const void *g, const void *weight, const void *mean, \
                            const void *inverse, void *dx, void *weight_gradient,               \
                            void *bias_gradient, size_t rows, size_t columns))                  \
    /* a = e^(a - max) by rows; inverse = 1 / sum, logsum = max + ln(sum) */                    \
    X(softmax_rows, (void *a, void *inverse, void *logsum, size_t rows, size_t columns))        \
    /* a[r, :] *= s[r], strided */                                                              \
    X(scale_rows_strided, (void *a, const void *s, size_t rows, size_t columns, size_t stride)) \
    /* out[r] = sum over c of a[r, c] * b[r, c], strided */                                     \
    X(row_dots_strided, (const void *a, const void *b, void *out, size_t rows, size_t columns,  \
                         size_t stride))                                                        \
    /* p = e^(s - logsum[r]); s = p; g = scale * p * (g - dots[r]) */                           \
    X(softmax_backward, (void *s, void *g, const void *logsum, const void *dots, double scale,  \
                         size_t rows, size_t columns))                                          \
    /* patches[(y, x), (c, t, i, j)] = image[c * plane + (t * height + y * p + i) * width +     \
       x * p + j] for t < depth, patch rows from first_y */                                     \
    X(patches_gather, (const void *image, void *patches, size_t channels, size_t plane,         \
                       size_t depth, size_t height, size_t width, size_t patch, size_t first_y, \
                       size_t rows_y))                                                          \
    /* the reverse: image pixels under the patches are written */                               \
    X(patches_scatter, (const void *patches, void *image, size_t channels, size_t plane,        \
                        size_t depth, size_t height, size_t width, size_t patch,                \
                        size_t first_y, size_t rows_y))

#endif
