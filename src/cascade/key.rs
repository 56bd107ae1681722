//! Names of the metadata properties.

/// Version of the metadata.
pub const FORMAT: &str = "depixelate.format";
/// Side of the input, pixels.
pub const SIZE: &str = "depixelate.size";
/// Output side ÷ input side.
pub const SCALE: &str = "depixelate.scale";
/// Range of the numbers.
pub const RANGE: &str = "depixelate.range";
/// Order of the channels.
pub const COLOR: &str = "depixelate.color";
/// Side of the crop ÷ longer side of the mosaic's box.
pub const MARGIN: &str = "depixelate.margin";
/// What the network is shown of the mosaic. May be missing: then blocks where the scale is 1,
/// else smooth.
pub const MOSAIC: &str = "depixelate.mosaic";
/// Smallest and largest block of the training, crop pixels.
pub const BLOCKS: &str = "depixelate.blocks";
/// What the weights were trained on.
pub const TRAINED_ON: &str = "depixelate.trained-on";
/// Licence of the weights.
pub const LICENSE: &str = "depixelate.license";
/// Of which number both sides of a picture must be multiples. May be missing: then the size
/// alone is taken.
pub const MULTIPLE: &str = "depixelate.multiple";
/// How many frames of a film the network looks at, its own among them. May be missing: then 1.
pub const FRAMES: &str = "depixelate.frames";
/// How many of them come after its own. May be missing: then none.
pub const FRAMES_AHEAD: &str = "depixelate.frames-ahead";
/// How many frames it is from one of them to the next. May be missing: then 1.
pub const FRAMES_STEP: &str = "depixelate.frames-step";
