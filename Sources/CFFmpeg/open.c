// SPDX-License-Identifier: Apache-2.0
//
// Opening a file, the facts about it, and closing it.
#define _POSIX_C_SOURCE 200809L  // open, fstat, lseek with their POSIX flags

#include "video.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/display.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// More pixels than this (16,384 x 8,192) in one frame are refused before anything is allocated.
static const int64_t MAXIMUM_PIXELS = INT64_C(1) << 27;

static int read_source(void *opaque, uint8_t *buffer, int size) {
    Source *source = opaque;
    // A read at the end of the file costs something too, so that a loop of such reads ends.
    source->budget -= size > 4096 ? size : 4096;
    if (source->budget < 0) return AVERROR_EXIT;
    ssize_t count;
    do {
        count = read(source->descriptor, buffer, (size_t)size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return AVERROR(errno);
    return count == 0 ? AVERROR_EOF : (int)count;
}

static int64_t seek_source(void *opaque, int64_t offset, int whence) {
    Source *source = opaque;
    if (whence & AVSEEK_SIZE) return source->size;
    source->budget -= 4096;
    if (source->budget < 0) return AVERROR_EXIT;
    const off_t position = lseek(source->descriptor, offset, whence & ~AVSEEK_FORCE);
    return position < 0 ? AVERROR(errno) : position;
}

// Demuxers of playlists ask for other files: a video is one file, so they get none.
static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options) {
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static int interrupted(void *opaque) {
    return ((const Source *)opaque)->budget < 0;
}

static int open_source(Source *source, const char *path) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->descriptor < 0) return AVERROR(errno);
    struct stat status;
    if (fstat(source->descriptor, &status) != 0) return AVERROR(errno);
    if (!S_ISREG(status.st_mode)) return CFF_NOT_A_FILE;
    if (status.st_size == 0) return CFF_EMPTY_FILE;
    source->size = status.st_size;
    source->budget = cff_budget(source);
    return 0;
}

// The nearest of the eight orientations to a display matrix, which maps (x, y) of the stored picture
// to (a x + c y, b x + d y) of the shown one.
static Orientation orientation_of(const int32_t *matrix) {
    const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    Orientation result = {0, 0, 0};
    if (llabs(a) + llabs(d) >= llabs(b) + llabs(c)) {
        result.mirrored_x = a < 0;
        result.mirrored_y = d < 0;
    } else {
        result.transposed = 1;
        result.mirrored_x = c < 0;
        result.mirrored_y = b < 0;
    }
    return result;
}

static int open_decoder(CFFVideo *video, int32_t threads) {
    const AVCodecParameters *parameters = video->stream->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(parameters->codec_id);
    if (!decoder) return CFF_NO_DECODER;
    video->codec = avcodec_alloc_context3(decoder);
    if (!video->codec) return AVERROR(ENOMEM);
    int status = avcodec_parameters_to_context(video->codec, parameters);
    if (status < 0) return status;
    video->codec->pkt_timebase = video->stream->time_base;
    video->codec->thread_count = threads;
    video->codec->max_pixels = MAXIMUM_PIXELS;
    video->codec->opaque = &video->lacking;
    return avcodec_open2(video->codec, decoder, NULL);
}

// Finds the streams' formats, with the bound on pixels also for the decoders that this may start.
static int find_streams(AVFormatContext *format) {
    const unsigned count = format->nb_streams;
    AVDictionary **options = av_calloc(count ? count : 1, sizeof *options);
    if (!options) return AVERROR(ENOMEM);
    for (unsigned i = 0; i < count; i++) {
        av_dict_set_int(&options[i], "max_pixels", MAXIMUM_PIXELS, 0);
    }
    const int status = avformat_find_stream_info(format, options);
    for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
    av_free(options);
    return status;
}

static int open_video(CFFVideo *video, const char *path, int32_t threads) {
    int status = open_source(&video->source, path);
    if (status < 0) return status;
    const int buffer_size = 1 << 16;
    uint8_t *buffer = av_malloc(buffer_size);
    if (!buffer) return AVERROR(ENOMEM);
    video->io = avio_alloc_context(buffer, buffer_size, 0, &video->source, read_source, NULL,
                                   seek_source);
    if (!video->io) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    video->format = avformat_alloc_context();
    if (!video->format) return AVERROR(ENOMEM);
    video->format->pb = video->io;
    video->format->io_open = refuse_open;
    video->format->interrupt_callback = (AVIOInterruptCB){interrupted, &video->source};
    // A failing avformat_open_input frees the context but not our reader.
    if ((status = avformat_open_input(&video->format, path, NULL, NULL)) < 0) return status;
    if ((status = find_streams(video->format)) < 0) return status;

    const int index = av_find_best_stream(video->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0) return CFF_NO_VIDEO;
    video->stream = video->format->streams[index];
    // The cover of an album is no film.
    if (video->stream->disposition & AV_DISPOSITION_ATTACHED_PIC) return CFF_NO_VIDEO;
    const AVRational tick = video->stream->time_base;
    if (tick.num <= 0 || tick.den <= 0) return AVERROR_INVALIDDATA;
    for (unsigned i = 0; i < video->format->nb_streams; i++) {
        AVStream *stream = video->format->streams[i];
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) video->has_audio = 1;
        if (stream != video->stream) stream->discard = AVDISCARD_ALL;
    }
    const uint8_t *matrix = av_stream_get_side_data(video->stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    if (matrix) video->orientation = orientation_of((const int32_t *)matrix);

    if ((status = open_decoder(video, threads)) < 0) return status;
    for (int i = 0; i < LOOKAHEAD; i++) {
        if (!(video->queue[i] = av_packet_alloc())) return AVERROR(ENOMEM);
    }
    video->decoded = av_frame_alloc();
    video->current = av_frame_alloc();
    video->pending = av_frame_alloc();
    if (!video->decoded || !video->current || !video->pending) return AVERROR(ENOMEM);
    video->source.budget = cff_budget(&video->source);
    return 0;
}

// Nothing is printed: damage is counted from return codes and frame flags. Only what a decoder leaves black
// since it lacks a feature is said nowhere else; it may say so on a thread of its own.
static void listen(void *context, int level, const char *format, va_list arguments) {
    (void)level, (void)arguments;
    if (!format || !strstr(format, " is not implemented. Update your FFmpeg")) return;
    // A part of a decoder knows the decoder it belongs to.
    for (int depth = 0; context && depth < 4; depth++) {
        const AVClass *kind = *(const AVClass *const *)context;
        if (!kind) return;
        if (kind == avcodec_get_class()) {
            atomic_llong *lacking = ((AVCodecContext *)context)->opaque;
            if (lacking) atomic_fetch_add(lacking, 1);
            return;
        }
        if (!kind->parent_log_context_offset) return;
        context = *(void **)(void *)((uint8_t *)context + kind->parent_log_context_offset);
    }
}

static void silence(void) { av_log_set_callback(listen); }

CFFVideo *cff_video_open(const char *path, int32_t threads, int32_t *status) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
    CFFVideo *video = av_mallocz(sizeof(CFFVideo));
    if (!video) {
        *status = AVERROR(ENOMEM);
        return NULL;
    }
    video->source.descriptor = -1;
    *status = open_video(video, path, threads < 1 ? 1 : threads);
    if (*status < 0) {
        cff_video_close(video);
        return NULL;
    }
    return video;
}

void cff_video_close(CFFVideo *video) {
    if (!video) return;
    cff_release_scaler(video);
    av_frame_free(&video->decoded);
    av_frame_free(&video->current);
    av_frame_free(&video->pending);
    for (int i = 0; i < LOOKAHEAD; i++) av_packet_free(&video->queue[i]);
    avcodec_free_context(&video->codec);
    avformat_close_input(&video->format);
    if (video->io) av_freep(&video->io->buffer);
    avio_context_free(&video->io);
    if (video->source.descriptor >= 0) close(video->source.descriptor);
    av_free(video->wanted);
    av_free(video);
}

void cff_video_info(const CFFVideo *video, CFFInfo *info) {
    const AVStream *stream = video->stream;
    const Orientation turn = video->orientation;
    const AVRational rate = av_guess_frame_rate(video->format, video->stream, NULL);
    info->width = turn.transposed ? stream->codecpar->height : stream->codecpar->width;
    info->height = turn.transposed ? stream->codecpar->width : stream->codecpar->height;
    info->transposed = turn.transposed;
    info->mirrored_x = turn.mirrored_x;
    info->mirrored_y = turn.mirrored_y;
    info->has_audio = video->has_audio;
    info->has_timestamps = video->first_has_timestamp
                           && !(video->format->iformat->flags & AVFMT_NOTIMESTAMPS);
    info->tick = av_q2d(stream->time_base);
    info->start = stream->start_time == AV_NOPTS_VALUE ? INT64_MIN : stream->start_time;
    const int64_t content = video->format->start_time;
    info->content_start = content == AV_NOPTS_VALUE
        ? INT64_MIN : av_rescale_q(content, AV_TIME_BASE_Q, stream->time_base);
    info->frame_rate = 0;
    if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0) {
        info->frame_rate = av_q2d(stream->avg_frame_rate);
    } else if (rate.num > 0 && rate.den > 0) {
        info->frame_rate = av_q2d(rate);
    }
    info->duration = -1;
    // A length guessed from bit rates is none.
    if (video->format->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return;
    if (stream->duration != AV_NOPTS_VALUE && stream->duration > 0) {
        info->duration = (double)stream->duration * info->tick;
    } else if (video->format->duration != AV_NOPTS_VALUE && video->format->duration > 0) {
        info->duration = (double)video->format->duration / AV_TIME_BASE;
    }
}

const char *cff_video_codec(const CFFVideo *video) {
    return avcodec_get_name(video->stream->codecpar->codec_id);
}

const char *cff_video_container(const CFFVideo *video) { return video->format->iformat->name; }

int64_t cff_video_warnings(const CFFVideo *video) {
    return video->warnings + (int64_t)atomic_load(&video->lacking);
}

void cff_describe(int32_t status, char *text, int32_t capacity) {
    if (capacity <= 0) return;
    const char *own = NULL;
    switch (status) {
    case CFF_NOT_A_FILE: own = "not a regular file"; break;
    case CFF_EMPTY_FILE: own = "an empty file"; break;
    case CFF_NO_VIDEO: own = "no video stream"; break;
    case CFF_NO_DECODER: own = "a codec that this FFmpeg cannot decode"; break;
    case CFF_NO_FRAME: own = "no decodable frame"; break;
    case CFF_SIZE_REFUSED: own = "a frame size out of range"; break;
    case CFF_FORMAT_REFUSED: own = "a pixel format that cannot be converted to RGB"; break;
    case CFF_COLOURS_REFUSED:
        own = "colours of constant luminance, ICtCp or another form that is neither RGB nor YCbCr nor YCgCo";
        break;
    case AVERROR_INVALIDDATA: own = "data that is not a readable video"; break;
    case AVERROR_EXIT: own = "damage that makes its reader go in circles"; break;
    default: break;
    }
    if (own) {
        snprintf(text, (size_t)capacity, "%s", own);
    } else if (av_strerror(status, text, (size_t)capacity) < 0) {
        snprintf(text, (size_t)capacity, "FFmpeg's error %d", status);
    }
}

const char *cff_version(void) {
    static char text[64];
    const unsigned version = avformat_version();
    snprintf(text, sizeof text, "libavformat %u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
    return text;
}
