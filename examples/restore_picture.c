/*
 * One picture without a pipeline, in C: include/depixelate.h.
 *
 *     cc -o restore_picture examples/restore_picture.c -Iinclude -Ltarget/release -lgstdepixelate -Wl,-rpath,$PWD/target/release
 *     ORT_DYLIB_PATH=.deps/onnxruntime/lib/libonnxruntime.so ./restore_picture pixelated.ppm guess.ppm
 *
 * A restored face is a guess: it shows nobody's identity.
 */
#include "depixelate.h"
#include "ppm.h"

#define ROOM 16

int
main (int argc, char **argv)
{
  DepixelateFace faces[ROOM];
  DepixelateRestorer *restorer;
  uint8_t *pixels;
  uint32_t width, height;
  int32_t found = -1;
  int done = 0;

  if (argc != 3) {
    fprintf (stderr, "usage: restore_picture IN.ppm OUT.ppm\n");
    return 2;
  }
  pixels = read_ppm ("restore_picture", argv[1], &width, &height);
  if (pixels == NULL)
    return 1;
  /* NULL is the bundled model. */
  restorer = depixelate_open (NULL);
  if (restorer != NULL)
    found = depixelate_restore_rgb (restorer, pixels, width, height, 3 * (size_t) width, faces, ROOM);
  if (found < 0)
    fprintf (stderr, "restore_picture: %s\n", depixelate_error ());
  for (int32_t i = 0; i < found && i < ROOM; i++)
    printf ("restored %u x %u pixels at %d,%d (confidence %.2f)\n", faces[i].width, faces[i].height, faces[i].x,
        faces[i].y, faces[i].score);
  if (found == 0)
    fprintf (stderr, "restore_picture: no pixelated face was found, so nothing was written\n");
  if (found > 0)
    done = write_ppm ("restore_picture", argv[2], pixels, width, height);
  if (done)
    printf ("%s: what was restored is a guess; it proves nobody's identity.\n", argv[2]);
  depixelate_close (restorer);
  free (pixels);
  return done ? 0 : 1;
}
