/*
 * A frame in memory through the element facedepixelate, and back, in C.
 *
 *     cc -o restore_frame examples/restore_frame.c $(pkg-config --cflags --libs gstreamer-app-1.0 gstreamer-video-1.0)
 *     GST_PLUGIN_PATH=target/release ./restore_frame pixelated.ppm guess.ppm
 *
 * The frame comes out of a file and goes into one, as binary PPM (P6) of 8 bits; a program that has
 * frames of its own calls faces_open once, faces_restore for each frame of a stream and faces_close.
 *
 * A restored face is a guess: it shows nobody's identity.
 */
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include "ppm.h"

#define RATE 25
#define PATIENCE (60 * GST_SECOND)

/* A stream of frames of one size. */
typedef struct {
  GstElement *pipeline;
  GstElement *source;
  GstElement *sink;
  GstVideoInfo info;
  guint64 count;
} Faces;

/* Says what went wrong in the pipeline; always FALSE. */
static gboolean
faces_fail (Faces * faces)
{
  GstBus *bus = gst_element_get_bus (faces->pipeline);
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &error, NULL);
  fprintf (stderr, "restore_frame: %s\n", error != NULL ? error->message : "no frame came");
  g_clear_error (&error);
  g_clear_pointer (&message, gst_message_unref);
  gst_object_unref (bus);
  return FALSE;
}

static void
faces_close (Faces * faces)
{
  if (faces->pipeline == NULL)
    return;
  gst_element_set_state (faces->pipeline, GST_STATE_NULL);
  g_clear_object (&faces->source);
  g_clear_object (&faces->sink);
  g_clear_object (&faces->pipeline);
}

/* A pipeline that plays; FALSE: faces_fail or this function said why. */
static gboolean
faces_open (Faces * faces, guint width, guint height)
{
  GError *error = NULL;
  GstCaps *caps;

  memset (faces, 0, sizeof *faces);
  /* A frame's answer is waited for before the next one comes: no neighbours. */
  faces->pipeline = gst_parse_launch (
      "appsrc name=source format=time ! facedepixelate neighbours=0 ! appsink name=sink sync=false", &error);
  if (error != NULL) {
    fprintf (stderr, "restore_frame: %s (does GST_PLUGIN_PATH name the folder of the plugin?)\n", error->message);
    g_clear_error (&error);
    return FALSE;
  }
  faces->source = gst_bin_get_by_name (GST_BIN (faces->pipeline), "source");
  faces->sink = gst_bin_get_by_name (GST_BIN (faces->pipeline), "sink");
  if (!gst_video_info_set_format (&faces->info, GST_VIDEO_FORMAT_RGB, width, height)) {
    fprintf (stderr, "restore_frame: %u x %u pixels are no frame\n", width, height);
    return FALSE;
  }
  faces->info.fps_n = RATE;
  faces->info.fps_d = 1;
  caps = gst_video_info_to_caps (&faces->info);
  gst_app_src_set_caps (GST_APP_SRC (faces->source), caps);
  gst_caps_unref (caps);
  if (gst_element_set_state (faces->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return faces_fail (faces);
  return TRUE;
}

/* Copies rows of `row` bytes between memories whose rows lie `from_stride` and `to_stride` apart. */
static void
copy_rows (const guint8 * from, gsize from_stride, guint8 * to, gsize to_stride, gsize row, gsize rows)
{
  for (gsize y = 0; y < rows; y++)
    memcpy (to + y * to_stride, from + y * from_stride, row);
}

/* Restores packed RGB where it is, as the next frame of the stream. */
static gboolean
faces_restore (Faces * faces, guint8 * pixels)
{
  gsize stride = GST_VIDEO_INFO_PLANE_STRIDE (&faces->info, 0);
  gsize row = 3 * (gsize) GST_VIDEO_INFO_WIDTH (&faces->info);
  gsize rows = GST_VIDEO_INFO_HEIGHT (&faces->info);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&faces->info), NULL);
  GstSample *sample;
  GstMapInfo map;

  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (faces->count, GST_SECOND, RATE);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / RATE;
  faces->count++;
  if (!gst_buffer_map (buffer, &map, GST_MAP_WRITE)) {
    gst_buffer_unref (buffer);
    return faces_fail (faces);
  }
  copy_rows (pixels, row, map.data, stride, row, rows);
  gst_buffer_unmap (buffer, &map);
  if (gst_app_src_push_buffer (GST_APP_SRC (faces->source), buffer) != GST_FLOW_OK)
    return faces_fail (faces);
  sample = gst_app_sink_try_pull_sample (GST_APP_SINK (faces->sink), PATIENCE);
  if (sample == NULL)
    return faces_fail (faces);
  if (!gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ)) {
    gst_sample_unref (sample);
    return faces_fail (faces);
  }
  copy_rows (map.data, stride, pixels, row, row, rows);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_sample_unref (sample);
  return TRUE;
}

int
main (int argc, char **argv)
{
  Faces faces;
  uint8_t *pixels;
  uint32_t width, height;
  gboolean done;

  gst_init (&argc, &argv);
  if (argc != 3) {
    fprintf (stderr, "usage: restore_frame IN.ppm OUT.ppm\n");
    return 2;
  }
  pixels = read_ppm ("restore_frame", argv[1], &width, &height);
  if (pixels == NULL)
    return 1;
  done = faces_open (&faces, width, height) && faces_restore (&faces, pixels)
      && write_ppm ("restore_frame", argv[2], pixels, width, height);
  faces_close (&faces);
  free (pixels);
  if (done)
    printf ("%s: what was restored is a guess; it proves nobody's identity.\n", argv[2]);
  return done ? 0 : 1;
}
