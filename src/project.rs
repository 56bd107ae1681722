//! Block-mean projection.
