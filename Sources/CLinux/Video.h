// V4L2, linux/videodev2.h: the requests, whose numbers are macros that Swift doesn't import.
#ifndef SIGNET_VIDEO_H
#define SIGNET_VIDEO_H

#include <linux/videodev2.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define SIGNET_VIDEO_REQUEST(name, number, type) \
    static inline int signet_v4l2_##name(int fd, type *argument) { return ioctl(fd, number, argument); }

SIGNET_VIDEO_REQUEST(query, VIDIOC_QUERYCAP, struct v4l2_capability)
SIGNET_VIDEO_REQUEST(enumerate_formats, VIDIOC_ENUM_FMT, struct v4l2_fmtdesc)
SIGNET_VIDEO_REQUEST(set_format, VIDIOC_S_FMT, struct v4l2_format)
SIGNET_VIDEO_REQUEST(request_buffers, VIDIOC_REQBUFS, struct v4l2_requestbuffers)
SIGNET_VIDEO_REQUEST(export_buffer, VIDIOC_EXPBUF, struct v4l2_exportbuffer)
SIGNET_VIDEO_REQUEST(query_buffer, VIDIOC_QUERYBUF, struct v4l2_buffer)
SIGNET_VIDEO_REQUEST(queue_buffer, VIDIOC_QBUF, struct v4l2_buffer)
SIGNET_VIDEO_REQUEST(dequeue_buffer, VIDIOC_DQBUF, struct v4l2_buffer)
SIGNET_VIDEO_REQUEST(stream_on, VIDIOC_STREAMON, int)
SIGNET_VIDEO_REQUEST(stream_off, VIDIOC_STREAMOFF, int)

SIGNET_VIDEO_REQUEST(get_format, VIDIOC_G_FMT, struct v4l2_format)
SIGNET_VIDEO_REQUEST(create_buffers, VIDIOC_CREATE_BUFS, struct v4l2_create_buffers)
SIGNET_VIDEO_REQUEST(set_control, VIDIOC_S_CTRL, struct v4l2_control)
SIGNET_VIDEO_REQUEST(set_selection, VIDIOC_S_SELECTION, struct v4l2_selection)
SIGNET_VIDEO_REQUEST(command_encoder, VIDIOC_ENCODER_CMD, struct v4l2_encoder_cmd)

#undef SIGNET_VIDEO_REQUEST

// Controls, linux/v4l2-controls.h, whose numbers are macros with arithmetic in them.
static const uint32_t SIGNET_V4L2_CID_BITRATE = V4L2_CID_MPEG_VIDEO_BITRATE;
static const uint32_t SIGNET_V4L2_CID_B_FRAMES = V4L2_CID_MPEG_VIDEO_B_FRAMES;
static const uint32_t SIGNET_V4L2_CID_GOP_SIZE = V4L2_CID_MPEG_VIDEO_GOP_SIZE;
static const uint32_t SIGNET_V4L2_CID_HEADER_MODE = V4L2_CID_MPEG_VIDEO_HEADER_MODE;
static const uint32_t SIGNET_V4L2_CID_FORCE_KEY_FRAME = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;
static const uint32_t SIGNET_V4L2_FWHT_FL_I_FRAME = V4L2_FWHT_FL_I_FRAME;

#endif
