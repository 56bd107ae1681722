//! A resolution at which a network's features are taken.

/// One map of features among those that a network gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its name in recipes.
    pub name: &'static str,
    /// Channels.
    pub channels: i64,
    /// Pixels of the picture per sample.
    pub stride: i64,
}
