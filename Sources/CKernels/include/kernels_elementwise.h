// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_ELEMENTWISE_H
#define DR_KERNELS_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

/* Elements of an optimizer's moments that share a scale. */
#define DR_MOMENT_BLOCK 256

// X(name, (arguments)); n counts elements, rows are contiguous.
#define DR_ELEMENTWISE_KERNELS(X)                                                               \
    /* out = a + b; out may be a */                                                             \
    X(add, (const void *a, const void *b, void *out, size_t n))                                 \
    /* out = a * b */                                                                           \
    X(multiply, (const void *a, const void *b, void *out, size_t n))                            \
    /* out = s * a + t * b; out may be a or b */                                                \
    X(axpby, (double s, const void *a, double t, const void *b, void *out, size_t n))           \
    /* out = s * a; out may be a */                                                             \
    X(scale, (double s, const void *a, void *out, size_t n))                                    \
    /* *out (double) = sum of a, of a * b; eight-lane order fixed by n alone */                 \
    X(sum, (const void *a, double *out, size_t n))                                              \
    X(dot, (const void *a, const void *b, double *out, size_t n))                               \
    /* out[r, c] = a[r, c] + b[c]; out may be a */                                              \
    X(add_row, (const void *a, const void *b, void *out, size_t rows, size_t columns))          \
    /* out[r, c] = a[r, c] * b[c]; out may be a */                                              \
    X(multiply_row, (const void *a, const void *b, void *out, size_t rows, size_t columns))     \
    /* out[c] += sum over r of a[r, c] */                                                       \
    X(column_sums, (const void *a, void *out, size_t rows, size_t columns))                     \
    /* out[c] += sum over r of a[r, c] * b[r, c] */                                             \
    X(column_dots, (const void *a, const void *b, void *out, size_t rows, size_t columns))      \
    /* out[r, :] = s[r] * a[r, :] */                                                            \
    X(scale_rows, (const void *a, const void *s, void *out, size_t rows, size_t columns))       \
    /* AdamW on one parameter; step sizes and corrections are worked out by the caller */       \
    X(adamw, (void *parameter, const void *gradient, void *m, void *v, double rate,             \
              double beta1, double beta2, double epsilon, double decay, double correction1,     \
              double correction2, double gradient_scale, size_t n))                             \
    /* the same with moments as blocks of DR_MOMENT_BLOCK codes of 8 bits and a float scale; */ \
    /* n elements from a multiple of it on, `first` among the parameter's; salt: the rounding */ \
    X(adamw_blocks, (void *parameter, const void *gradient, void *m, void *v, double rate,      \
                     double beta1, double beta2, double epsilon, double decay,                  \
                     double correction1, double correction2, double gradient_scale,             \
                     uint32_t salt, size_t first, size_t n))

#endif
