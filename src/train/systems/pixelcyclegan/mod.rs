//! PixelCycleGAN (after Kuang et al., 2021): CycleGAN with nested U-Nets, between pictures and pixel art.

pub mod networks;
