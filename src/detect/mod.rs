//! Mosaic lattices in a luma plane.
