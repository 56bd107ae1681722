//! What a stage of the cascade sees, and what it makes.

use tch::Tensor;

use crate::blocks::PLANES;

/// What a network sees. In the second stage the first one's picture is there, too.
pub struct StageInputs<'a, V> {
    /// What the first stage made.
    pub stage1: Option<&'a V>,
    /// The mosaic in its surroundings.
    pub pixelated: &'a V,
    /// What is known of its lattice, see [`crate::blocks::PLANES`].
    pub lattice: &'a V,
    /// What is known of neighbouring frames, see [`crate::cascade::Window::planes`]; networks that
    /// are told of none do not look at it.
    pub neighbours: Option<&'a V>,
}

/// What a second stage makes.
pub struct Pictures<V> {
    /// The truest face.
    pub restored: V,
    /// The face as the first stage invented it, in true colours and with more detail, if the
    /// network tells the two apart.
    pub detailed: Option<V>,
}

/// What is known beside mosaics, in a batch's conditioning.
pub(super) struct Told {
    /// Of their lattices.
    pub(super) lattice: Tensor,
    /// Of neighbouring frames, if there is a window.
    pub(super) neighbours: Option<Tensor>,
}

impl Told {
    /// The parts of `conditioning`, see [`crate::train::data::samples::Sample::conditioning`].
    pub(super) fn of(conditioning: &Tensor) -> Self {
        let (lattice, planes) = (PLANES as i64, conditioning.size()[1]);
        let neighbours = planes - lattice;
        Self {
            lattice: conditioning.narrow(1, 0, lattice),
            neighbours: (neighbours > 0).then(|| conditioning.narrow(1, lattice, neighbours)),
        }
    }
}
