// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

static void KERNEL(exponential)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = KERNEL(fast_exp)(a[i]);
}

static void KERNEL(error_function)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = KERNEL(fast_erf)(a[i]);
}

static void KERNEL(hyperbolic_tangent)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = KERNEL(fast_tanh)(a[i]);
}

static void KERNEL(bias_add)(void *a_, const void *bias_, size_t rows, size_t columns,
                             size_t stride) {
    const REAL *restrict bias = bias_;
    for (size_t r = 0; r < rows; r++) {
        REAL *restrict a = (REAL *)a_ + r * stride;
        for (size_t c = 0; c < columns; c++) a[c] += bias[c];
    }
}

static void KERNEL(bias_gelu)(void *a_, const void *bias_, void *out_, size_t rows,
                              size_t columns, size_t stride) {
    const REAL *restrict bias = bias_;
    for (size_t r = 0; r < rows; r++) {
        REAL *restrict a = (REAL *)a_ + r * stride;
        if (out_ == a_) {
            for (size_t c = 0; c < columns; c++) a[c] = KERNEL(gelu_of)(a[c] + bias[c]);
        } else {
            REAL *restrict out = (REAL *)out_ + r * stride;
            for (size_t c = 0; c < columns; c++) {
                const REAL v = a[c] + bias[c];
                a[c] = v;
                out[c] = KERNEL(gelu_of)(v);
            }
        }
    }
}

static void KERNEL(gelu)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = KERNEL(gelu_of)(a[i]);
}

static void KERNEL(gelu_backward)(const void *a_, void *gradient_, size_t n) {
    const REAL *restrict a = a_;
    REAL *restrict g = gradient_;
    for (size_t i = 0; i < n; i++) g[i] *= KERNEL(gelu_slope_of)(a[i]);
}

static void KERNEL(layer_norm)(const void *a_, const void *weight_, const void *bias_,
                               double epsilon, void *out_, void *mean_, void *inverse_,
                               size_t rows, size_t columns) {
#pragma clang fp reassociate(on)
    const REAL *restrict weight = weight_, *restrict bias = bias_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *restrict a = (const REAL *)a_ + r * columns;
        REAL *restrict out = (REAL *)out_ + r * columns;
        REAL sum = 0, squares = 0;
        for (size_t c = 0; c < columns; c++) sum += a[c];
        const REAL mean = sum / (REAL)columns;
        for (size_t c = 0; c < columns; c++) squares += (a[c] - mean) * (a[c] - mean);
        const REAL inverse = 1 / SQRT(squares / (REAL)columns + (REAL)epsilon);
        ((REAL *)mean_)[r] = mean;
        ((REAL *)inverse_)[r] = inverse;
        for (size_t c = 0; c < columns; c++)
            out[c] = (a[c] - mean) * inverse * weight[c] + bias[c];
    }
}

static void KERNEL(layer_norm_backward)(const void *a_, const void *g_, const void *weight_,
                                        const void *mean_, const void *inverse_, void *dx_,
                                        void *weight_gradient_, void *bias_gradient_, size_t rows,
                                        size_t columns) {
#pragma clang fp reassociate(on)
    const REAL *restrict weight = weight_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *restrict a = (const REAL *)a_ + r * columns;
        const REAL *g = (const REAL *)g_ + r * columns;
        const REAL mean = ((const REAL *)mean_)[r], inverse = ((const REAL *)inverse_)[r];
        if (weight_gradient_) {
            REAL *restrict sum = weight_gradient_;
            for (size_t c = 0; c < columns; c++) sum[c] += g[c] * ((a[c] - mean) * inverse);
        }
        if (bias_gradient_) {
            REAL *restrict sum = bias_gradient_;
            for (size_t c = 0; c < columns; c++) sum[c] += g[c];
        }
        if (dx_) {
            REAL *dx = (REAL *)dx_ + r * columns;
            REAL plain = 0, product = 0;
            for (size_t c = 0; c < columns; c++) {
                const REAL h = g[c] * weight[c];
                plain += h;
                product += h * (a[c] - mean);
            }
            plain /= (REAL)columns;
            product *= inverse * inverse / (REAL)columns;
            for (size_t c = 0; c < columns; c++)
                dx[c] = (g[c] * weight[c] - plain - (a[c] - mean) * product) * inverse;
        }
    }
}

static void KERNEL(softmax_rows)(void *a_, void *inverse_, void *logsum_, size_t rows,
                                 size_t columns) {
#pragma clang fp reassociate(on)
    for (size_t r = 0; r < rows; r++) {
        REAL *restrict a = (REAL *)a_ + r * columns;
        const REAL most = KERNEL(row_max)(a, columns);
        REAL sum = 0;
        for (size_t c = 0; c < columns; c++) {
            const REAL e = KERNEL(fast_exp)(a[c] - most);
            a[c] = e;
            sum += e;
        }
        ((REAL *)inverse_)[r] = 1 / sum;
        ((REAL *)logsum_)[r] = most + (REAL)log((double)sum);
    }
}

static void KERNEL(scale_rows_strided)(void *a_, const void *s_, size_t rows, size_t columns,
                                       size_t stride) {
    for (size_t r = 0; r < rows; r++) {
        REAL *a = (REAL *)a_ + r * stride;
        const REAL s = ((const REAL *)s_)[r];
        for (size_t c = 0; c < columns; c++) a[c] *= s;
    }
}

static void KERNEL(row_dots_strided)(const void *a_, const void *b_, void *out_, size_t rows,
                                     size_t columns, size_t stride) {
#pragma clang fp reassociate(on)
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * stride, *b = (const REAL *)b_ + r * stride;
        REAL sum = 0;
        for (size_t c = 0; c < columns; c++) sum += a[c] * b[c];
        ((REAL *)out_)[r] = sum;
    }
}

static void KERNEL(softmax_backward)(void *s_, void *g_, const void *logsum_, const void *dots_,
                                     double scale_, size_t rows, size_t columns) {
    const REAL scale = (REAL)scale_;
    for (size_t r = 0; r < rows; r++) {
        REAL *restrict s = (REAL *)s_ + r * columns, *restrict g = (REAL *)g_ + r * columns;
        const REAL logsum = ((const REAL *)logsum_)[r], dot = ((const REAL *)dots_)[r];
        for (size_t c = 0; c < columns; c++) {
            const REAL p = KERNEL(fast_exp)(s[c] - logsum);
            s[c] = p;
            g[c] = scale * p * (g[c] - dot);
        }
    }
}

static void KERNEL(patches_gather)(const void *image_, void *patches_, size_t channels,
                                   size_t plane, size_t depth, size_t height, size_t width,
                                   size_t patch, size_t first_y, size_t rows_y) {
    const size_t across = width / patch, row = channels * depth * patch * patch;
    for (size_t y = 0; y < rows_y; y++)
        for (size_t c = 0; c < channels * depth; c++)
            for (size_t i = 0; i < patch; i++) {
                const REAL *restrict from =
                    (const REAL *)image_ + c / depth * plane +
                    (c % depth * height + (first_y + y) * patch + i) * width;
                REAL *restrict to = (REAL *)patches_ + y * across * row + (c * patch + i) * patch;
                for (size_t x = 0; x < across; x++)
                    for (size_t j = 0; j < patch; j++) to[x * row + j] = from[x * patch + j];
            }
}

static void KERNEL(patches_scatter)(const void *patches_, void *image_, size_t channels,
                                    size_t plane, size_t depth, size_t height, size_t width,
                                    size_t patch, size_t first_y, size_t rows_y) {
    const size_t across = width / patch, row = channels * depth * patch * patch;
    for (size_t y = 0; y < rows_y; y++)
        for (size_t c = 0; c < channels * depth; c++)
            for (size_t i = 0; i < patch; i++) {
                REAL *restrict to = (REAL *)image_ + c / depth * plane +
                                    (c % depth * height + (first_y + y) * patch + i) * width;
                const REAL *restrict from =
                    (const REAL *)patches_ + y * across * row + (c * patch + i) * patch;
                for (size_t x = 0; x < across; x++)
                    for (size_t j = 0; j < patch; j++) to[x * patch + j] = from[x * row + j];
            }
}
