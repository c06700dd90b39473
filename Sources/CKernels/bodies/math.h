// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type, before the other bodies: exp, erf, tanh and the normal
// distribution's tail without library calls, so that the loops that use them vectorise. The
// float coefficients are weighted least-squares fits (Lawson's iteration) to 40-digit values.
// The double forms serve gradient checks and call the library.

#if REAL_IS_FLOAT

// e^x to about 1 ulp; 0 below -87.3, infinity above 88.3, NaN for NaN.
static inline float KERNEL(fast_exp)(float x) {
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer.
    float shifted = x * 1.44269504f + magic;
    uint32_t bits;
    memcpy(&bits, &shifted, 4);
    float k = shifted - magic;
    float r = x - k * 0.693145752f;
    r = r - k * 1.42860677e-6f;
    float p = 1.3941108e-3f;
    p = p * r + 8.3631808e-3f;
    p = p * r + 4.1666374e-2f;
    p = p * r + 1.6666577e-1f;
    p = p * r + 0.5f;
    p = (p * r) * r + r;
    bits = (bits << 23) + 0x3F800000u;
    float scale;
    memcpy(&scale, &bits, 4);
    float result = scale + scale * p;
    result = x < -87.3f ? 0.0f : result;
    return x > 88.3f ? INFINITY : result;
}

// ln x for normal x > 0, to about 1 ulp: x = 2^k * m with m within a factor sqrt(2) of 1, then
// ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172.
static inline float KERNEL(fast_log)(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    const int32_t k = (int32_t)(bits - 0x3F3504F3u) >> 23;
    bits -= (uint32_t)k << 23;
    float m;
    memcpy(&m, &bits, 4);
    const float s = (m - 1.0f) / (m + 1.0f), t = s * s;
    const float tail = t * (0.33333333f + t * (0.2f + t * (0.14285714f + t * 0.11111111f)));
    return (float)k * 0.69314718f + (2.0f * s + 2.0f * s * tail);
}

// The standard normal's upper tail Q(a) for a >= 0, to 1e-7 of Q(0); *decay = e^(-a*a/2).
// Q(a) = e^(-a*a/2) * t * P(t) with t = 1 / (1 + 0.35 a).
static inline float KERNEL(normal_tail)(float a, float *decay) {
    const float t = 1.0f / (1.0f + 0.35f * a);
    float p = -0.029146559748f;
    p = p * t + 0.143974703392f;
    p = p * t - 0.255720324699f;
    p = p * t + 0.159180907956f;
    p = p * t - 0.023114331152f;
    p = p * t + 0.105509834702f;
    p = p * t + 0.119832424801f;
    p = p * t + 0.139861927636f;
    p = p * t + 0.139621401163f;
    const float e = KERNEL(fast_exp)(-0.5f * a * a);
    *decay = e;
    return e * t * p;
}

static inline float KERNEL(fast_erf)(float x) {
    float decay;
    const float y = 1.0f - 2.0f * KERNEL(normal_tail)(1.41421356f * fabsf(x), &decay);
    return x < 0 ? -y : y;
}

static inline float KERNEL(fast_tanh)(float x) {
    const float a = fabsf(x);
    const float y = 1.0f - 2.0f / (KERNEL(fast_exp)(2.0f * a) + 1.0f);
    // Below 0.1 the quotient cancels; the series is exact to rounding there.
    const float s = x * x;
    const float small = a + a * s * (-0.33333333f + s * (0.13333333f - s * 0.053968254f));
    const float z = a < 0.1f ? small : y;
    return x < 0 ? -z : z;
}
#else

static inline double KERNEL(fast_exp)(double x) { return exp(x); }

static inline double KERNEL(fast_log)(double x) { return log(x); }

static inline double KERNEL(normal_tail)(double a, double *decay) {
    *decay = exp(-0.5 * a * a);
    return 0.5 * erfc(a * 0.70710678118654752440);
}

static inline double KERNEL(fast_erf)(double x) { return erf(x); }

static inline double KERNEL(fast_tanh)(double x) { return tanh(x); }
#endif

// x * Phi(x): the exact (erf) GELU.
static inline REAL KERNEL(gelu_of)(REAL x) {
    REAL decay;
    const REAL a = x < 0 ? -x : x;
    const REAL tail = x * KERNEL(normal_tail)(a, &decay);
    return x > 0 ? x - tail : tail;
}

// Phi(x) + x * phi(x): the derivative of the exact GELU.
static inline REAL KERNEL(gelu_slope_of)(REAL x) {
    REAL decay;
    const REAL a = x < 0 ? -x : x;
    const REAL tail = KERNEL(normal_tail)(a, &decay);
    const REAL phi = x > 0 ? 1 - tail : tail;
    return phi + x * decay * (REAL)0.39894228040143267794;
}

// The largest of n >= 1 numbers. Sixteen lanes, because a plain maximum doesn't vectorise.
static inline REAL KERNEL(row_max)(const REAL *a, size_t n) {
    REAL lane[16];
    for (int l = 0; l < 16; l++) lane[l] = a[0];
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) lane[l] = a[i + l] > lane[l] ? a[i + l] : lane[l];
    for (; i < n; i++) lane[0] = a[i] > lane[0] ? a[i] : lane[0];
    for (int l = 1; l < 16; l++) lane[0] = lane[l] > lane[0] ? lane[l] : lane[0];
    return lane[0];
}
