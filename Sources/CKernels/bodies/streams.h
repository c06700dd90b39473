// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

#ifndef DR_STREAMS_HELPERS
#define DR_STREAMS_HELPERS
// Rounds to the nearest integer, ties up, for |x| < 2^51: no call, no SSE4.1.
#define DR_ROUND_UP(x, out)                                                                     \
    do {                                                                                        \
        const double dr_t = (x) + 0.5;                                                          \
        const double dr_r = (dr_t + 0x1.8p52) - 0x1.8p52;                                       \
        (out) = dr_r - (dr_r > dr_t ? 1.0 : 0.0);                                               \
    } while (0)
// Largest magnitude that a stream may hold; comparisons are for "not below", so a NaN is above.
#define DR_STREAM_LIMIT 0x1p50
#endif

// Keeps the largest magnitude beyond the limit; a NaN stays.
static void KERNEL(note_overflow)(double v, double *overflow) {
    const double size = v < 0 ? -v : v;
    if (!(size < DR_STREAM_LIMIT) && *overflow == *overflow && !(size <= *overflow))
        *overflow = size;
}

static void KERNEL(streams_quantize)(const void *x_, double scale, double *n, double *overflow,
                                     size_t count) {
#pragma clang fp contract(off)
    const REAL *x = x_;
    int bad = 0;
    for (size_t i = 0; i < count; i++) {
        double q;
        const double v = (double)x[i] * scale;
        DR_ROUND_UP(v, q);
        n[i] = q;
        bad |= !(v < DR_STREAM_LIMIT) | !(v > -DR_STREAM_LIMIT);
    }
    *overflow = 0;
    for (size_t i = 0; bad && i < count; i++) KERNEL(note_overflow)((double)x[i] * scale, overflow);
}

static void KERNEL(streams_value)(const double *n, double inverse, void *x_, size_t count) {
    REAL *x = x_;
    for (size_t i = 0; i < count; i++) x[i] = (REAL)(n[i] * inverse);
}

static void KERNEL(streams_merge)(const double *current, const double *previous, double beta,
                                  double inverse, void *x_, size_t count) {
    REAL *x = x_;
    const double factor = inverse / (1 + beta);
    for (size_t i = 0; i < count; i++)
        x[i] = (REAL)((current[i] + beta * previous[i]) * factor);
}

static void KERNEL(streams_forward)(double *previous, const double *current, const void *branch_,
                                    double alpha, double beta, double c, double scale, int bits,
                                    int bias, uint8_t *packed, double *overflow, size_t count) {
#pragma clang fp contract(off)
    const REAL *branch = branch_;
    const double inverse = 1 / beta, factor = c * scale;
    *overflow = 0;
    double block[512];
    for (size_t start = 0; start < count; start += 512) {
        const size_t n = count - start < 512 ? count - start : 512;
        int bad = 0;
        double *p = previous + start;
        const double *u = current + start;
        const REAL *f = branch + start;
        for (size_t i = 0; i < n; i++) {
            double s, r, a, q;
            DR_ROUND_UP(beta * p[i], s);
            DR_ROUND_UP(s * inverse, r);
            DR_ROUND_UP(alpha * u[i], a);
            const double v = (double)f[i] * factor;
            DR_ROUND_UP(v, q);
            block[i] = p[i] - r;
            const double next = (q + a) + s;
            p[i] = next;
            // Both the sum and the branch alone: a branch beyond 2^51 would round wrongly.
            bad |= !(next < DR_STREAM_LIMIT) | !(next > -DR_STREAM_LIMIT) |
                   !(v < DR_STREAM_LIMIT) | !(v > -DR_STREAM_LIMIT);
        }
        for (size_t i = 0; bad && i < n; i++) {
            KERNEL(note_overflow)(p[i], overflow);
            KERNEL(note_overflow)((double)f[i] * factor, overflow);
        }
        if (bits == 0) continue;
        // Narrowed in a loop of its own, which vectorises; packing works on integers alone.
        uint16_t digits[512];
        for (size_t i = 0; i < n; i++) digits[i] = (uint16_t)(int32_t)(block[i] + bias);
        for (size_t g = 0; g < n; g += 8) {
            uint64_t low = 0, high = 0;
            const int low_bits = bits < 8 ? bits : 8, high_bits = bits - low_bits;
            const size_t m = n - g < 8 ? n - g : 8;
            for (size_t k = 0; k < m; k++) {
                const uint64_t d = digits[g + k];
                low |= (d & 0xFF) << (k * (size_t)low_bits);
                if (high_bits) high |= (d >> 8) << (k * (size_t)high_bits);
            }
            memcpy(packed, &low, (size_t)low_bits);
            if (high_bits) memcpy(packed + low_bits, &high, (size_t)high_bits);
            packed += bits;
        }
    }
}

static void KERNEL(streams_reverse)(double *current, const double *previous, const void *branch_,
                                    double alpha, double beta, double c, double scale, int bits,
                                    int bias, const uint8_t *packed, size_t count) {
#pragma clang fp contract(off)
    const REAL *branch = branch_;
    const double inverse = 1 / beta, factor = c * scale;
    double block[512];
    for (size_t start = 0; start < count; start += 512) {
        const size_t n = count - start < 512 ? count - start : 512;
        double *u = current + start;
        const double *p = previous + start;
        const REAL *f = branch + start;
        if (bits == 0) {
            for (size_t i = 0; i < n; i++) block[i] = 0;
        } else {
            const int low_bits = bits < 8 ? bits : 8, high_bits = bits - low_bits;
            const uint64_t low_mask = (1u << low_bits) - 1, high_mask = (1u << high_bits) - 1;
            uint16_t digits[512];
            for (size_t g = 0; g < n; g += 8) {
                uint64_t low = 0, high = 0;
                memcpy(&low, packed, (size_t)low_bits);
                if (high_bits) memcpy(&high, packed + low_bits, (size_t)high_bits);
                packed += bits;
                const size_t m = n - g < 8 ? n - g : 8;
                for (size_t k = 0; k < m; k++) {
                    uint64_t d = (low >> (k * (size_t)low_bits)) & low_mask;
                    if (high_bits)
                        d |= ((high >> (k * (size_t)high_bits)) & high_mask) << 8;
                    digits[g + k] = (uint16_t)d;
                }
            }
            for (size_t i = 0; i < n; i++) block[i] = (double)(int32_t)digits[i] - bias;
        }
        for (size_t i = 0; i < n; i++) {
            double r, a, q;
            DR_ROUND_UP(alpha * p[i], a);
            const double v = (double)f[i] * factor;
            DR_ROUND_UP(v, q);
            const double s = u[i] - (q + a);
            DR_ROUND_UP(s * inverse, r);
            u[i] = r + block[i];
        }
    }
}

static void KERNEL(combine)(double sa_, const void *a_, double sb_, const void *b_, double sc_,
                            const void *c_, void *out_, size_t n) {
    const REAL *a = a_, *b = b_, *c = c_, sa = (REAL)sa_, sb = (REAL)sb_, sc = (REAL)sc_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = sa * a[i] + sb * b[i] + sc * c[i];
}

static void KERNEL(dual_gradient)(void *a_, void *b_, const void *j_, double alpha_, double beta_,
                                  size_t n) {
    REAL *a = a_, *b = b_;
    const REAL *j = j_, alpha = (REAL)alpha_, beta = (REAL)beta_;
    for (size_t i = 0; i < n; i++) {
        const REAL g = a[i];
        a[i] = b[i] + alpha * g + j[i];
        b[i] = beta * g;
    }
}
