/* Binary PPM (P6) of 8 bits, read and written; for the examples in C. */
#ifndef PPM_H
#define PPM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest side of a picture that is read. */
#define PPM_LARGEST 16384

/* The pixels of a file, three bytes each, which the caller frees; NULL: it said why, as `program`. */
static uint8_t *
read_ppm (const char *program, const char *path, uint32_t * width, uint32_t * height)
{
  FILE *file = fopen (path, "rb");
  uint8_t *pixels = NULL;
  unsigned w = 0, h = 0, most = 0;

  if (file != NULL && fscanf (file, "P6 %u %u %u", &w, &h, &most) == 3 && fgetc (file) != EOF && most == 255
      && w > 0 && h > 0 && w <= PPM_LARGEST && h <= PPM_LARGEST) {
    size_t size = 3 * (size_t) w * h;
    pixels = malloc (size);
    if (pixels != NULL && fread (pixels, 1, size, file) != size) {
      free (pixels);
      pixels = NULL;
    }
  }
  if (pixels == NULL)
    fprintf (stderr, "%s: %s is no binary PPM of 8 bits up to %d pixels a side\n", program, path, PPM_LARGEST);
  if (file != NULL)
    fclose (file);
  *width = w;
  *height = h;
  return pixels;
}

/* Returns whether the file is there: as a whole, or not at all. */
static int
write_ppm (const char *program, const char *path, const uint8_t * pixels, uint32_t width, uint32_t height)
{
  size_t size = 3 * (size_t) width * height;
  char *part = malloc (strlen (path) + sizeof ".part");
  FILE *file = NULL;
  int done = 0;

  if (part != NULL) {
    strcat (strcpy (part, path), ".part");
    file = fopen (part, "wb");
  }
  if (file != NULL) {
    done = fprintf (file, "P6\n%u %u\n255\n", width, height) > 0 && fwrite (pixels, 1, size, file) == size;
    done = fclose (file) == 0 && done && rename (part, path) == 0;
    if (!done)
      remove (part);
  }
  if (!done)
    fprintf (stderr, "%s: %s cannot be written\n", program, path);
  free (part);
  return done;
}

#endif
