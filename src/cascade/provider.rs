//! Where and how a model runs.

use std::fmt;
use std::time::Duration;

use super::LoadError;

/// An execution provider of ONNX Runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Provider {
    /// The best that loads: CUDA, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An NVIDIA GPU through TensorRT; CUDA takes what TensorRT cannot.
    TensorRt,
    /// Intel hardware through OpenVINO.
    OpenVino,
    /// An AMD GPU through MIGraphX.
    MiGraphX,
    /// Apple hardware through Core ML.
    CoreMl,
    /// A GPU on Windows through DirectML.
    DirectMl,
    /// A GPU through WebGPU.
    WebGpu,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Cpu,
        Self::Cuda,
        Self::TensorRt,
        Self::OpenVino,
        Self::MiGraphX,
        Self::CoreMl,
        Self::DirectMl,
        Self::WebGpu,
    ];

    /// Whether it prepares for each input shape anew, and gains by full batches.
    pub fn is_gpu(self) -> bool {
        use Provider::{CoreMl, Cuda, DirectMl, MiGraphX, TensorRt, WebGpu};
        matches!(
            self,
            Cuda | TensorRt | MiGraphX | CoreMl | DirectMl | WebGpu
        )
    }

    /// Its name, as programs are given it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::OpenVino => "openvino",
            Self::MiGraphX => "migraphx",
            Self::CoreMl => "coreml",
            Self::DirectMl => "directml",
            Self::WebGpu => "webgpu",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far ONNX Runtime rewrites the graph before it runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OptimizationLevel {
    /// As in the file.
    DisableAll,
    /// Redundant nodes removed, constants folded.
    EnableBasic,
    /// Nodes fused as well.
    EnableExtended,
    /// Memory layout changed as well.
    #[default]
    EnableAll,
}

impl OptimizationLevel {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::DisableAll,
        Self::EnableBasic,
        Self::EnableExtended,
        Self::EnableAll,
    ];
}

/// How to open a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// Where it runs.
    pub provider: Provider,
    /// Device of the provider: a name such as `GPU` for OpenVINO, a number for other GPUs; `None` =
    /// its default.
    pub device: Option<String>,
    /// How far the graph is rewritten.
    pub optimization: OptimizationLevel,
    /// CPU threads inside one run; 0 = automatic.
    pub threads: usize,
    /// How long a run may take; `None`: in proportion to the model and to what it is shown.
    pub run_limit: Option<Duration>,
}

/// `a, b, c`
pub(super) fn names<T: fmt::Display>(items: &[T]) -> String {
    let names: Vec<_> = items.iter().map(T::to_string).collect();
    names.join(", ")
}

/// Number of a GPU.
pub(super) fn device_number(
    device: Option<&str>,
    provider: Provider,
) -> Result<Option<i32>, LoadError> {
    let Some(device) = device else {
        return Ok(None);
    };
    match device.parse() {
        Ok(number) if number >= 0 => Ok(Some(number)),
        _ => Err(LoadError::Device {
            device: device.into(),
            provider: provider.to_string(),
            expected: "the number of a GPU, such as 0".into(),
        }),
    }
}

/// Name of an OpenVINO device. The characters are those of names such as `GPU.1` and
/// `AUTO:GPU,CPU`.
pub(super) fn device_name(device: Option<&str>) -> Result<Option<&str>, LoadError> {
    let cpu_session = |c: char| c.is_ascii_alphanumeric() || ".:,_-".contains(c);
    match device {
        Some(name) if name.is_empty() || !name.chars().all(cpu_session) => Err(LoadError::Device {
            device: name.into(),
            provider: Provider::OpenVino.to_string(),
            expected: "a name such as CPU, GPU or GPU.1".into(),
        }),
        device => Ok(device),
    }
}

/// Threads inside one run when the caller does not say.
///
/// One per physical core: convolutions keep a core's arithmetic units full, so a second thread on
/// the same core gains nothing. Four at most: the decoder, the encoder and other elements need the
/// rest.
pub(super) fn automatic_threads() -> usize {
    let logical = std::thread::available_parallelism().map_or(1, |n| n.get());
    // Linux says here whether cores run two threads each; where the file is missing, assume not.
    let smt = std::fs::read_to_string("/sys/devices/system/cpu/smt/active")
        .is_ok_and(|active| active.trim() == "1");
    let physical = if smt { logical.div_ceil(2) } else { logical };
    physical.min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices() {
        let number = |device| device_number(device, Provider::Cuda);
        assert_eq!(number(None), Ok(None));
        assert_eq!(number(Some("1")), Ok(Some(1)));
        for wrong in ["", "-1", "cuda:0", "1 ", "99999999999"] {
            let error = number(Some(wrong)).unwrap_err().to_string();
            assert!(error.contains(&format!("device `{wrong}`")), "{error}");
        }
        assert_eq!(device_name(Some("GPU.1")), Ok(Some("GPU.1")));
        assert!(device_name(Some("GPU\0")).is_err());
        assert!(device_name(Some("")).is_err());
    }

    #[test]
    fn automatic_threads_are_few() {
        assert!((1..=4).contains(&automatic_threads()));
    }
}
