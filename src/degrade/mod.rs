//! How faces get damaged: tile mean, tile blur, noise, recompression.
