// SPDX-License-Identifier: Apache-2.0
//
// A small opaque C interface over libtiff: the first directory of a file, and its pixels a strip, tile or
// row at a time. Nothing is written or printed; a handle belongs to one thread at a time.
#ifndef CTIFF_H
#define CTIFF_H

#include <stdint.h>

typedef struct CTFFile CTFFile;

// Reads up to `count` bytes from `offset`; gives how many, or -1.
typedef int64_t (*CTFRead)(void *context, int64_t offset, void *buffer, int64_t count);

// How the pixels are stored. Sizes, depths and numbers are those of the tags.
typedef struct CTFInfo {
    uint32_t width, height;
    uint16_t samples, bits, format, photometric, compression, orientation;
    // Whether each sample has pieces of its own.
    int32_t is_planar;
    int32_t is_tiled;
    // A tile's size, or the rows of a strip with the picture's width.
    uint32_t piece_width, piece_height;
    // How many strips or tiles there are; of more than 2 to the power of 22 none is looked at.
    uint32_t pieces;
    // Unpacked bytes of a piece and of a row of it, and the most packed bytes of a piece.
    int64_t piece_bytes, row_bytes, packed_bytes;
    // The first strip or tile that the file does not hold, -1 where all are there; and where it should be.
    int64_t missing, missing_offset, missing_bytes;
    // Whether the directory is that of a smaller picture of another, and whether it is a camera's raw one.
    int32_t is_reduced, is_raw;
    // Whether libtiff alone can turn the pixels into colours (YCbCr without JPEG, CMYK).
    int32_t needs_colours;
    // The number that stands for "no value", where one is named.
    int32_t has_missing_value;
    double missing_value;
    // The palette, 3 bytes a colour, where there is one.
    int32_t palette_count;
    uint8_t palette[768];
} CTFInfo;

// Opens a file of `size` bytes. No single block of libtiff's gets larger than `memory_limit`. NULL on
// failure, with a line in `text`.
CTFFile *ctf_open(void *context, CTFRead read, int64_t size, int64_t memory_limit, char *text,
                  int32_t capacity);
void ctf_close(CTFFile *file);
void ctf_info(CTFFile *file, CTFInfo *info);

// Unpacks into `buffer` of `count` bytes; each gives 0, or -1 with the line that `ctf_message` has.
// One row of all samples from strips; rows in order are quick.
int32_t ctf_read_row(CTFFile *file, uint32_t row, uint8_t *buffer, int64_t count);
// The strip or tile that holds column x and row y of a sample, whole.
int32_t ctf_read_piece(CTFFile *file, uint32_t x, uint32_t y, uint16_t sample, uint8_t *buffer,
                       int64_t count);
// Whole rows as libtiff's own colours, 4 bytes a pixel: red, green, blue, alpha.
int32_t ctf_read_colours(CTFFile *file, uint32_t row, uint32_t rows, uint8_t *buffer, int64_t count);

// What libtiff said about the last failure, one line.
const char *ctf_message(const CTFFile *file);
// Whether this libtiff reads a compression.
int32_t ctf_has_codec(uint16_t compression);

#endif
