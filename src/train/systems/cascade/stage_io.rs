//! What a stage of the cascade sees, and what it makes.

/// What a network sees. In the second stage the first one's picture is there, too.
pub struct StageInputs<'a, V> {
    /// What the first stage made.
    pub stage1: Option<&'a V>,
    /// The mosaic in its surroundings.
    pub pixelated: &'a V,
    /// What is known of its lattice, see [`crate::blocks::PLANES`].
    pub lattice: &'a V,
}

/// What a second stage makes.
pub struct Pictures<V> {
    /// The truest face.
    pub restored: V,
    /// The face as the first stage invented it, in true colours and with more detail, if the
    /// network tells the two apart.
    pub detailed: Option<V>,
}
