// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

static void KERNEL(add)(const void *a_, const void *b_, void *out_, size_t n) {
    const REAL *a = a_, *b = b_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i];
}

static void KERNEL(multiply)(const void *a_, const void *b_, void *out_, size_t n) {
    const REAL *a = a_, *b = b_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = a[i] * b[i];
}

static void KERNEL(axpby)(double s_, const void *a_, double t_, const void *b_, void *out_,
                          size_t n) {
    const REAL *a = a_, *b = b_, s = (REAL)s_, t = (REAL)t_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = s * a[i] + t * b[i];
}

static void KERNEL(scale)(double s_, const void *a_, void *out_, size_t n) {
    const REAL *a = a_, s = (REAL)s_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = s * a[i];
}

// Eight double lanes, so that the sum is accurate and its order the same at every level.
static void KERNEL(sum)(const void *a_, double *out, size_t n) {
    const REAL *a = a_;
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] += (double)a[i + l];
    for (int l = 0; i < n; i++, l++) lane[l] += (double)a[i];
    *out = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void KERNEL(dot)(const void *a_, const void *b_, double *out, size_t n) {
    const REAL *a = a_, *b = b_;
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] += (double)a[i + l] * (double)b[i + l];
    for (int l = 0; i < n; i++, l++) lane[l] += (double)a[i] * (double)b[i];
    *out = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void KERNEL(add_row)(const void *a_, const void *b_, void *out_, size_t rows,
                            size_t columns) {
    const REAL *b = b_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns;
        REAL *out = (REAL *)out_ + r * columns;
        for (size_t c = 0; c < columns; c++) out[c] = a[c] + b[c];
    }
}

static void KERNEL(multiply_row)(const void *a_, const void *b_, void *out_, size_t rows,
                                 size_t columns) {
    const REAL *b = b_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns;
        REAL *out = (REAL *)out_ + r * columns;
        for (size_t c = 0; c < columns; c++) out[c] = a[c] * b[c];
    }
}

static void KERNEL(column_sums)(const void *a_, void *out_, size_t rows, size_t columns) {
    REAL *out = out_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns;
        for (size_t c = 0; c < columns; c++) out[c] += a[c];
    }
}

static void KERNEL(column_dots)(const void *a_, const void *b_, void *out_, size_t rows,
                                size_t columns) {
    REAL *out = out_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns, *b = (const REAL *)b_ + r * columns;
        for (size_t c = 0; c < columns; c++) out[c] += a[c] * b[c];
    }
}

static void KERNEL(scale_rows)(const void *a_, const void *s_, void *out_, size_t rows,
                               size_t columns) {
    const REAL *s = s_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns, f = s[r];
        REAL *out = (REAL *)out_ + r * columns;
        for (size_t c = 0; c < columns; c++) out[c] = f * a[c];
    }
}

static void KERNEL(adamw)(void *parameter_, const void *gradient_, void *m_, void *v_, double rate,
                          double beta1, double beta2, double epsilon, double decay,
                          double correction1, double correction2, double gradient_scale,
                          size_t n) {
    REAL *p = parameter_, *m = m_, *v = v_;
    const REAL *g_ = gradient_;
    const REAL b1 = (REAL)beta1, b2 = (REAL)beta2, c1 = (REAL)(1 - beta1), c2 = (REAL)(1 - beta2);
    const REAL keep = (REAL)(1 - rate * decay), size = (REAL)(rate / correction1);
    const REAL root = (REAL)(1 / SQRT_SCALAR(correction2)), eps = (REAL)epsilon;
    const REAL gs = (REAL)gradient_scale;
    for (size_t i = 0; i < n; i++) {
        const REAL g = g_[i] * gs;
        m[i] = b1 * m[i] + c1 * g;
        v[i] = b2 * v[i] + c2 * g * g;
        p[i] = keep * p[i] - size * m[i] / (SQRT(v[i]) * root + eps);
    }
}
