// SPDX-License-Identifier: Apache-2.0
//
// What a decoded frame holds: its planes, or its pixels as RGB of the wanted size.
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
    return video->current->width;
}

int32_t cff_video_current_height(const CFFVideo *video) {
    return video->current->height;
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

int32_t cff_video_planes(const CFFVideo *video, CFFPlanes *planes) {
    const AVFrame *frame = video->current;
    const AVPixFmtDescriptor *format = frame->data[0] ? av_pix_fmt_desc_get(frame->format) : NULL;
    const uint64_t others = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM
                            | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT;
    if (!format || format->nb_components < 3 || format->flags & others
        || frame->width > MAXIMUM_SIDE || frame->height > MAXIMUM_SIDE) {
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        const AVComponentDescriptor *part = &format->comp[i];
        if (part->plane != i || part->step != 1 || part->offset || part->shift || part->depth != 8
            || !frame->data[i]) {
            return 0;
        }
    }
    const int *gains = sws_getCoefficients(frame->colorspace);
    *planes = (CFFPlanes){
        .luma = frame->data[0], .blue = frame->data[1], .red = frame->data[2],
        .luma_stride = frame->linesize[0], .blue_stride = frame->linesize[1],
        .red_stride = frame->linesize[2], .width = frame->width, .height = frame->height,
        .chroma_shift_x = format->log2_chroma_w, .chroma_shift_y = format->log2_chroma_h,
        .is_full_range = is_full_range(frame), .red_from_v = gains[0], .blue_from_u = gains[1],
        .green_from_u = gains[2], .green_from_v = gains[3],
    };
    return 1;
}

int32_t cff_video_scale(CFFVideo *video, int32_t width, int32_t height, int32_t filter,
                        CFFRows *rows) {
    if (!video->current->data[0]) return CFF_NO_FRAME;
    if (width < 1 || height < 1 || width > MAXIMUM_SIDE || height > MAXIMUM_SIDE
        || (int64_t)width * height > MAXIMUM_AREA) {
        return CFF_SIZE_REFUSED;
    }
    int status = prepare_scaler(video, width, height, filter);
    if (status < 0) return status;
    uint8_t *planes[4] = {video->scaled, NULL, NULL, NULL};
    const int strides[4] = {video->scaled_stride, 0, 0, 0};
    status = sws_scale(video->scaler, (const uint8_t *const *)video->current->data,
                       video->current->linesize, 0, video->current->height, planes, strides);
    if (status < 0) return status;
    if (status != height) return CFF_FORMAT_REFUSED;
    rows->pixels = video->scaled;
    rows->stride = video->scaled_stride;
    return 0;
}
