// SPDX-License-Identifier: Apache-2.0
#include "CTIFF.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#if TIFFLIB_VERSION < 20221213
#error "libtiff 4.5 or newer is needed: it gives messages and memory limits to each file"
#endif

enum { MESSAGE = 256, GDAL_NODATA = 42113 };

struct CTFFile {
    TIFF *tiff;
    void *context;
    CTFRead read;
    int64_t size, position;
    // Whether pixels are read: then a warning is damage too.
    int is_reading, has_failed;
    char message[MESSAGE];
};

static void keep(CTFFile *file, const char *format, va_list arguments) {
    // The first one is the cause.
    if (file->has_failed) return;
    file->has_failed = 1;
    vsnprintf(file->message, sizeof file->message, format, arguments);
    for (char *c = file->message; *c; c++) {
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') *c = ' ';
    }
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    keep(user, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    CTFFile *file = user;
    // Packed bytes beyond a row's are left out, as their writers mean it.
    if (file->is_reading && !strstr(format, "Discarding")) keep(file, format, arguments);
    return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *buffer, tmsize_t count) {
    CTFFile *file = handle;
    if (file->position >= file->size || count <= 0) return 0;
    const int64_t left = file->size - file->position;
    const int64_t got = file->read(file->context, file->position, buffer, count < left ? count : left);
    if (got > 0) file->position += got;
    return got;
}

static tmsize_t write_bytes(thandle_t handle, void *buffer, tmsize_t count) {
    (void)handle, (void)buffer, (void)count;
    return -1;
}

static toff_t seek_bytes(thandle_t handle, toff_t offset, int whence) {
    CTFFile *file = handle;
    const uint64_t base = whence == SEEK_CUR   ? (uint64_t)file->position
                          : whence == SEEK_END ? (uint64_t)file->size
                                               : 0;
    const uint64_t target = base + offset;
    if (target > INT64_MAX) return (toff_t)-1;
    file->position = (int64_t)target;
    return target;
}

static int close_bytes(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of_bytes(thandle_t handle) { return (toff_t)((CTFFile *)handle)->size; }

static void silence(void) {
    // What has no file of its own goes nowhere.
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
}

CTFFile *ctf_open(void *context, CTFRead read, int64_t size, int64_t memory_limit, char *text,
                  int32_t capacity) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
    CTFFile *file = calloc(1, sizeof *file);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (file && options) {
        file->context = context;
        file->read = read;
        file->size = size;
        TIFFOpenOptionsSetMaxSingleMemAlloc(options, memory_limit);
        TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, file);
        TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, file);
        // Without a map: a file that shrinks is an error, not a signal.
        file->tiff = TIFFClientOpenExt("picture", "rm", file, read_bytes, write_bytes, seek_bytes,
                                       close_bytes, size_of_bytes, NULL, NULL, options);
    }
    if (options) TIFFOpenOptionsFree(options);
    if (file && file->tiff) return file;
    snprintf(text, (size_t)capacity, "%s",
             file && file->has_failed ? file->message : "a directory that libtiff cannot read");
    free(file);
    return NULL;
}

void ctf_close(CTFFile *file) {
    if (!file) return;
    TIFFClose(file->tiff);
    free(file);
}

const char *ctf_message(const CTFFile *file) {
    return file->has_failed ? file->message : "too few bytes";
}

int32_t ctf_has_codec(uint16_t compression) { return TIFFIsCODECConfigured(compression) != 0; }

static void find_palette(TIFF *tiff, CTFInfo *info) {
    uint16_t *red, *green, *blue;
    if (info->photometric != PHOTOMETRIC_PALETTE || info->bits > 8
        || !TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue)) {
        return;
    }
    info->palette_count = 1 << info->bits;
    // Some writers fill in 8 bits instead of 16.
    int shift = 0;
    for (int i = 0; i < info->palette_count; i++) {
        if (red[i] > 255 || green[i] > 255 || blue[i] > 255) shift = 8;
    }
    for (int i = 0; i < info->palette_count; i++) {
        info->palette[3 * i] = (uint8_t)(red[i] >> shift);
        info->palette[3 * i + 1] = (uint8_t)(green[i] >> shift);
        info->palette[3 * i + 2] = (uint8_t)(blue[i] >> shift);
    }
}

static void find_missing_value(TIFF *tiff, CTFInfo *info) {
    uint32_t count = 0;
    const char *text = NULL;
    if (!TIFFGetField(tiff, GDAL_NODATA, &count, &text) || !text || count == 0 || count > 64) return;
    char copy[65] = {0};
    memcpy(copy, text, count);
    char *end;
    const double value = strtod(copy, &end);
    if (end == copy) return;
    info->has_missing_value = 1;
    info->missing_value = value;
}

// Looks at where every piece lies.
static void find_pieces(CTFFile *file, CTFInfo *info) {
    TIFF *tiff = file->tiff;
    info->pieces = info->is_tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
    info->missing = -1;
    if (info->pieces > UINT32_C(1) << 22) return;
    for (uint32_t i = 0; i < info->pieces; i++) {
        int failed = 0;
        const uint64_t offset = TIFFGetStrileOffsetWithErr(tiff, i, &failed);
        const uint64_t count = failed ? 0 : TIFFGetStrileByteCountWithErr(tiff, i, &failed);
        const uint64_t size = (uint64_t)file->size;
        if (failed || count == 0 || offset > size || count > size - offset) {
            info->missing = i;
            info->missing_offset = (int64_t)(offset > INT64_MAX ? INT64_MAX : offset);
            info->missing_bytes = (int64_t)(count > INT64_MAX ? INT64_MAX : count);
            return;
        }
        if ((int64_t)count > info->packed_bytes) info->packed_bytes = (int64_t)count;
    }
}

void ctf_info(CTFFile *file, CTFInfo *info) {
    TIFF *tiff = file->tiff;
    memset(info, 0, sizeof *info);
    uint32_t kind = 0;
    uint16_t planar = PLANARCONFIG_CONTIG;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &info->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &info->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &info->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &info->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &info->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &info->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &info->orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SUBFILETYPE, &kind);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &info->photometric)) {
        info->photometric = info->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    }
    info->is_planar = planar == PLANARCONFIG_SEPARATE && info->samples > 1;
    info->is_tiled = TIFFIsTiled(tiff) != 0;
    info->is_reduced = (kind & FILETYPE_REDUCEDIMAGE) != 0;
    uint8_t *version = NULL;
    info->is_raw = TIFFGetField(tiff, TIFFTAG_DNGVERSION, &version) != 0
                   || info->photometric == PHOTOMETRIC_CFA || info->photometric == 34892;
    // JPEG's own conversion, where its samples are YCbCr: the only one that knows how they were packed.
    const int is_jpeg = info->compression == COMPRESSION_JPEG && info->photometric == PHOTOMETRIC_YCBCR;
    if (is_jpeg && !info->is_planar) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    switch (info->photometric) {
    case PHOTOMETRIC_YCBCR: info->needs_colours = !is_jpeg || info->is_planar; break;
    case PHOTOMETRIC_SEPARATED: info->needs_colours = 1; break;
    default: info->needs_colours = 0; break;
    }
    if (info->is_tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &info->piece_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &info->piece_height);
        info->piece_bytes = TIFFTileSize(tiff);
        info->row_bytes = TIFFTileRowSize(tiff);
    } else {
        uint32_t rows = 0;
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
        info->piece_width = info->width;
        info->piece_height = rows < info->height ? rows : info->height;
        info->piece_bytes = TIFFStripSize(tiff);
        info->row_bytes = TIFFScanlineSize(tiff);
    }
    find_palette(tiff, info);
    find_missing_value(tiff, info);
    find_pieces(file, info);
}

static void begin(CTFFile *file) {
    file->is_reading = 1;
    file->has_failed = 0;
}

static int32_t end(CTFFile *file, int is_whole) {
    file->is_reading = 0;
    return is_whole && !file->has_failed ? 0 : -1;
}

int32_t ctf_read_row(CTFFile *file, uint32_t row, uint8_t *buffer, int64_t count) {
    if (count < TIFFScanlineSize(file->tiff)) return -1;
    begin(file);
    return end(file, TIFFReadScanline(file->tiff, buffer, row, 0) == 1);
}

int32_t ctf_read_piece(CTFFile *file, uint32_t x, uint32_t y, uint16_t sample, uint8_t *buffer,
                       int64_t count) {
    TIFF *tiff = file->tiff;
    begin(file);
    if (TIFFIsTiled(tiff)) {
        const uint32_t tile = TIFFComputeTile(tiff, x, y, 0, sample);
        const tmsize_t whole = TIFFTileSize(tiff);
        return end(file, whole > 0 && count >= whole
                             && TIFFReadEncodedTile(tiff, tile, buffer, whole) == whole);
    }
    const uint32_t strip = TIFFComputeStrip(tiff, y, sample);
    uint32_t height = 0, rows = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (rows == 0 || rows > height) rows = height;
    const uint32_t first = rows ? y / rows * rows : 0;
    const tmsize_t whole = TIFFVStripSize(tiff, height - first < rows ? height - first : rows);
    return end(file, whole > 0 && count >= whole
                         && TIFFReadEncodedStrip(tiff, strip, buffer, whole) == whole);
}

int32_t ctf_read_colours(CTFFile *file, uint32_t row, uint32_t rows, uint8_t *buffer, int64_t count) {
    char text[1024] = "";
    TIFFRGBAImage image;
    begin(file);
    if (!TIFFRGBAImageOK(file->tiff, text) || !TIFFRGBAImageBegin(&image, file->tiff, 1, text)) {
        if (!file->has_failed) {
            file->has_failed = 1;
            snprintf(file->message, sizeof file->message, "%.200s", text);
        }
        return end(file, 0);
    }
    int is_whole = 0;
    if (count / 4 / (image.width ? image.width : 1) >= rows) {
        // Rows as stored, whichever way they are to be turned.
        image.req_orientation = image.orientation;
        image.row_offset = (int)row;
        image.col_offset = 0;
        uint32_t *raster = (uint32_t *)(void *)buffer;
        is_whole = TIFFRGBAImageGet(&image, raster, image.width, rows);
        for (int64_t i = 0; i < (int64_t)image.width * rows; i++) {
            const uint32_t pixel = raster[i];
            buffer[4 * i] = (uint8_t)TIFFGetR(pixel);
            buffer[4 * i + 1] = (uint8_t)TIFFGetG(pixel);
            buffer[4 * i + 2] = (uint8_t)TIFFGetB(pixel);
            buffer[4 * i + 3] = (uint8_t)TIFFGetA(pixel);
        }
    }
    TIFFRGBAImageEnd(&image);
    return end(file, is_whole);
}
