// SPDX-License-Identifier: Apache-2.0
//
// Packets in, frames out: the only place where damage is met and counted.
#include "video.h"

// So many video packets in a row without one frame end the decoding.
static const int MAXIMUM_BARREN_PACKETS = 10000;
// So many "try again" answers of a demuxer in a row end the file.
static const int MAXIMUM_RETRIES = 100;
// Timestamps beyond this are damage; it also keeps every difference of two of them in 64 bits.
static const int64_t MAXIMUM_TICKS = INT64_C(1) << 61;

static int is_time(int64_t ticks) { return ticks > -MAXIMUM_TICKS && ticks < MAXIMUM_TICKS; }

int64_t cff_frame_ticks(const CFFVideo *video) {
    AVRational rate = video->stream->avg_frame_rate;
    if (rate.num <= 0 || rate.den <= 0) rate = video->stream->r_frame_rate;
    if (rate.num <= 0 || rate.den <= 0) return 1;
    const int64_t ticks = av_rescale_q(1, av_inv_q(rate), video->stream->time_base);
    return ticks >= 1 && is_time(ticks) ? ticks : 1;
}

void cff_release_packets(CFFVideo *video) {
    while (video->queue_count > 0) {
        av_packet_unref(video->queue[video->queue_head]);
        video->queue_head = (video->queue_head + 1) % LOOKAHEAD;
        video->queue_count--;
    }
}

// Reads packets of the video stream until the queue is full or the file ends.
static void fill_queue(CFFVideo *video) {
    int retries = 0;
    while (!video->file_ended && video->queue_count < LOOKAHEAD) {
        AVPacket *packet = video->queue[(video->queue_head + video->queue_count) % LOOKAHEAD];
        const int status = av_read_frame(video->format, packet);
        if (status == AVERROR(EAGAIN) && ++retries < MAXIMUM_RETRIES) continue;
        if (status < 0) {
            // A read error in the middle is an early end: what came before it stays good.
            if (status != AVERROR_EOF) video->warnings++;
            video->file_ended = 1;
        } else if (packet->stream_index != video->stream->index) {
            av_packet_unref(packet);
        } else {
            retries = 0;
            video->queue_count++;
        }
    }
}

// Whether a frame can be left undecoded if no other frame needs it: none of the wanted times falls
// between it and a later frame that is already in the queue.
static int is_unwanted(const CFFVideo *video, const AVPacket *packet) {
    if (video->wanted_count == 0 || packet->pts == AV_NOPTS_VALUE) return 0;
    int32_t low = 0, high = video->wanted_count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (video->wanted[middle] < packet->pts) low = middle + 1;
        else high = middle;
    }
    if (low == video->wanted_count) return 0;
    const int64_t wanted = video->wanted[low];
    for (int i = 0; i < video->queue_count; i++) {
        const AVPacket *other = video->queue[(video->queue_head + i) % LOOKAHEAD];
        const int hidden = other->flags & (AV_PKT_FLAG_DISCARD | AV_PKT_FLAG_CORRUPT);
        if (!hidden && other->pts != AV_NOPTS_VALUE && other->pts > packet->pts
            && other->pts <= wanted) {
            return 1;
        }
    }
    return 0;
}

// Gives the decoder its next packet, or the end. Returns 0, or a negative code if the packet is bad.
static int feed(CFFVideo *video) {
    fill_queue(video);
    if (video->queue_count == 0) {
        if (video->draining) return AVERROR_EOF;
        video->draining = 1;
        return avcodec_send_packet(video->codec, NULL);
    }
    AVPacket *packet = video->queue[video->queue_head];
    if (packet->flags & AV_PKT_FLAG_CORRUPT) video->warnings++;
    video->codec->skip_frame = is_unwanted(video, packet) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    const int status = avcodec_send_packet(video->codec, packet);
    av_packet_unref(packet);
    video->queue_head = (video->queue_head + 1) % LOOKAHEAD;
    video->queue_count--;
    return status;
}

// Takes the frame in `decoded` as the pending one. Returns 0 if it has to be left out.
static int accept(CFFVideo *video) {
    AVFrame *frame = video->decoded;
    int64_t ticks = frame->best_effort_timestamp;
    const int timed = ticks != AV_NOPTS_VALUE && is_time(ticks);
    if (!timed) ticks = video->has_last ? video->last_ticks + cff_frame_ticks(video) : 0;
    if (!is_time(ticks)) return 0;
    // Before the first key frame after a seek, frames may lack what they refer to.
    if (video->wait_for_key_frame && !frame->key_frame) return 0;
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags) video->warnings++;
    if (frame->width <= 0 || frame->height <= 0 || !frame->data[0]) return 0;
    if (video->current->data[0] && ticks <= video->current_ticks) {
        video->warnings++;
        return 0;
    }
    if (!video->has_last) video->first_has_timestamp = timed;
    video->wait_for_key_frame = 0;
    video->has_last = 1;
    video->last_ticks = ticks;
    video->pending_ticks = ticks;
    av_frame_unref(video->pending);
    av_frame_move_ref(video->pending, frame);
    return 1;
}

int32_t cff_video_decode(CFFVideo *video) {
    if (video->pending->data[0]) {
        av_frame_unref(video->current);
        av_frame_move_ref(video->current, video->pending);
        video->current_ticks = video->pending_ticks;
    }
    if (video->ended) return CFF_END;
    int barren = 0;
    while (barren < MAXIMUM_BARREN_PACKETS) {
        const int status = avcodec_receive_frame(video->codec, video->decoded);
        if (status == 0) {
            const int taken = accept(video);
            av_frame_unref(video->decoded);
            if (taken) {
                video->source.budget = cff_budget(&video->source);
                return CFF_FRAME;
            }
            barren++;
            continue;
        }
        if (status == AVERROR_EOF) {
            video->ended = 1;
            return CFF_END;
        }
        barren++;
        if (status != AVERROR(EAGAIN)) video->warnings++;
        const int fed = feed(video);
        if (fed == AVERROR_EOF) {
            video->ended = 1;
            return CFF_END;
        }
        if (fed == AVERROR(ENOMEM)) return fed;
        if (fed < 0) video->warnings++;
    }
    video->warnings++;
    video->ended = 1;
    return CFF_END;
}

int32_t cff_video_seek(CFFVideo *video, int64_t ticks) {
    cff_release_packets(video);
    av_frame_unref(video->current);
    av_frame_unref(video->pending);
    video->source.budget = cff_budget(&video->source);
    const int status = av_seek_frame(video->format, video->stream->index, ticks, AVSEEK_FLAG_BACKWARD);
    avcodec_flush_buffers(video->codec);
    video->file_ended = video->draining = video->ended = 0;
    video->wait_for_key_frame = 1;
    return status < 0 ? status : 0;
}

int64_t cff_video_key_frame(const CFFVideo *video, int64_t ticks) {
    const AVIndexEntry *entry =
        avformat_index_get_entry_from_timestamp(video->stream, ticks, AVSEEK_FLAG_BACKWARD);
    return entry && is_time(entry->timestamp) ? entry->timestamp : INT64_MIN;
}

int64_t cff_video_index_end(const CFFVideo *video) {
    const int count = avformat_index_get_entries_count(video->stream);
    const AVIndexEntry *entry = count > 0 ? avformat_index_get_entry(video->stream, count - 1) : NULL;
    return entry && is_time(entry->timestamp) ? entry->timestamp : INT64_MIN;
}

// Adds a packet to what is known of the end.
static void extend(const CFFVideo *video, const AVPacket *packet, CFFEnd *end) {
    const AVStream *stream = video->format->streams[packet->stream_index];
    const int is_picture = stream == video->stream;
    if (is_picture) end->count++;
    if (packet->flags & (AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD)) return;
    int64_t ticks = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (ticks == AV_NOPTS_VALUE || !is_time(ticks)) return;
    int64_t duration = is_time(packet->duration) && packet->duration > 0 ? packet->duration : 0;
    if (is_picture && duration == 0) duration = cff_frame_ticks(video);
    ticks = av_rescale_q(ticks + duration, stream->time_base, video->stream->time_base);
    if (!is_time(ticks)) return;
    if (ticks > end->content) end->content = ticks;
    if (is_picture && ticks > end->pictures) end->pictures = ticks;
}

int32_t cff_video_end(CFFVideo *video, int64_t ticks, CFFEnd *end) {
    *end = (CFFEnd){.pictures = INT64_MIN, .content = INT64_MIN};
    for (unsigned i = 0; i < video->format->nb_streams; i++) {
        AVStream *stream = video->format->streams[i];
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) stream->discard = AVDISCARD_DEFAULT;
    }
    int may_begin = 1;
    video->source.budget = cff_budget(&video->source);
    if (ticks != INT64_MIN) {
        const int status =
            av_seek_frame(video->format, video->stream->index, ticks, AVSEEK_FLAG_BACKWARD);
        if (status < 0) return status;
        may_begin = 0;
    }
    AVPacket *packet = video->queue[0];
    int retries = 0;
    // A malformed index may list more packets than the file has bytes.
    int64_t packets = 0;
    while (1) {
        const int status = av_read_frame(video->format, packet);
        if (status == AVERROR(EAGAIN) && ++retries < MAXIMUM_RETRIES) continue;
        // An early end, as in decoding: what came before it stays good.
        if (status < 0 || ++packets > video->source.size) {
            if (status >= 0) av_packet_unref(packet);
            return may_begin ? CFF_FRAME : CFF_END;
        }
        retries = 0;
        const int is_picture = packet->stream_index == video->stream->index;
        // What lies in front of a key frame is shown before it, or before what follows it.
        if (is_picture && packet->flags & AV_PKT_FLAG_KEY) may_begin = 1;
        if (!is_picture || may_begin) extend(video, packet, end);
        av_packet_unref(packet);
    }
}

int32_t cff_video_want(CFFVideo *video, const int64_t *ticks, int32_t count) {
    av_freep(&video->wanted);
    video->wanted_count = 0;
    if (count <= 0) return 0;
    video->wanted = av_malloc_array((size_t)count, sizeof *ticks);
    if (!video->wanted) return AVERROR(ENOMEM);
    for (int32_t i = 0; i < count; i++) video->wanted[i] = ticks[i];
    video->wanted_count = count;
    return 0;
}

int32_t cff_video_has_current(const CFFVideo *video) { return video->current->data[0] != NULL; }
int32_t cff_video_has_pending(const CFFVideo *video) { return video->pending->data[0] != NULL; }
int64_t cff_video_current_ticks(const CFFVideo *video) { return video->current_ticks; }
int64_t cff_video_pending_ticks(const CFFVideo *video) { return video->pending_ticks; }

int64_t cff_video_current_duration(const CFFVideo *video) {
    const int64_t duration = video->current->pkt_duration;
    return duration > 0 && is_time(duration) ? duration : cff_frame_ticks(video);
}
