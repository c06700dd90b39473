// SPDX-License-Identifier: Apache-2.0
//
// Inner loops over the bytes of picture rows. Nothing here allocates; every function stays inside the
// counts that it is given.
#ifndef CPIXELS_H
#define CPIXELS_H

#include <stdint.h>

// Undoes a PNG row filter (PNG, second edition, 9.2) in place. `previous` is the row above, undone, of
// the same count. Returns 0, or -1 for a filter that PNG has not.
int32_t cpix_unfilter(uint8_t *row, const uint8_t *previous, int64_t count, int32_t pixel_bytes,
                      int32_t filter);

// Samples of 1, 2 or 4 bits, the first in the highest bits, as one byte each.
void cpix_unpack(const uint8_t *packed, uint8_t *samples, int64_t count, int32_t bits);

// Red, green and blue of `width` pixels of `stride` bytes, from the bytes at three offsets in each.
void cpix_gather(const uint8_t *pixels, int32_t stride, int32_t red, int32_t green, int32_t blue,
                 uint8_t *rgb, int64_t width);

// Red, green and blue of indices into a palette of 256 colours.
void cpix_look_up(const uint8_t *indices, const uint8_t *palette, uint8_t *rgb, int64_t width);

// Undoes TIFF's horizontal differences (TIFF 6.0, section 14) of samples of 1 or 2 bytes in place.
void cpix_integrate(uint8_t *row, int64_t width, int32_t samples, int32_t sample_bytes,
                    int32_t is_big_endian);

// Unpacks TIFF's LZW (section 13) or PackBits (section 9). Returns the number of bytes written, at
// most `capacity`, where what follows is left out; -1 for damage.
int64_t cpix_lzw(const uint8_t *packed, int64_t count, uint8_t *bytes, int64_t capacity);
int64_t cpix_packbits(const uint8_t *packed, int64_t count, uint8_t *bytes, int64_t capacity);

#endif
