// libavformat, libavcodec and libavutil. Only the sample player imports them; no part of Signet does.
#ifndef SIGNET_CLIBAV_H
#define SIGNET_CLIBAV_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/pixdesc.h>

// Macros that Swift doesn't import, and enumerators as the integers that structures have.
static const int SIGNET_AVERROR_AGAIN = AVERROR(EAGAIN);
static const int SIGNET_AVERROR_END = AVERROR_EOF;
static const int SIGNET_AVERROR_INTERRUPTED = AVERROR_EXIT;
static const int SIGNET_AVERROR_NO_MEMORY = AVERROR(ENOMEM);
static const int SIGNET_AVERROR_INVALID = AVERROR(EINVAL);
static const int64_t SIGNET_AV_NO_TIME = AV_NOPTS_VALUE;
static const int SIGNET_AV_PADDING = AV_INPUT_BUFFER_PADDING_SIZE;
static const int SIGNET_AV_DIRECT_RENDERING = AV_CODEC_CAP_DR1;

#endif
