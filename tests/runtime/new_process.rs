//! A test that is run by another one, in a process that has not looked for ONNX Runtime yet.

use std::path::{Path, PathBuf};
use std::process::Command;

use gstdepixelate::cascade::runtime;

/// Says that this process is a child, and where its library lies.
const FOLDER: &str = "DEPIXELATE_TEST_FOLDER";

/// Runs the test `name` of this program in a new process; `variable` becomes ORT_DYLIB_PATH.
pub fn in_a_new_process(name: &str, variable: Option<&Path>, folder: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name]);
    command.env_remove(runtime::LIBRARY_VARIABLE);
    command.env(FOLDER, folder);
    if let Some(variable) = variable {
        command.env(runtime::LIBRARY_VARIABLE, variable);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder if this process is a child; otherwise the test has nothing to do.
pub fn child_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}
