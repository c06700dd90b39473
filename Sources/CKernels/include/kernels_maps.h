// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_MAPS_H
#define DR_KERNELS_MAPS_H

#include <stddef.h>
#include <stdint.h>

/// A convolution from [samples, height, width, C] to [samples, out_height, out_width, C'].
typedef struct dr_convolution {
    size_t height, width, out_height, out_width, kernel, stride, padding;
} dr_convolution;

// X(name, (arguments)); maps are [samples, height, width, channels], rows are pixels.
#define DR_MAP_KERNELS(X)                                                                       \
    /* a row an output pixel from `first` on: what its window sees under tap rows first_tap to */ \
    /* first_tap + taps, [taps, kernel, channels], zeros outside of the map */                  \
    X(window_columns, (const void *x, void *columns, const dr_convolution *shape,               \
                       size_t channels, size_t first, size_t rows, size_t first_tap,            \
                       size_t taps))                                                            \
    /* a row an input pixel (top + stride * i, left + stride * j), from `first` on: the output */ \
    /* pixels whose windows hold it, by rising tap, channels each, zeros outside of the map */  \
    X(windows_over, (const void *g, void *columns, const dr_convolution *shape,                 \
                     size_t channels, size_t top, size_t left, size_t first, size_t rows))      \
    /* sums[c] += x, sums[channels + c] += x^2, over rows */                                    \
    X(channel_moments, (const void *x, double *sums, size_t rows, size_t channels))             \
    /* map: three rows m, s, t; out = (x - m[c]) * s[c] + t[c], then max(out, 0) where relu */  \
    X(channel_affine, (const void *x, const void *map, void *out, int relu, size_t rows,        \
                       size_t channels))                                                        \
    /* h = g, or where relu 0 where channel_affine gave no positive number: */                  \
    /* sums[c] += h, sums[channels + c] += h * (x - m[c]), over rows */                         \
    X(channel_affine_sums, (const void *x, const void *g, const void *map, double *sums,        \
                            int relu, size_t rows, size_t channels))                            \
    /* factors: three rows a, b, d; dx = a[c] * h + b[c] * (x - m[c]) + d[c] */                 \
    X(channel_affine_gradient, (const void *x, const void *g, const void *map,                  \
                                const void *factors, void *dx, int relu, size_t rows,           \
                                size_t channels))                                               \
    /* one line of pixels: out[j, :] = fine[j, :] + coarse[j * coarse_width / width, :] */      \
    X(add_upsampled_line, (const void *fine, const void *coarse, void *out, size_t width,       \
                           size_t coarse_width, size_t channels))                               \
    /* dcoarse[j * coarse_width / width, :] += g[j, :] */                                       \
    X(upsampled_line_gradient, (const void *g, void *dcoarse, size_t width,                     \
                                size_t coarse_width, size_t channels))

#endif
