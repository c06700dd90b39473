// SPDX-License-Identifier: Apache-2.0
//
// What a decoded frame holds: how its samples lie, and rows of them as levels.
#include "video.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>
#include <math.h>

static const int32_t MAXIMUM_SIDE = 1 << 15;
// Bits of the fraction of a part's gain.
enum { FRACTION = 24 };

void cff_release_scaler(CFFVideo *video) {
    sws_freeContext(video->scaler);
    video->scaler = NULL;
    av_frame_free(&video->converted);
}

int32_t cff_video_current_width(const CFFVideo *video) {
    return video->current->width;
}

int32_t cff_video_current_height(const CFFVideo *video) {
    return video->current->height;
}

static int is_grey(const AVPixFmtDescriptor *format) {
    return format->nb_components <= 2 && !(format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

static int is_full_range(const AVFrame *frame, const AVPixFmtDescriptor *format) {
    // Grey pictures use all values; decoders of film say where theirs don't, that of TIFF says nothing.
    if (frame->color_range == AVCOL_RANGE_UNSPECIFIED && is_grey(format)) return 1;
    switch (frame->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P: return 1;
    default: return frame->color_range == AVCOL_RANGE_JPEG;
    }
}

// Sensors' mosaics and XYZ become RGB of the same size and depth: nothing is scaled and no matrix of luma is
// passed.
static int convert(CFFVideo *video, int depth) {
    const AVFrame *frame = video->current;
    const int rgb = depth > 8 ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24;
    if (!sws_isSupportedInput(frame->format)) return CFF_FORMAT_REFUSED;
    video->scaler = sws_getCachedContext(
        video->scaler, frame->width, frame->height, frame->format, frame->width, frame->height,
        rgb, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (!video->scaler) return CFF_FORMAT_REFUSED;
    if (!video->converted) video->converted = av_frame_alloc();
    AVFrame *converted = video->converted;
    if (!converted) return AVERROR(ENOMEM);
    if (converted->width != frame->width || converted->height != frame->height
        || converted->format != rgb) {
        av_frame_unref(converted);
        converted->width = frame->width;
        converted->height = frame->height;
        converted->format = rgb;
        const int status = av_frame_get_buffer(converted, 0);
        if (status < 0) return status;
    }
    const int rows = sws_scale(video->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
                               frame->height, converted->data, converted->linesize);
    if (rows < 0) return rows;
    return rows == frame->height ? 0 : CFF_FORMAT_REFUSED;
}

// The colours of luma and differences by the number of their matrix (ITU-T H.273), or a negative code.
static int find_matrix(const AVFrame *frame, const AVPixFmtDescriptor *format, CFFPicture *picture) {
    int space = frame->colorspace;
    switch (space) {
    case AVCOL_SPC_RGB:
        // Green, blue and red in the places of luma and differences. Where these have fewer samples, it is a
        // wrong word about luma and differences.
        if (!format->log2_chroma_w && !format->log2_chroma_h) {
            picture->colours = CFF_GREEN_BLUE_RED;
            return 0;
        }
        space = AVCOL_SPC_UNSPECIFIED;
        break;
    case AVCOL_SPC_YCGCO: picture->colours = CFF_GREEN_ORANGE; return 0;
    case AVCOL_SPC_CHROMA_DERIVED_NCL:
        if (frame->color_primaries == AVCOL_PRI_BT709) space = AVCOL_SPC_BT709;
        else if (frame->color_primaries == AVCOL_PRI_BT2020) space = AVCOL_SPC_BT2020_NCL;
        else return CFF_COLOURS_REFUSED;
        break;
    case AVCOL_SPC_BT2020_CL:
    case AVCOL_SPC_SMPTE2085:
    case AVCOL_SPC_CHROMA_DERIVED_CL:
    case AVCOL_SPC_ICTCP: return CFF_COLOURS_REFUSED;
    default: break;
    }
    const int *gains = sws_getCoefficients(space);
    picture->colours = CFF_DIFFERENCES;
    picture->red_from_v = gains[0];
    picture->blue_from_u = gains[1];
    picture->green_from_u = gains[2];
    picture->green_from_v = gains[3];
    return 0;
}

// Where a component's bits are. FFmpeg up to 5.1 describes RGB8 with 2 bits of red and 3 of blue, and stores
// 3 of red in the highest and 2 of blue in the lowest.
static AVComponentDescriptor component_of(int pixels, const AVPixFmtDescriptor *format, int component) {
    AVComponentDescriptor found = format->comp[component];
    if (pixels == AV_PIX_FMT_RGB8) {
        found.shift = component == 0 ? 5 : component == 1 ? 2 : 0;
        found.depth = component == 2 ? 2 : 3;
    }
    return found;
}

// How samples of a part become levels times 128: of luma and differences that leave room, 2 to the power of
// the bits more is the same level; else the highest sample is level 255, and differences are counted from the
// middle.
static Part part_of(int pixels, const AVPixFmtDescriptor *format, int component, int is_full,
                    int is_difference) {
    const int depth =
        format->flags & AV_PIX_FMT_FLAG_PAL ? 8 : component_of(pixels, format, component).depth;
    const double one = INT64_C(1) << FRACTION, last = (double)((INT64_C(1) << depth) - 1);
    Part part = {.component = component, .add = INT64_C(1) << (FRACTION - 1)};
    if (format->flags & AV_PIX_FMT_FLAG_FLOAT) return part;
    const double gain = is_full ? 255 * 128 / last : ldexp(128, 8 - depth);
    part.gain = llround(gain * one);
    if (is_full && is_difference) {
        part.add += (INT64_C(128) * 128 << FRACTION) - part.gain * (INT64_C(1) << (depth - 1));
    }
    return part;
}

int32_t cff_video_picture(CFFVideo *video, CFFPicture *picture) {
    const AVFrame *frame = video->current;
    const AVPixFmtDescriptor *format = frame->data[0] ? av_pix_fmt_desc_get(frame->format) : NULL;
    if (!format) return CFF_NO_FRAME;
    if (frame->width > MAXIMUM_SIDE || frame->height > MAXIMUM_SIDE) return CFF_SIZE_REFUSED;
    if (format->flags & AV_PIX_FMT_FLAG_HWACCEL) return CFF_FORMAT_REFUSED;
    if (format->flags & AV_PIX_FMT_FLAG_BAYER || frame->format == AV_PIX_FMT_XYZ12LE
        || frame->format == AV_PIX_FMT_XYZ12BE) {
        // That of a mosaic's description is the share of its pixels: 2, 4 and 2 of 8.
        const int bits = format->flags & AV_PIX_FMT_FLAG_BAYER ? av_get_bits_per_pixel(format) : 16;
        const int status = convert(video, bits);
        if (status < 0) return status;
        frame = video->converted;
        format = av_pix_fmt_desc_get(frame->format);
        if (!format) return CFF_FORMAT_REFUSED;
    }
    *picture = (CFFPicture){
        .width = frame->width, .height = frame->height, .chroma_shift_x = format->log2_chroma_w,
        .chroma_shift_y = format->log2_chroma_h, .is_full_range = is_full_range(frame, format),
    };
    int is_full = picture->is_full_range;
    if (is_grey(format)) {
        picture->colours = CFF_GREY;
    } else if (format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) {
        picture->colours = CFF_PRIMARIES;
        is_full = 1;
    } else {
        const int status = find_matrix(frame, format, picture);
        if (status < 0) return status;
        if (picture->colours == CFF_GREEN_BLUE_RED) is_full = 1;
    }
    const int count = picture->colours == CFF_GREY ? 1 : 3;
    const uint64_t others = AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_FLOAT;
    int is_direct = !(format->flags & others);
    for (int i = 0; i < count; i++) {
        // Red comes last, where it is called a difference.
        const int component = picture->colours == CFF_GREEN_BLUE_RED ? (i + 2) % 3 : i;
        const int is_difference =
            i > 0 && (picture->colours == CFF_DIFFERENCES || picture->colours == CFF_GREEN_ORANGE);
        video->parts[i] = part_of(frame->format, format, component, is_full, is_difference);
        if (format->flags & AV_PIX_FMT_FLAG_PAL) continue;
        const AVComponentDescriptor *part = &format->comp[component];
        if (part->step != 1 || part->offset || part->shift || part->depth != 8) is_direct = 0;
        if (!frame->data[part->plane]) return CFF_FORMAT_REFUSED;
        picture->samples[i] = frame->data[part->plane];
        picture->strides[i] = frame->linesize[part->plane];
    }
    picture->is_direct = is_direct;
    video->shown = frame;
    return 0;
}

static int16_t level(const Part *part, int64_t sample) {
    const int64_t value = (sample * part->gain + part->add) >> FRACTION;
    return (int16_t)(value < 0 ? 0 : value > INT16_MAX ? INT16_MAX : value);
}

static int16_t float_level(uint32_t bits) {
    const float value = av_int2float(bits);
    // What is no number is black.
    return value >= 1 ? 255 * 128 : value > 0 ? (int16_t)lrintf(value * (255 * 128)) : 0;
}

void cff_video_row(const CFFVideo *video, int32_t index, int32_t row, int32_t first, int32_t count,
                   int16_t *levels) {
    const AVFrame *frame = video->shown;
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    const Part *part = &video->parts[index];
    const AVComponentDescriptor found = component_of(frame->format, format, part->component);
    const AVComponentDescriptor *component = &found;
    const uint64_t flags = format->flags;
    if (flags & AV_PIX_FMT_FLAG_PAL) {
        const uint8_t *indices = frame->data[0] + (ptrdiff_t)row * frame->linesize[0] + first;
        // 0xAARRGGBB in the machine's order.
        const uint32_t *palette = (const uint32_t *)(const void *)frame->data[1];
        for (int32_t x = 0; x < count; x++) {
            levels[x] = level(part, palette[indices[x]] >> (16 - 8 * part->component) & 255);
        }
        return;
    }
    const uint8_t *line = frame->data[component->plane]
                          + (ptrdiff_t)row * frame->linesize[component->plane];
    if (frame->format == AV_PIX_FMT_UYYVYY411 && index == 0) {
        // Its description has no words for luma at bytes 1, 2, 4 and 5 of 6.
        for (int32_t x = 0; x < count; x++) {
            const int32_t at = first + x;
            levels[x] = level(part, line[at / 4 * 6 + at % 4 + at % 4 / 2 + 1]);
        }
        return;
    }
    const int is_plain = !(flags & (AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_FLOAT));
    if (is_plain && component->shift + component->depth <= 8) {
        const uint8_t *in = line + component->offset + (ptrdiff_t)first * component->step;
        const int mask = (1 << component->depth) - 1;
        for (int32_t x = 0; x < count; x++, in += component->step) {
            levels[x] = level(part, *in >> component->shift & mask);
        }
        return;
    }
    if (is_plain && component->depth > 8 && component->shift + component->depth <= 16) {
        const uint8_t *in = line + component->offset + (ptrdiff_t)first * component->step;
        const int mask = (1 << component->depth) - 1;
        for (int32_t x = 0; x < count; x++, in += component->step) {
            levels[x] = level(part, AV_RL16(in) >> component->shift & mask);
        }
        return;
    }
    enum { PIECE = 256 };
    uint32_t samples[PIECE];
    for (int32_t done = 0; done < count; done += PIECE) {
        const int32_t width = count - done < PIECE ? count - done : PIECE;
        av_read_image_line2(samples, (const uint8_t **)(uintptr_t)frame->data, frame->linesize, format,
                            first + done, row, part->component, width, 0, 4);
        for (int32_t x = 0; x < width; x++) {
            uint32_t sample = samples[x];
            // White is zero.
            if (frame->format == AV_PIX_FMT_MONOWHITE) sample ^= 1;
            levels[done + x] = flags & AV_PIX_FMT_FLAG_FLOAT ? float_level(sample) : level(part, sample);
        }
    }
}
