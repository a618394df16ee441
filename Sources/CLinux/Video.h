// V4L2, linux/videodev2.h: the requests, whose numbers are macros that Swift doesn't import.
#ifndef SIGNET_VIDEO_H
#define SIGNET_VIDEO_H

#include <linux/videodev2.h>
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

#undef SIGNET_VIDEO_REQUEST

#endif
