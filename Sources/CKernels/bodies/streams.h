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
// Numbers that are computed at a time, a multiple of eight.
#define DR_STREAM_BLOCK 512
#endif

// Numbers of a stream, from its place `at`, as doubles.
static void KERNEL(load_stream)(const void *n, int wide, size_t at, double *out, size_t count) {
    if (wide) {
        memcpy(out, (const double *)n + at, count * sizeof(double));
    } else {
        const int32_t *narrow = (const int32_t *)n + at;
        for (size_t i = 0; i < count; i++) out[i] = narrow[i];
    }
}

// Puts integers into a stream; 0, with nothing written, where one has no room.
static int KERNEL(store_stream)(void *n, int wide, size_t at, const double *values,
                                size_t count) {
    if (wide) {
        memcpy((double *)n + at, values, count * sizeof(double));
        return 1;
    }
    int bad = 0;
    for (size_t i = 0; i < count; i++)
        bad |= !(values[i] < 0x1p31) | !(values[i] > -0x1p31);
    if (bad) return 0;
    int32_t *narrow = (int32_t *)n + at;
    for (size_t i = 0; i < count; i++) narrow[i] = (int32_t)values[i];
    return 1;
}

// Keeps the largest magnitude beyond the limit; a NaN stays.
static void KERNEL(note_overflow)(double v, double *overflow) {
    const double size = v < 0 ? -v : v;
    if (!(size < DR_STREAM_LIMIT) && *overflow == *overflow && !(size <= *overflow))
        *overflow = size;
}

static void KERNEL(streams_quantize)(const void *x_, double scale, void *n, int wide,
                                     double *overflow, size_t *done, size_t count) {
#pragma clang fp contract(off)
    const REAL *x = x_;
    double block[DR_STREAM_BLOCK];
    *overflow = 0;
    *done = 0;
    for (size_t start = 0; start < count; start += DR_STREAM_BLOCK) {
        const size_t m = count - start < DR_STREAM_BLOCK ? count - start : DR_STREAM_BLOCK;
        int bad = 0;
        for (size_t i = 0; i < m; i++) {
            double q;
            const double v = (double)x[start + i] * scale;
            DR_ROUND_UP(v, q);
            block[i] = q;
            bad |= !(v < DR_STREAM_LIMIT) | !(v > -DR_STREAM_LIMIT);
        }
        for (size_t i = 0; bad && i < m; i++)
            KERNEL(note_overflow)((double)x[start + i] * scale, overflow);
        if (bad || !KERNEL(store_stream)(n, wide, start, block, m)) return;
        *done = start + m;
    }
}

static void KERNEL(streams_value)(const void *n, int wide, double inverse, void *x_,
                                  size_t count) {
    REAL *x = x_;
    double block[DR_STREAM_BLOCK];
    for (size_t start = 0; start < count; start += DR_STREAM_BLOCK) {
        const size_t m = count - start < DR_STREAM_BLOCK ? count - start : DR_STREAM_BLOCK;
        KERNEL(load_stream)(n, wide, start, block, m);
        for (size_t i = 0; i < m; i++) x[start + i] = (REAL)(block[i] * inverse);
    }
}

static void KERNEL(streams_widen)(const void *n, void *out, size_t count) {
    KERNEL(load_stream)(n, 0, 0, out, count);
}

static void KERNEL(streams_merge)(const void *current, int current_wide, const void *previous,
                                  int previous_wide, double beta, double inverse, void *x_,
                                  size_t count) {
    REAL *x = x_;
    const double factor = inverse / (1 + beta);
    double u[DR_STREAM_BLOCK], p[DR_STREAM_BLOCK];
    for (size_t start = 0; start < count; start += DR_STREAM_BLOCK) {
        const size_t m = count - start < DR_STREAM_BLOCK ? count - start : DR_STREAM_BLOCK;
        KERNEL(load_stream)(current, current_wide, start, u, m);
        KERNEL(load_stream)(previous, previous_wide, start, p, m);
        for (size_t i = 0; i < m; i++) x[start + i] = (REAL)((u[i] + beta * p[i]) * factor);
    }
}

// Packs integers of `bits` bits, eight a group.
static void KERNEL(pack_digits)(const uint16_t *digits, int bits, uint8_t *packed, size_t n) {
    const int low_bits = bits < 8 ? bits : 8, high_bits = bits - low_bits;
    for (size_t g = 0; g < n; g += 8) {
        uint64_t low = 0, high = 0;
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

static void KERNEL(unpack_digits)(const uint8_t *packed, int bits, uint16_t *digits, size_t n) {
    const int low_bits = bits < 8 ? bits : 8, high_bits = bits - low_bits;
    const uint64_t low_mask = (1u << low_bits) - 1, high_mask = (1u << high_bits) - 1;
    for (size_t g = 0; g < n; g += 8) {
        uint64_t low = 0, high = 0;
        memcpy(&low, packed, (size_t)low_bits);
        if (high_bits) memcpy(&high, packed + low_bits, (size_t)high_bits);
        packed += bits;
        const size_t m = n - g < 8 ? n - g : 8;
        for (size_t k = 0; k < m; k++) {
            uint64_t d = (low >> (k * (size_t)low_bits)) & low_mask;
            if (high_bits) d |= ((high >> (k * (size_t)high_bits)) & high_mask) << 8;
            digits[g + k] = (uint16_t)d;
        }
    }
}

static void KERNEL(streams_forward)(void *previous, int previous_wide, const void *current,
                                    int current_wide, const void *branch_, double alpha,
                                    double beta, double c, double scale, int bits, int bias,
                                    uint8_t *packed, double *overflow, size_t *done,
                                    size_t count) {
#pragma clang fp contract(off)
    const REAL *branch = branch_;
    const double inverse = 1 / beta, factor = c * scale;
    *overflow = 0;
    *done = 0;
    double p[DR_STREAM_BLOCK], u[DR_STREAM_BLOCK];
    uint16_t digits[DR_STREAM_BLOCK];
    for (size_t start = 0; start < count; start += DR_STREAM_BLOCK) {
        const size_t n = count - start < DR_STREAM_BLOCK ? count - start : DR_STREAM_BLOCK;
        int bad = 0;
        const REAL *f = branch + start;
        KERNEL(load_stream)(previous, previous_wide, start, p, n);
        KERNEL(load_stream)(current, current_wide, start, u, n);
        for (size_t i = 0; i < n; i++) {
            double s, r, a, q;
            DR_ROUND_UP(beta * p[i], s);
            DR_ROUND_UP(s * inverse, r);
            DR_ROUND_UP(alpha * u[i], a);
            const double v = (double)f[i] * factor;
            DR_ROUND_UP(v, q);
            u[i] = p[i] - r;
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
        if (bad || !KERNEL(store_stream)(previous, previous_wide, start, p, n)) return;
        *done = start + n;
        if (bits == 0) continue;
        // Narrowed in a loop of its own, which vectorises; packing works on integers alone.
        for (size_t i = 0; i < n; i++) digits[i] = (uint16_t)(int32_t)(u[i] + bias);
        KERNEL(pack_digits)(digits, bits, packed + start / 8 * (size_t)bits, n);
    }
}

static void KERNEL(streams_reverse)(void *current, int current_wide, const void *previous,
                                    int previous_wide, const void *branch_, double alpha,
                                    double beta, double c, double scale, int bits, int bias,
                                    const uint8_t *packed, size_t *done, size_t count) {
#pragma clang fp contract(off)
    const REAL *branch = branch_;
    const double inverse = 1 / beta, factor = c * scale;
    *done = 0;
    double u[DR_STREAM_BLOCK], p[DR_STREAM_BLOCK], lost[DR_STREAM_BLOCK];
    uint16_t digits[DR_STREAM_BLOCK];
    for (size_t start = 0; start < count; start += DR_STREAM_BLOCK) {
        const size_t n = count - start < DR_STREAM_BLOCK ? count - start : DR_STREAM_BLOCK;
        const REAL *f = branch + start;
        KERNEL(load_stream)(current, current_wide, start, u, n);
        KERNEL(load_stream)(previous, previous_wide, start, p, n);
        if (bits == 0) {
            for (size_t i = 0; i < n; i++) lost[i] = 0;
        } else {
            KERNEL(unpack_digits)(packed + start / 8 * (size_t)bits, bits, digits, n);
            for (size_t i = 0; i < n; i++) lost[i] = (double)(int32_t)digits[i] - bias;
        }
        for (size_t i = 0; i < n; i++) {
            double r, a, q;
            DR_ROUND_UP(alpha * p[i], a);
            const double v = (double)f[i] * factor;
            DR_ROUND_UP(v, q);
            const double s = u[i] - (q + a);
            DR_ROUND_UP(s * inverse, r);
            u[i] = r + lost[i];
        }
        if (!KERNEL(store_stream)(current, current_wide, start, u, n)) return;
        *done = start + n;
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
