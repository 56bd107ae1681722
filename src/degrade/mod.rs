//! How faces get damaged: the same code makes mosaics in the element, in training and in tests.

pub mod mosaic;
