//! The examples and the lines of docs/cookbook.md, as a reader would run them.
//!
//! The trainer changes nothing about them: they run once, in the build without it.
#![cfg(not(feature = "trainer"))]

mod c;
mod cookbook;
mod editing;
mod in_memory;
mod live;
mod material;
mod streams;
