// SPDX-License-Identifier: Apache-2.0
//
// A decoded frame into RGB of the wanted size: scale as stored, then turn, mirror and crop.
#include "video.h"

#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
#include <string.h>

static const int32_t MAXIMUM_SIDE = 1 << 15;
static const int64_t MAXIMUM_AREA = INT64_C(1) << 27;

void cff_release_scaler(CFFVideo *video) {
    sws_freeContext(video->scaler);
    video->scaler = NULL;
    av_freep(&video->scaled);
}

int32_t cff_video_current_width(const CFFVideo *video) {
    return video->orientation.transposed ? video->current->height : video->current->width;
}

int32_t cff_video_current_height(const CFFVideo *video) {
    return video->orientation.transposed ? video->current->width : video->current->height;
}

static int is_grey(const AVFrame *frame) {
    const AVPixFmtDescriptor *description = av_pix_fmt_desc_get(frame->format);
    return description && description->nb_components <= 2
           && !(description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

static int is_full_range(const AVFrame *frame) {
    // Grey pictures use all values; decoders of film say where theirs don't, that of TIFF says nothing.
    if (frame->color_range == AVCOL_RANGE_UNSPECIFIED && is_grey(frame)) return 1;
    switch (frame->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P: return 1;
    default: return frame->color_range == AVCOL_RANGE_JPEG;
    }
}

// Makes the scaler and its output buffer fit the current frame. Frames of one video nearly always
// share all of this, so it is done once.
static int prepare_scaler(CFFVideo *video, int width, int height, int filter) {
    const AVFrame *frame = video->current;
    const int key[8] = {frame->width, frame->height, frame->format, frame->colorspace,
                        is_full_range(frame), width, height, filter};
    if (video->scaler && memcmp(key, video->scaler_key, sizeof key) == 0) return 0;
    cff_release_scaler(video);
    if (!sws_isSupportedInput(frame->format)) return CFF_FORMAT_REFUSED;
    const int flags = (filter == CFF_AREA ? SWS_AREA : SWS_BILINEAR) | SWS_ACCURATE_RND
                      | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
    video->scaler = sws_getContext(frame->width, frame->height, frame->format, width, height,
                                   AV_PIX_FMT_RGB24, flags, NULL, NULL, NULL);
    if (!video->scaler) return CFF_SIZE_REFUSED;
    // RGB and grey have no matrix: the call then reports that, and nothing is to be done.
    sws_setColorspaceDetails(video->scaler, sws_getCoefficients(frame->colorspace),
                             is_full_range(frame), sws_getCoefficients(SWS_CS_DEFAULT), 0, 0,
                             1 << 16, 1 << 16);
    // The scaler's vector code may write past the end of a row, so it gets padded rows of its own.
    video->scaled_stride = (3 * width + 127) & ~63;
    video->scaled = av_malloc((size_t)video->scaled_stride * (size_t)height + 64);
    if (!video->scaled) return AVERROR(ENOMEM);
    memcpy(video->scaler_key, key, sizeof key);
    return 0;
}

int32_t cff_video_convert(CFFVideo *video, const CFFResize *resize, uint8_t *rgb) {
    const CFFResize r = *resize;
    if (!video->current->data[0]) return CFF_NO_FRAME;
    if (r.width < 1 || r.height < 1 || r.width > MAXIMUM_SIDE || r.height > MAXIMUM_SIDE
        || (int64_t)r.width * r.height > MAXIMUM_AREA || r.left < 0 || r.top < 0
        || r.crop_width < 1 || r.crop_height < 1 || r.left > r.width - r.crop_width
        || r.top > r.height - r.crop_height) {
        return CFF_SIZE_REFUSED;
    }
    const Orientation turn = video->orientation;
    const int width = turn.transposed ? r.height : r.width;
    const int height = turn.transposed ? r.width : r.height;
    int status = prepare_scaler(video, width, height, r.filter);
    if (status < 0) return status;
    uint8_t *planes[4] = {video->scaled, NULL, NULL, NULL};
    const int strides[4] = {video->scaled_stride, 0, 0, 0};
    status = sws_scale(video->scaler, (const uint8_t *const *)video->current->data,
                       video->current->linesize, 0, video->current->height, planes, strides);
    if (status < 0) return status;
    if (status != height) return CFF_FORMAT_REFUSED;

    const size_t row_bytes = 3 * (size_t)r.crop_width;
    for (int y = 0; y < r.crop_height; y++) {
        uint8_t *out = rgb + (size_t)y * row_bytes;
        const int shown_y = turn.mirrored_y ? r.height - 1 - (r.top + y) : r.top + y;
        if (!turn.transposed && !turn.mirrored_x) {
            memcpy(out, video->scaled + (size_t)shown_y * (size_t)video->scaled_stride + 3 * r.left,
                   row_bytes);
            continue;
        }
        for (int x = 0; x < r.crop_width; x++) {
            const int shown_x = turn.mirrored_x ? r.width - 1 - (r.left + x) : r.left + x;
            const int stored_x = turn.transposed ? shown_y : shown_x;
            const int stored_y = turn.transposed ? shown_x : shown_y;
            memcpy(out + 3 * x,
                   video->scaled + (size_t)stored_y * (size_t)video->scaled_stride + 3 * stored_x, 3);
        }
    }
    return 0;
}
