//! GPEN (Yang et al., 2021): a face generator within a U-shaped network restores faces.

pub mod networks;
