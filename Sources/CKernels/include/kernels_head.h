// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_HEAD_H
#define DR_KERNELS_HEAD_H

#include <stddef.h>
#include <stdint.h>

// X(name, (arguments)); n counts elements, rows are contiguous, sequences are [length, channels].
#define DR_HEAD_KERNELS(X)                                                                      \
    /* out[r, :] = row, or zeros where row is NULL */                                           \
    X(fill_rows, (const void *row, void *out, size_t rows, size_t columns))                     \
    /* out[c, r] = a[r, c] */                                                                   \
    X(transpose_matrix, (const void *a, void *out, size_t rows, size_t columns))                \
    /* out[r * out_stride + c] = a[r * a_stride + c] for c < width */                           \
    X(copy_blocks, (const void *a, size_t a_stride, void *out, size_t out_stride, size_t rows,  \
                    size_t width))                                                              \
    /* out = max(a, 0); out may be a */                                                         \
    X(relu, (const void *a, void *out, size_t n))                                               \
    /* dx = g where y > 0, else 0 */                                                            \
    X(relu_gradient, (const void *g, const void *y, void *dx, size_t n))                        \
    /* out = 1 / (1 + exp(-a)) */                                                               \
    X(sigmoid, (const void *a, void *out, size_t n))                                            \
    /* dx = g * y * (1 - y) */                                                                  \
    X(sigmoid_gradient, (const void *g, const void *y, void *dx, size_t n))                     \
    /* maximum over windows of positions; the first maximum takes the gradient; dx is zeroed */ \
    X(max_pool, (const void *x, void *out, size_t length, size_t channels, size_t out_length,   \
                 size_t kernel, size_t stride, size_t padding))                                 \
    X(max_pool_gradient, (const void *x, const void *g, void *dx, size_t length,                \
                          size_t channels, size_t out_length, size_t kernel, size_t stride,     \
                          size_t padding))                                                      \
    /* out[i, :] = x[index[i], :], zeros where the index is negative */                         \
    X(gather_rows, (const void *x, const int32_t *index, void *out, size_t n, size_t columns))  \
    /* out[index[i], c] += g[i, c] for c in first..<first+width, i in order */                  \
    X(scatter_add_rows, (const void *g, const int32_t *index, void *out, size_t n,              \
                         size_t columns, size_t first, size_t width))                           \
    /* out[i, :] = sum over j < k of weights[i, j] * x[index[i, j], :] */                       \
    X(gather_weighted, (const void *x, const int32_t *index, const float *weights, void *out,   \
                        size_t n, size_t k, size_t columns))                                    \
    /* dx[index[i, j], c] += weights[i, j] * g[i, c]: its gradient; i in order */               \
    X(scatter_weighted, (const void *g, const int32_t *index, const float *weights, void *dx,   \
                         size_t n, size_t k, size_t columns, size_t first, size_t width))       \
    /* out[i, c] = max over j < k of y[index[i, j], c] */                                       \
    X(gather_max, (const void *y, const int32_t *index, void *out, size_t n, size_t k,          \
                   size_t columns))                                                             \
    /* dy[argmax, c] += g[i, c]: the first neighbour that is the maximum; i in order */         \
    X(gather_max_gradient, (const void *y, const int32_t *index, const void *g, void *dy,       \
                            size_t n, size_t k, size_t columns, size_t first, size_t width))    \
    /* out[r] = sum over c of a[r, c]^2 */                                                      \
    X(row_squares, (const void *a, void *out, size_t rows, size_t columns))                     \
    /* k nearest of each row by norms[i] + norms[j] - 2 dots[r, j], itself first; ties go to */ \
    /* the lower index; the last `limited` of them aren't chosen before and not j >= split */   \
    /* where the row is >= split; output indices get `base` added */                            \
    X(nearest_rows, (const void *dots, const void *norms, int32_t *out, size_t rows,            \
                     size_t first, size_t count, size_t k, size_t limited, size_t split,        \
                     size_t base))                                                              \
    /* mode 0 nearest, 1 linear, 2 linear with aligned corners; the gradient adds to dx */      \
    X(interpolate, (const void *x, void *out, size_t length, size_t out_length,                 \
                    size_t channels, int mode))                                                 \
    X(interpolate_gradient, (const void *g, void *dx, size_t length, size_t out_length,         \
                             size_t channels, int mode))                                        \
    X(softmax_classes, (const void *a, void *out, size_t rows, size_t columns))                 \
    /* losses: *loss = weighted sum; grad = its gradient by the logits, or NULL */              \
    /* softmax: shares[c] of each row's loss goes to class c, where shares isn't NULL; rows */  \
    /* with a negative target count nothing */                                                  \
    X(softmax_loss, (const void *logits, const int32_t *targets, const double *weights,         \
                     const double *shares, double *loss, void *grad, size_t rows,               \
                     size_t classes))                                                           \
    X(focal_loss, (const void *logits, const void *targets, const double *weights,              \
                   double *loss, void *grad, size_t rows, size_t columns, double alpha,         \
                   double gamma))                                                               \
    X(logit_loss, (const void *logits, const void *targets, const void *weights, double *loss,  \
                   void *grad, size_t n))                                                       \
    X(probability_loss, (const void *p, const void *targets, const void *weights,               \
                         double *loss, void *grad, size_t n, double epsilon))

#endif
