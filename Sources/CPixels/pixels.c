// SPDX-License-Identifier: Apache-2.0
#include "CPixels.h"

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

void cpix_integrate(uint8_t *row, int64_t width, int32_t samples, int32_t sample_bytes,
                    int32_t is_big_endian) {
    const int64_t count = width * samples;
    if (sample_bytes == 1) {
        for (int64_t i = samples; i < count; i++) row[i] = (uint8_t)(row[i] + row[i - samples]);
        return;
    }
    const int high = is_big_endian ? 0 : 1;
    for (int64_t i = samples; i < count; i++) {
        uint8_t *here = row + 2 * i;
        const uint8_t *before = row + 2 * (i - samples);
        const unsigned value = (unsigned)(here[high] << 8 | here[1 - high])
                               + (unsigned)(before[high] << 8 | before[1 - high]);
        here[high] = (uint8_t)(value >> 8);
        here[1 - high] = (uint8_t)value;
    }
}

int64_t cpix_packbits(const uint8_t *packed, int64_t count, uint8_t *bytes, int64_t capacity) {
    int64_t in = 0, out = 0;
    while (in < count && out < capacity) {
        const int code = (int8_t)packed[in++];
        if (code == -128) continue;
        int64_t length = code >= 0 ? code + 1 : 1 - code;
        if (length > capacity - out) length = capacity - out;
        if (code >= 0) {
            if (length > count - in) return -1;
            memcpy(bytes + out, packed + in, (size_t)length);
            in += code + 1;
        } else {
            if (in >= count) return -1;
            memset(bytes + out, packed[in++], (size_t)length);
        }
        out += length;
    }
    return out;
}

enum { LZW_CODES = 4096, LZW_CLEAR = 256, LZW_END = 257, LZW_FIRST = 258 };

int64_t cpix_lzw(const uint8_t *packed, int64_t count, uint8_t *bytes, int64_t capacity) {
    // An entry is a run of bytes that has been written before: where it begins and how long it is.
    int64_t starts[LZW_CODES];
    int64_t lengths[LZW_CODES];
    int next = LZW_FIRST, bits = 9;
    int64_t in = 0, out = 0, last_start = 0, last_length = 0;
    uint32_t buffer = 0;
    int held = 0;
    while (out < capacity) {
        while (held < bits) {
            if (in >= count) return out;
            buffer = buffer << 8 | packed[in++];
            held += 8;
        }
        const int code = (int)(buffer >> (held - bits) & ((1u << bits) - 1));
        held -= bits;
        if (code == LZW_END) return out;
        if (code == LZW_CLEAR) {
            next = LZW_FIRST;
            bits = 9;
            last_length = 0;
            continue;
        }
        const int64_t start = out;
        int64_t length;
        if (code < LZW_CLEAR) {
            bytes[out++] = (uint8_t)code;
            length = 1;
        } else {
            int64_t from;
            if (code < next) {
                from = starts[code];
                length = lengths[code];
            } else if (code == next && last_length > 0) {
                // The entry that this very code completes: the last run and its first byte.
                from = last_start;
                length = last_length + 1;
            } else {
                return -1;
            }
            if (length > capacity - out) length = capacity - out;
            // Byte by byte, since the run may reach into what it writes.
            for (int64_t i = 0; i < length; i++) bytes[out + i] = bytes[from + i];
            out += length;
        }
        if (last_length > 0 && next < LZW_CODES) {
            // The last run and the first byte of this one lie side by side in the output.
            starts[next] = last_start;
            lengths[next] = last_length + 1;
            next++;
            // TIFF widens the codes one early.
            if (next >= (1 << bits) - 1 && bits < 12) bits++;
        }
        last_start = start;
        last_length = length;
    }
    return out;
}
