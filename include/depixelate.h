/* Pixelated faces, restored: a guess, not the person.
 *
 * Written by cbindgen from src/capi.rs; include/cbindgen.toml says how. Link to the plugin's own
 * library: cc program.c -Iinclude -Ltarget/release -lgstdepixelate */

#ifndef DEPIXELATE_H
#define DEPIXELATE_H

#include <stddef.h>
#include <stdint.h>

// A model, and what it needs to restore pictures. One thread at a time may use it.
typedef struct DepixelateRestorer DepixelateRestorer;

// A restored face: its mosaic's rectangle in pixels, and how sure it is one, 0 to 1.
typedef struct {
  // Left edge.
  int32_t x;
  // Upper edge.
  int32_t y;
  // Width.
  uint32_t width;
  // Height.
  uint32_t height;
  // Probability that it is a mosaic.
  float score;
} DepixelateFace;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Open a model, the bundled one where `model` is NULL, else an ONNX file. NULL: it failed, and
// depixelate_error says why. ONNX Runtime is looked for where ORT_DYLIB_PATH says, beside the
// program and beside this library or in the package of either, and among the system's libraries.
//
// # Safety
//
// `model` is NULL or a text that ends with a zero.
DepixelateRestorer *depixelate_open(const char *model);

// Restore the pixelated faces of a picture where they are: `height` rows of `width` pixels, three
// bytes each (red, green, blue), that begin `stride` bytes apart. Returns how many faces were
// restored, and writes the first `room` of them to `faces`, which may be NULL where `room` is 0.
// -1: it failed, and depixelate_error says why.
//
// A restored face is a guess, not the person: say so where it is shown.
//
// # Safety
//
// `restorer` is from depixelate_open and not closed; no other thread uses it. `pixels` are
// `stride` × (`height` − 1) + 3 × `width` bytes, `faces` have `room` places, and nobody else reads or
// writes either meanwhile.
int32_t depixelate_restore_rgb(DepixelateRestorer *restorer,
                               uint8_t *pixels,
                               uint32_t width,
                               uint32_t height,
                               size_t stride,
                               DepixelateFace *faces,
                               size_t room);

// What went wrong in the last call of this thread that failed; valid up to its next one.
const char *depixelate_error(void);

// Close what depixelate_open gave; NULL is nothing to close.
//
// # Safety
//
// `restorer` is NULL, or from depixelate_open and not closed yet.
void depixelate_close(DepixelateRestorer *restorer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DEPIXELATE_H */
