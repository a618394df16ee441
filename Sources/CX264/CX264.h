// libx264. Only signet-encoder, whose licence it decides, imports it.
#ifndef SIGNET_CX264_H
#define SIGNET_CX264_H

#include <stdint.h>
#include <x264.h>

// x264_encoder_open() is a macro that names the interface's version.
static inline x264_t *signet_x264_open(x264_param_t *parameters) { return x264_encoder_open(parameters); }

// Enumerators and macros as the integers that structures have.
static const int signet_x264_nv12 = X264_CSP_NV12;
static const int signet_x264_auto = X264_TYPE_AUTO;
static const int signet_x264_idr = X264_TYPE_IDR;
static const int signet_x264_constant_quality = X264_RC_CRF;
static const int signet_x264_log_error = X264_LOG_ERROR;

#endif
