//! Trains the networks that `facedepixelate` loads.

use std::process::ExitCode;

fn main() -> ExitCode {
    gstdepixelate::cli::train::main()
}
