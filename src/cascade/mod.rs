//! The two networks as one ONNX model, run by ONNX Runtime.

/// Range of a network's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRange {
    /// −1 … 1.
    Signed,
    /// 0 … 1.
    Unit,
}

/// What a model file says about itself; every fact that pre- and post-processing need.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// Side of the square input, pixels.
    pub size: usize,
    /// Output side ÷ input side.
    pub scale: usize,
    /// Range of the numbers at input and output.
    pub range: ValueRange,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// Smallest and largest block of the training, in crop pixels.
    pub blocks: (f32, f32),
    /// What the weights were trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

/// Whatever turns a batch of mosaics into faces.
pub trait Backend: Send {
    /// What the model says about itself.
    fn facts(&self) -> &ModelFacts;

    /// The execution provider in use, e.g. `cpu`.
    fn execution_provider(&self) -> &str;

    /// Restore `count` crops.
    ///
    /// `input` is `[count, 3, size, size]`, RGB in the model's range; `restored` becomes
    /// `[count, 3, size·scale, size·scale]`, likewise.
    fn run(
        &mut self,
        input: &[f32],
        count: usize,
        restored: &mut Vec<f32>,
    ) -> Result<(), CascadeError>;
}

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum CascadeError {
    /// The run itself failed.
    #[error("the model could not be run: {0}")]
    Run(String),
}
