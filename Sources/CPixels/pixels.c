// SPDX-License-Identifier: Apache-2.0
#include "CPixels.h"

#include <math.h>
#include <string.h>

static uint8_t paeth(int left, int above, int corner) {
    const int guess = left + above - corner;
    const int to_left = guess > left ? guess - left : left - guess;
    const int to_above = guess > above ? guess - above : above - guess;
    const int to_corner = guess > corner ? guess - corner : corner - guess;
    if (to_left <= to_above && to_left <= to_corner) return (uint8_t)left;
    return (uint8_t)(to_above <= to_corner ? above : corner);
}

int32_t cpix_unfilter(uint8_t *row, const uint8_t *previous, int64_t count, int32_t pixel_bytes,
                      int32_t filter) {
    const int64_t first = pixel_bytes < count ? pixel_bytes : count;
    switch (filter) {
    case 0: return 0;
    case 1:
        for (int64_t i = first; i < count; i++) row[i] = (uint8_t)(row[i] + row[i - pixel_bytes]);
        return 0;
    case 2:
        for (int64_t i = 0; i < count; i++) row[i] = (uint8_t)(row[i] + previous[i]);
        return 0;
    case 3:
        for (int64_t i = 0; i < first; i++) row[i] = (uint8_t)(row[i] + previous[i] / 2);
        for (int64_t i = first; i < count; i++) {
            row[i] = (uint8_t)(row[i] + (row[i - pixel_bytes] + previous[i]) / 2);
        }
        return 0;
    case 4:
        for (int64_t i = 0; i < first; i++) row[i] = (uint8_t)(row[i] + previous[i]);
        for (int64_t i = first; i < count; i++) {
            row[i] = (uint8_t)(row[i]
                               + paeth(row[i - pixel_bytes], previous[i], previous[i - pixel_bytes]));
        }
        return 0;
    default: return -1;
    }
}

void cpix_unpack(const uint8_t *packed, uint8_t *samples, int64_t count, int32_t bits) {
    const int per_byte = 8 / bits;
    const int mask = (1 << bits) - 1;
    for (int64_t i = 0; i < count; i++) {
        const int shift = 8 - bits * (int)(i % per_byte + 1);
        samples[i] = (uint8_t)(packed[i / per_byte] >> shift & mask);
    }
}

void cpix_gather(const uint8_t *pixels, int32_t stride, int32_t red, int32_t green, int32_t blue,
                 uint8_t *rgb, int64_t width) {
    if (stride == 3 && red == 0 && green == 1 && blue == 2) {
        memcpy(rgb, pixels, 3 * (size_t)width);
        return;
    }
    for (int64_t x = 0; x < width; x++, pixels += stride, rgb += 3) {
        rgb[0] = pixels[red];
        rgb[1] = pixels[green];
        rgb[2] = pixels[blue];
    }
}

void cpix_look_up(const uint8_t *indices, const uint8_t *palette, uint8_t *rgb, int64_t width) {
    for (int64_t x = 0; x < width; x++) memcpy(rgb + 3 * x, palette + 3 * indices[x], 3);
}

static uint64_t whole(const uint8_t *bytes, int64_t bit, int32_t bits, int32_t is_big_endian) {
    if (bits % 8 == 0 && bit % 8 == 0) {
        const int32_t count = bits / 8;
        uint64_t value = 0;
        for (int32_t i = 0; i < count; i++) {
            value = value << 8 | bytes[bit / 8 + (is_big_endian ? i : count - 1 - i)];
        }
        return value;
    }
    uint64_t value = 0;
    for (int32_t i = 0; i < bits; i++, bit++) {
        value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
    }
    return value;
}

static double half(uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 ? -1 : 1;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    return exponent ? sign * ldexp(1024 + fraction, exponent - 25) : sign * ldexp(fraction, -24);
}

static double number(uint64_t bits, const cpix_samples *kind) {
    switch (kind->kind) {
    case CPIX_UNSIGNED: return (double)bits;
    case CPIX_SIGNED: {
        const int shift = 64 - kind->bits;
        return (double)((int64_t)(bits << shift) >> shift);
    }
    default: break;
    }
    if (kind->bits == 16) return half((uint16_t)bits);
    if (kind->bits == 32) {
        const uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint8_t level(double value, const cpix_samples *kind, double gain, double nudge) {
    const double level = (value - kind->low) * gain + nudge;
    const int byte = level >= 255 ? 255 : level > 0 ? (int)level : 0;
    return (uint8_t)(kind->is_inverted ? 255 - byte : byte);
}

void cpix_levels(const uint8_t *row, int64_t first_bit, int64_t stride_bits, cpix_samples *kind,
                 uint8_t *rgb, int64_t width) {
    const int is_float = kind->kind == CPIX_FLOAT;
    const double span = kind->high - kind->low;
    // Whole numbers share 256 levels evenly: of 16 bits the upper 8. The nudge is less than their step and
    // more than the product's error.
    const int is_shared = !is_float && kind->bits > 8;
    const double gain = span > 0 ? (is_shared ? 256 / (span + 1) : 255 / span) : 0;
    const double nudge = is_shared ? 1e-10 : 0.5;
    // What stands for no value is written in more digits than floats of 16 and 32 bits have.
    const double digits = is_float ? (kind->bits == 16 ? 2048 : kind->bits == 32 ? 16777216 : INFINITY) : INFINITY;
    const double slack = kind->has_missing ? fabs(kind->missing) / digits : 0;
    const int is_two_bytes = kind->bits == 16 && !is_float && first_bit % 8 == 0 && stride_bits % 8 == 0;
    const int high = kind->is_big_endian ? 0 : 1;
    for (int64_t x = 0; x < width; x++) {
        const int64_t bit = first_bit + x * stride_bits;
        uint64_t bits;
        if (is_two_bytes) {
            const uint8_t *bytes = row + bit / 8;
            bits = (uint64_t)(bytes[high] << 8 | bytes[1 - high]);
        } else {
            bits = whole(row, bit, kind->bits, kind->is_big_endian);
        }
        const double value = number(bits, kind);
        if (value != value || (kind->has_missing && fabs(value - kind->missing) <= slack)) {
            if (rgb) rgb[3 * x] = 0;
            continue;
        }
        if (value < kind->least && value > -INFINITY) kind->least = value;
        if (value > kind->greatest && value < INFINITY) kind->greatest = value;
        if (rgb) rgb[3 * x] = level(value, kind, gain, nudge);
    }
}
