//! How faces get damaged, and the plainest repair: the same code serves the element, training,
//! evaluation and tests.

#[cfg(any(test, feature = "trainer"))]
pub(crate) mod blur;
#[cfg(any(test, feature = "trainer"))]
pub(crate) mod cast;
#[cfg(feature = "trainer")]
pub(crate) mod codec;
#[cfg(any(test, feature = "trainer"))]
pub(crate) mod jpeg;
pub mod mosaic;
pub mod smooth;
pub mod soft;
pub mod stack;
