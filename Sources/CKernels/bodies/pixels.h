// SPDX-License-Identifier: Apache-2.0
// Included once a level; PIXELS comes from level.h.

typedef uint8_t PIXELS(bytes) __attribute__((vector_size(16)));
typedef int16_t PIXELS(eight) __attribute__((vector_size(16)));
typedef int16_t PIXELS(shorts) __attribute__((vector_size(32)));
typedef int32_t PIXELS(ints) __attribute__((vector_size(64)));

#define WIDER(value) __builtin_convertvector(value, PIXELS(ints))

// Products of 16-bit numbers, which the compiler knows to be such: one instruction a vector.
static void PIXELS(blend_rows)(const uint8_t *const *rows, const int16_t *weights, size_t taps,
                               int16_t *out, size_t width) {
    size_t x = 0;
    for (; x + 64 <= width; x += 64) {
        PIXELS(ints) sums[4];
        for (int i = 0; i < 4; i++) sums[i] = (PIXELS(ints)){0} + 64;
        for (size_t k = 0; k < taps; k++) {
            for (int i = 0; i < 4; i++) {
                PIXELS(bytes) samples;
                memcpy(&samples, rows[k] + x + 16 * i, sizeof samples);
                sums[i] += WIDER(samples) * (int32_t)weights[k];
            }
        }
        for (int i = 0; i < 4; i++) {
            const PIXELS(shorts) levels = __builtin_convertvector(sums[i] >> 7, PIXELS(shorts));
            memcpy(out + x + 16 * i, &levels, sizeof levels);
        }
    }
    for (; x + 16 <= width; x += 16) {
        PIXELS(ints) sum = (PIXELS(ints)){0} + 64;
        for (size_t k = 0; k < taps; k++) {
            PIXELS(bytes) samples;
            memcpy(&samples, rows[k] + x, sizeof samples);
            sum += WIDER(samples) * (int32_t)weights[k];
        }
        const PIXELS(shorts) levels = __builtin_convertvector(sum >> 7, PIXELS(shorts));
        memcpy(out + x, &levels, sizeof levels);
    }
    for (; x < width; x++) {
        int32_t sum = 64;
        for (size_t k = 0; k < taps; k++) sum += weights[k] * (int32_t)rows[k][x];
        out[x] = (int16_t)(sum >> 7);
    }
}

static void PIXELS(blend_levels)(const int16_t *const *rows, const int16_t *weights, size_t taps,
                                 int16_t *out, size_t width) {
    size_t x = 0;
    for (; x + 16 <= width; x += 16) {
        PIXELS(ints) sum = (PIXELS(ints)){0} + 8192;
        for (size_t k = 0; k < taps; k++) {
            PIXELS(shorts) samples;
            memcpy(&samples, rows[k] + x, sizeof samples);
            sum += WIDER(samples) * (int32_t)weights[k];
        }
        const PIXELS(shorts) levels = __builtin_convertvector(sum >> 14, PIXELS(shorts));
        memcpy(out + x, &levels, sizeof levels);
    }
    for (; x < width; x++) {
        int32_t sum = 8192;
        for (size_t k = 0; k < taps; k++) sum += weights[k] * (int32_t)rows[k][x];
        out[x] = (int16_t)(sum >> 14);
    }
}

#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

// Three rounds of interleaving the first half with the second transpose 8 x 8.
static inline void PIXELS(turn_eight)(const int16_t *rows, size_t stride, int16_t *strip) {
    PIXELS(eight) a[8], b[8];
    for (int i = 0; i < 8; i++) memcpy(&a[i], rows + (size_t)i * stride, sizeof a[i]);
    for (int i = 0; i < 4; i++) b[2 * i] = LOWER(a[i], a[i + 4]), b[2 * i + 1] = UPPER(a[i], a[i + 4]);
    for (int i = 0; i < 4; i++) a[2 * i] = LOWER(b[i], b[i + 4]), a[2 * i + 1] = UPPER(b[i], b[i + 4]);
    for (int i = 0; i < 4; i++) b[2 * i] = LOWER(a[i], a[i + 4]), b[2 * i + 1] = UPPER(a[i], a[i + 4]);
    for (int i = 0; i < 8; i++) memcpy(strip + 16 * i, &b[i], sizeof b[i]);
}

static void PIXELS(gather_strip)(const int16_t *rows, size_t stride, int16_t *strip, size_t width) {
    size_t x = 0;
    for (; x + 8 <= width; x += 8) {
        PIXELS(turn_eight)(rows + x, stride, strip + 16 * x);
        PIXELS(turn_eight)(rows + 8 * stride + x, stride, strip + 16 * x + 8);
    }
    for (; x < width; x++)
        for (size_t row = 0; row < 16; row++) strip[16 * x + row] = rows[row * stride + x];
}

static void PIXELS(blend_columns)(const int16_t *strip, const int32_t *first, const int16_t *weights,
                                  size_t taps, int16_t *out, size_t width) {
    for (size_t x = 0; x < width; x++) {
        const int16_t *in = strip + 16 * (size_t)first[x];
        PIXELS(ints) sum = (PIXELS(ints)){0} + 8192;
        for (size_t k = 0; k < taps; k++) {
            PIXELS(shorts) samples;
            memcpy(&samples, in + 16 * k, sizeof samples);
            sum += WIDER(samples) * (int32_t)weights[taps * x + k];
        }
        const PIXELS(shorts) levels = __builtin_convertvector(sum >> 14, PIXELS(shorts));
        memcpy(out + 16 * x, &levels, sizeof levels);
    }
}

#define LEVELS(value)                                                                          \
    __builtin_convertvector(                                                                   \
        __builtin_elementwise_min(                                                             \
            __builtin_elementwise_max((value) >> 20, (PIXELS(ints)){0}), (PIXELS(ints)){0} + 255), \
        PIXELS(bytes))

// 16 colours of 16 rows, [column, channel, row], as `rows` rows of RGB.
static inline void PIXELS(put_tile)(uint8_t tile[16][3][16], size_t rows, uint8_t *rgb, ptrdiff_t stride,
                                    size_t count) {
    for (size_t row = 0; row < rows; row++) {
        uint8_t *out = rgb + (ptrdiff_t)row * stride;
        for (size_t x = 0; x < count; x++)
            for (int c = 0; c < 3; c++) out[3 * x + (size_t)c] = tile[x][c][row];
    }
}

static void PIXELS(strip_colours)(const int16_t *y, const int16_t *u, const int16_t *v,
                                  const int16_t *matrix, size_t rows, uint8_t *rgb, ptrdiff_t stride,
                                  size_t width) {
    uint8_t tile[16][3][16];
    for (size_t left = 0; left < width; left += 16) {
        const size_t count = width - left < 16 ? width - left : 16;
        for (size_t x = 0; x < count; x++) {
            PIXELS(shorts) a, b, c;
            memcpy(&a, y + 16 * (left + x), sizeof a);
            memcpy(&b, u + 16 * (left + x), sizeof b);
            memcpy(&c, v + 16 * (left + x), sizeof c);
            // 7 bits of the samples' and 13 of the gains' fraction; half a level for rounding.
            const PIXELS(ints) luma = WIDER(a - matrix[0]) * (int32_t)matrix[1] + (1 << 19);
            const PIXELS(ints) blue = WIDER(b - (int16_t)16384), red = WIDER(c - (int16_t)16384);
            const PIXELS(bytes) colours[3] = {
                LEVELS(luma + red * (int32_t)matrix[2]),
                LEVELS(luma - blue * (int32_t)matrix[3] - red * (int32_t)matrix[4]),
                LEVELS(luma + blue * (int32_t)matrix[5]),
            };
            memcpy(tile[x], colours, sizeof colours);
        }
        PIXELS(put_tile)(tile, rows, rgb + 3 * left, stride, count);
    }
}

static void PIXELS(strip_mixed)(const int16_t *first, const int16_t *second, const int16_t *third,
                                const int16_t *matrix, size_t rows, uint8_t *rgb, ptrdiff_t stride,
                                size_t width) {
    const int16_t *const parts[3] = {first, second, third};
    uint8_t tile[16][3][16];
    for (size_t left = 0; left < width; left += 16) {
        const size_t count = width - left < 16 ? width - left : 16;
        for (size_t x = 0; x < count; x++) {
            PIXELS(ints) samples[3];
            for (int i = 0; i < 3; i++) {
                PIXELS(shorts) part;
                memcpy(&part, parts[i] + 16 * (left + x), sizeof part);
                samples[i] = WIDER(part - matrix[i]);
            }
            for (int c = 0; c < 3; c++) {
                const int16_t *gains = matrix + 3 + 3 * c;
                const PIXELS(bytes) colour =
                    LEVELS(samples[0] * (int32_t)gains[0] + samples[1] * (int32_t)gains[1]
                           + samples[2] * (int32_t)gains[2] + (1 << 19));
                memcpy(tile[x][c], &colour, sizeof colour);
            }
        }
        PIXELS(put_tile)(tile, rows, rgb + 3 * left, stride, count);
    }
}

#undef WIDER
#undef LOWER
#undef UPPER
#undef LEVELS
