// SPDX-License-Identifier: Apache-2.0
//
// A small opaque C interface over FFmpeg, so that no FFmpeg structure, macro or ownership rule reaches
// Swift. One `CFFVideo` is an open file, one video stream and its decoder. It belongs to one thread at
// a time. Every function that can fail returns a negative code, named by `cff_describe`.
#ifndef CFFMPEG_H
#define CFFMPEG_H

#include <stdint.h>

typedef struct CFFVideo CFFVideo;

// Codes of our own, apart from FFmpeg's (which are negative errno values or four-character tags).
enum {
    CFF_END = 0,            // decode: no frame is left
    CFF_FRAME = 1,          // decode: a frame is pending
    CFF_NOT_A_FILE = -2000001,
    CFF_EMPTY_FILE = -2000002,
    CFF_NO_VIDEO = -2000003,
    CFF_NO_DECODER = -2000004,
    CFF_NO_FRAME = -2000005,
    CFF_SIZE_REFUSED = -2000006,
    CFF_FORMAT_REFUSED = -2000007,
    CFF_COLOURS_REFUSED = -2000008,
};

// What the container and the first headers say. Sizes are as shown (after rotation), times in seconds;
// a value that the file does not give is 0 (sizes, rate), negative (duration) or INT64_MIN (start).
typedef struct CFFInfo {
    int32_t width, height;
    // The orientation of the shown picture: first transpose (swap x and y), then mirror.
    int32_t transposed, mirrored_x, mirrored_y;
    int32_t has_audio;
    int32_t has_timestamps;
    double duration;
    double frame_rate;
    double tick;            // seconds per tick of the stream's clock
    int64_t start;          // ticks
} CFFInfo;

// What a frame's three parts are: luma and colour differences; luma alone; luma and differences of green
// and orange (YCgCo); red, green and blue; these as green, blue and red.
enum { CFF_DIFFERENCES, CFF_GREY, CFF_GREEN_ORANGE, CFF_PRIMARIES, CFF_GREEN_BLUE_RED };

// How a frame is stored. Colour differences have a sample for 2 to the power of a shift of pixels along
// each axis.
typedef struct CFFPicture {
    int32_t width, height;
    int32_t chroma_shift_x, chroma_shift_y;
    int32_t colours;
    int32_t is_full_range;
    // In 1/65,536, for samples that don't use the full range; green loses both of its own.
    int32_t red_from_v, blue_from_u, green_from_u, green_from_v;
    // Whether each part is a plane of 8-bit samples side by side: then here they are, rows being
    // strides[i] bytes apart, which may be negative. Primaries are red, green and blue in any case.
    int32_t is_direct;
    const uint8_t *samples[3];
    int64_t strides[3];
} CFFPicture;

// Opens a regular file, finds its video stream and opens the decoder. `threads` is 1 or more.
// Returns NULL and a negative *status on failure.
CFFVideo *cff_video_open(const char *path, int32_t threads, int32_t *status);
void cff_video_close(CFFVideo *video);
void cff_video_info(const CFFVideo *video, CFFInfo *info);
const char *cff_video_codec(const CFFVideo *video);
const char *cff_video_container(const CFFVideo *video);

// Two frames are held: the current one and the pending one that follows it. Decoding makes the
// pending frame current and looks for the next one. Returns CFF_FRAME, CFF_END or a negative code.
int32_t cff_video_decode(CFFVideo *video);

// Puts the decoder at the last key frame at or before `ticks`, with no frame held. The next frame
// decoded is a key frame. Returns 0 or a negative code (after which the position is undefined).
int32_t cff_video_seek(CFFVideo *video, int64_t ticks);

// Ticks of the last indexed key frame at or before `ticks`, INT64_MIN if the container has no index.
int64_t cff_video_key_frame(const CFFVideo *video, int64_t ticks);

// Ticks of the last index entry, INT64_MIN without an index. Some containers have no index of their
// own and grow one as they are read, so it may end before the film does.
int64_t cff_video_index_end(const CFFVideo *video);

// Ascending times that will be asked for, copied. Frames that no other frame needs and that none of
// these times shows are then not decoded. 0 times: decode every frame.
int32_t cff_video_want(CFFVideo *video, const int64_t *ticks, int32_t count);

int32_t cff_video_has_current(const CFFVideo *video);
int32_t cff_video_has_pending(const CFFVideo *video);
int64_t cff_video_current_ticks(const CFFVideo *video);
int64_t cff_video_pending_ticks(const CFFVideo *video);
// How long the current frame is shown, as its container says or as the frame rate implies.
int64_t cff_video_current_duration(const CFFVideo *video);
// Size of the current frame as stored.
int32_t cff_video_current_width(const CFFVideo *video);
int32_t cff_video_current_height(const CFFVideo *video);

// How the current frame is stored, valid until the next decoding, seek or close. Returns 0 or a negative
// code.
int32_t cff_video_picture(CFFVideo *video, CFFPicture *picture);

// `count` samples of a part's row, from sample `first`, as levels times 128, whatever their depth: of
// samples that use all values 0 to 255 times 128. After `cff_video_picture`, until what it says ends.
void cff_video_row(const CFFVideo *video, int32_t part, int32_t row, int32_t first, int32_t count,
                   int16_t *levels);

// Damage met so far: packets and frames that FFmpeg reported as broken or that came out of order.
int64_t cff_video_warnings(const CFFVideo *video);

// A short text for a code, zero-terminated.
void cff_describe(int32_t status, char *text, int32_t capacity);
// Text such as "libavformat 59.27.100".
const char *cff_version(void);

#endif
