// SPDX-License-Identifier: Apache-2.0
//
// The state behind CFFVideo, shared by open.c, decode.c and convert.c.
#ifndef CFFMPEG_VIDEO_H
#define CFFMPEG_VIDEO_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdatomic.h>

#include "CFFmpeg.h"

// Packets read ahead of the decoder: covers the reordering of B-frames (at most 16 in H.264).
enum { LOOKAHEAD = 32 };

// The orientation of the shown picture: first transpose (swap x and y), then mirror.
typedef struct Orientation {
    int transposed, mirrored_x, mirrored_y;
} Orientation;

// What the custom reader needs: a file, and how many bytes may still be read before a frame must come.
typedef struct Source {
    int descriptor;
    int64_t size;
    int64_t budget;
} Source;

// Samples of one component as levels: (sample * gain + add) in 1/2^24.
typedef struct Part {
    int component;
    int64_t gain, add;
} Part;

struct CFFVideo {
    Source source;
    AVIOContext *io;
    AVFormatContext *format;
    AVStream *stream;
    AVCodecContext *codec;
    Orientation orientation;
    int has_audio;

    AVPacket *queue[LOOKAHEAD];
    int queue_head, queue_count;
    int file_ended, draining, ended;
    int wait_for_key_frame;

    AVFrame *decoded, *current, *pending;
    int64_t current_ticks, pending_ticks;
    int64_t last_ticks;
    int has_last, first_has_timestamp;
    int64_t warnings;
    // Features that its decoder lacked, counted on any thread.
    atomic_llong lacking;

    int64_t *wanted;
    int32_t wanted_count;

    // The frame whose rows are read, and how their samples become levels; converted where only swscale
    // knows its format.
    const AVFrame *shown;
    Part parts[3];
    struct SwsContext *scaler;
    AVFrame *converted;
};

// Bytes that may be read before the next frame: a few passes over the file, so that no malformed index
// can make a demuxer seek to and fro for ever.
static inline int64_t cff_budget(const Source *source) {
    const int64_t size = source->size < (INT64_C(1) << 56) ? source->size : (INT64_C(1) << 56);
    return 4 * size + (INT64_C(1) << 26);
}

// Ticks that one frame lasts by the average rate, at least 1.
int64_t cff_frame_ticks(const CFFVideo *video);
void cff_release_scaler(CFFVideo *video);
void cff_release_packets(CFFVideo *video);

#endif
