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

// A float of 8 bits from the upper 12 of a float32's word, whose own lowest code stands for
// `base` of them: 8 steps a power of two, 1 as the highest code.
static inline float KERNEL(from_code)(uint32_t code, uint32_t base) {
    const uint32_t bits = code ? (code + base) << 20 : 0;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

static inline uint32_t KERNEL(word)(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

// Avalanche of 32 bits (multiplicative xorshift): the dither of an element of one update.
static inline uint32_t KERNEL(dither)(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    return x ^ (x >> 16);
}

// Magnitudes in [0, 1] as codes up to `top`; `noise` has 20 bits. Rounds up as often as the value
// is near the next code, so that the mean of many roundings is the value.
static inline uint32_t KERNEL(to_code)(float x, uint32_t noise, uint32_t base, uint32_t top) {
    const uint32_t bits = KERNEL(word)(x);
    const uint32_t least = (base + 1) << 20;
    float smallest;
    memcpy(&smallest, &least, 4);
    const uint32_t below = x > (float)noise * 0x1p-20f * smallest ? 1 : 0;
    uint32_t code = ((bits + noise) >> 20) - base;
    code = code > top ? top : code;
    return bits < least ? below : code;
}

// Blocks of DR_MOMENT_BLOCK codes, then their scale as a float.
static void KERNEL(adamw_blocks)(void *parameter_, const void *gradient_, void *m_, void *v_,
                                 double rate, double beta1, double beta2, double epsilon,
                                 double decay, double correction1, double correction2,
                                 double gradient_scale, uint32_t salt, size_t first, size_t n) {
    enum { BLOCK = DR_MOMENT_BLOCK, FIRST_BASE = 1016 - 127, SECOND_BASE = 1016 - 255 };
    const REAL b1 = (REAL)beta1, b2 = (REAL)beta2, c1 = (REAL)(1 - beta1), c2 = (REAL)(1 - beta2);
    const REAL keep = (REAL)(1 - rate * decay), size = (REAL)(rate / correction1);
    const REAL root = (REAL)(1 / SQRT_SCALAR(correction2)), eps = (REAL)epsilon;
    const REAL gs = (REAL)gradient_scale;
    float m[BLOCK], v[BLOCK];
    for (size_t start = 0; start < n; start += BLOCK) {
        const size_t count = n - start < BLOCK ? n - start : BLOCK;
        REAL *p = (REAL *)parameter_ + start;
        const REAL *g_ = (const REAL *)gradient_ + start;
        uint8_t *mc = (uint8_t *)m_ + start / BLOCK * (BLOCK + 4);
        uint8_t *vc = (uint8_t *)v_ + start / BLOCK * (BLOCK + 4);
        float m_scale, v_scale;
        memcpy(&m_scale, mc + BLOCK, 4);
        memcpy(&v_scale, vc + BLOCK, 4);
        uint32_t m_most = 0, v_most = 0;
        for (size_t i = 0; i < count; i++) {
            const float sign = mc[i] & 128 ? -1 : 1;
            const float old = sign * KERNEL(from_code)(mc[i] & 127, FIRST_BASE);
            const REAL g = g_[i] * gs;
            const REAL m_new = b1 * (old * m_scale) + c1 * g;
            const REAL v_new = b2 * (KERNEL(from_code)(vc[i], SECOND_BASE) * v_scale) + c2 * g * g;
            p[i] = keep * p[i] - size * m_new / (SQRT(v_new) * root + eps);
            m[i] = (float)m_new;
            v[i] = (float)v_new;
            const uint32_t m_bits = KERNEL(word)(m[i]) & 0x7FFFFFFFu, v_bits = KERNEL(word)(v[i]);
            m_most = m_bits > m_most ? m_bits : m_most;
            v_most = v_bits > v_most ? v_bits : v_most;
        }
        memcpy(mc + BLOCK, &m_most, 4);
        memcpy(vc + BLOCK, &v_most, 4);
        memcpy(&m_scale, &m_most, 4);
        memcpy(&v_scale, &v_most, 4);
        const float m_unit = m_scale > 0 ? m_scale : 1, v_unit = v_scale > 0 ? v_scale : 1;
        const uint32_t place = (uint32_t)(first + start) + salt;
        for (size_t i = 0; i < count; i++) {
            const uint32_t noise = KERNEL(dither)(place + (uint32_t)i);
            const uint32_t sign = KERNEL(word)(m[i]) >> 24 & 128;
            const float magnitude = (m[i] < 0 ? -m[i] : m[i]) / m_unit;
            mc[i] = (uint8_t)(sign | KERNEL(to_code)(magnitude, noise & 0xFFFFF, FIRST_BASE, 127));
            const uint32_t code = KERNEL(to_code)(
                v[i] / v_unit, noise * 0x9E3779B1u >> 12, SECOND_BASE, 255);
            // Never 0 where there was a gradient: the step divides by the root.
            vc[i] = (uint8_t)(code == 0 && v[i] > 0 ? 1 : code);
        }
    }
}
