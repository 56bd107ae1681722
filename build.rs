//! Plugin version information, and the run-time path of libtorch for trainer builds.

use std::path::Path;

fn main() {
    gst_plugin_version_helper::info();
    link_path_of_libtorch();
}

/// Trainer binaries find the libtorch that they were built with, without `LD_LIBRARY_PATH`.
/// A plugin built without the feature carries no path.
fn link_path_of_libtorch() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TRAINER").is_none() {
        return;
    }
    if let Some(libtorch) = std::env::var_os("LIBTORCH") {
        let lib = Path::new(&libtorch).join("lib");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
}
