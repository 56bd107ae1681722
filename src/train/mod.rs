//! Training of the cascade with libtorch.
