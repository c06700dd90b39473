// SPDX-License-Identifier: Apache-2.0
#ifndef CFFMPEG_H
#define CFFMPEG_H
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#endif
