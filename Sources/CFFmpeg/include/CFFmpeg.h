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
};

enum { CFF_BILINEAR = 0, CFF_AREA = 1 };

// What the container and the first headers say. Sizes are as shown (after rotation), times in seconds;
// a value that the file does not give is 0 (sizes, rate), negative (duration) or INT64_MIN (start).
typedef struct CFFInfo {
    int32_t width, height;
    int32_t rotation;       // degrees clockwise that the shown picture is turned: 0, 90, 180, 270
    int32_t mirrored;       // 1 if the display matrix also mirrors
    int32_t has_audio;
    int32_t has_timestamps;
    double duration;
    double frame_rate;
    double tick;            // seconds per tick of the stream's clock
    int64_t start;          // ticks
} CFFInfo;

// Size in which a frame is wanted: scaled to width x height as shown, then the window cut from it.
typedef struct CFFResize {
    int32_t width, height;
    int32_t left, top, crop_width, crop_height;
    int32_t filter;
} CFFResize;

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
// Size of the current frame as shown.
int32_t cff_video_current_width(const CFFVideo *video);
int32_t cff_video_current_height(const CFFVideo *video);

// Writes the current frame as RGB, crop_height x crop_width x 3 bytes, top row first.
int32_t cff_video_convert(CFFVideo *video, const CFFResize *resize, uint8_t *rgb);

// Damage met so far: packets and frames that FFmpeg reported as broken or that came out of order.
int64_t cff_video_warnings(const CFFVideo *video);

// A short text for a code, zero-terminated.
void cff_describe(int32_t status, char *text, int32_t capacity);
// Text such as "libavformat 59.27.100".
const char *cff_version(void);

#endif
