//! Where a training runs.

use std::str::FromStr;

use anyhow::{Context, bail};
use tch::{Cuda, Device};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first GPU if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU by its number.
    Cuda(usize),
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "cuda" => Self::Cuda(0),
            _ => {
                let number = text.strip_prefix("cuda:").and_then(|n| n.parse().ok());
                Self::Cuda(number.context("a device is auto, cpu or cuda:N, such as cuda:0")?)
            }
        })
    }
}

impl Choice {
    /// The device, ready to be used.
    pub fn open(self) -> anyhow::Result<Device> {
        if self == Self::Cpu {
            return Ok(Device::Cpu);
        }
        let loaded = load_cuda();
        let count = usize::try_from(Cuda::device_count()).unwrap_or(0);
        match self {
            Self::Cuda(number) if number < count => Ok(Device::Cuda(number)),
            Self::Cuda(number) => match loaded {
                Err(reason) => bail!("cuda:{number}: {reason}"),
                Ok(()) => {
                    bail!("cuda:{number}: this machine has {count} GPUs that libtorch can use")
                }
            },
            _ if count > 0 => Ok(Device::Cuda(0)),
            _ => Ok(Device::Cpu),
        }
    }
}

/// Load libtorch's CUDA half, if one is on the loader's path. This program is linked to the CPU
/// half alone; the other registers itself when it is loaded, and stays.
fn load_cuda() -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: the library's constructors register operators with the libtorch that is loaded
    // already; a library of another version lacks symbols and does not load.
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
    library.map(std::mem::forget).map_err(|error| {
        format!("libtorch's CUDA library does not load ({error}); put a full libtorch of the same version on LD_LIBRARY_PATH")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices() {
        assert_eq!("auto".parse::<Choice>().unwrap(), Choice::Auto);
        assert_eq!("cuda:3".parse::<Choice>().unwrap(), Choice::Cuda(3));
        for text in ["", "gpu", "cuda:", "cuda:-1"] {
            let error = text.parse::<Choice>().unwrap_err().to_string();
            assert!(error.contains("cuda:N"), "{text}: {error}");
        }
        assert_eq!(Choice::Cpu.open().unwrap(), Device::Cpu);
        assert!(
            Choice::Cuda(999)
                .open()
                .unwrap_err()
                .to_string()
                .contains("cuda:999")
        );
    }
}
