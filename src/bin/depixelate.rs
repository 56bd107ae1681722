//! `depixelate INPUT OUTPUT`: restore the pixelated faces of a video file.

use std::process::ExitCode;

fn main() -> ExitCode {
    gstdepixelate::cli::depixelate::main()
}
