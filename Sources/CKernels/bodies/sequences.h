// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

static void KERNEL(depthwise)(const void *x_, const void *taps_, void *out_, size_t length,
                              size_t channels, size_t width, size_t out_length, size_t kernel,
                              size_t stride, size_t padding) {
    for (size_t t = 0; t < out_length; t++) {
        REAL *restrict out = (REAL *)out_ + t * channels;
        memset(out, 0, width * sizeof(REAL));
        for (size_t k = 0; k < kernel; k++) {
            const size_t at = t * stride + k;
            if (at < padding || at - padding >= length) continue;
            const REAL *restrict x = (const REAL *)x_ + (at - padding) * channels;
            const REAL *restrict tap = (const REAL *)taps_ + k * channels;
            for (size_t c = 0; c < width; c++) out[c] += tap[c] * x[c];
        }
    }
}

static void KERNEL(depthwise_input_gradient)(const void *g_, const void *taps_, void *dx_,
                                             size_t length, size_t channels, size_t width,
                                             size_t out_length, size_t kernel, size_t stride,
                                             size_t padding) {
    for (size_t t = 0; t < length; t++)
        memset((REAL *)dx_ + t * channels, 0, width * sizeof(REAL));
    for (size_t t = 0; t < out_length; t++) {
        const REAL *restrict g = (const REAL *)g_ + t * channels;
        for (size_t k = 0; k < kernel; k++) {
            const size_t at = t * stride + k;
            if (at < padding || at - padding >= length) continue;
            REAL *restrict dx = (REAL *)dx_ + (at - padding) * channels;
            const REAL *restrict tap = (const REAL *)taps_ + k * channels;
            for (size_t c = 0; c < width; c++) dx[c] += tap[c] * g[c];
        }
    }
}

static void KERNEL(depthwise_weight_gradient)(const void *g_, const void *x_, void *dtaps_,
                                              size_t length, size_t channels, size_t width,
                                              size_t out_length, size_t kernel, size_t stride,
                                              size_t padding) {
    for (size_t t = 0; t < out_length; t++) {
        const REAL *restrict g = (const REAL *)g_ + t * channels;
        for (size_t k = 0; k < kernel; k++) {
            const size_t at = t * stride + k;
            if (at < padding || at - padding >= length) continue;
            const REAL *restrict x = (const REAL *)x_ + (at - padding) * channels;
            REAL *restrict sum = (REAL *)dtaps_ + k * channels;
            for (size_t c = 0; c < width; c++) sum[c] += x[c] * g[c];
        }
    }
}

static void KERNEL(limit_band)(void *a_, size_t rows, size_t columns, ptrdiff_t first,
                               size_t radius) {
    const ptrdiff_t reach = (ptrdiff_t)radius, count = (ptrdiff_t)columns;
    for (ptrdiff_t r = 0; r < (ptrdiff_t)rows; r++) {
        REAL *a = (REAL *)a_ + (size_t)r * columns;
        ptrdiff_t from = r - reach - first, to = r + reach - first + 1;
        from = from < 0 ? 0 : from > count ? count : from;
        to = to < from ? from : to > count ? count : to;
        for (ptrdiff_t c = 0; c < from; c++) a[c] = (REAL)-1e30;
        for (ptrdiff_t c = to; c < count; c++) a[c] = (REAL)-1e30;
    }
}
