//! Libraries that are none, and places where one is looked for.
//!
//! A process loads ONNX Runtime once, so each case that can succeed runs in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::new_process::{child_folder, in_a_new_process};
use gstdepixelate::cascade::{LoadError, RuntimeSearch, runtime};

fn load(library: &Path) -> Result<&'static runtime::Runtime, LoadError> {
    runtime::load(&RuntimeSearch {
        library: Some(library),
        folders: &[],
    })
}

fn refused(library: &Path) -> String {
    match load(library) {
        Ok(_) => panic!("{} was loaded", library.display()),
        Err(error) => error.to_string(),
    }
}

fn real_library() -> PathBuf {
    let path = std::env::var_os(runtime::LIBRARY_VARIABLE).expect("cargo sets ORT_DYLIB_PATH");
    let path = PathBuf::from(path);
    assert!(
        path.exists(),
        "these tests need ONNX Runtime: run scripts/setup.py plugin"
    );
    path
}

/// A library with the entry point of ONNX Runtime 1.16 that has nothing behind it.
fn old_library(folder: &Path) -> PathBuf {
    let source = folder.join("old.rs");
    std::fs::write(
        &source,
        r#"
        #[repr(C)]
        pub struct Base {
            get_api: extern "C" fn(u32) -> *const u8,
            version: extern "C" fn() -> *const u8,
        }
        extern "C" fn get_api(_: u32) -> *const u8 { core::ptr::null() }
        extern "C" fn version() -> *const u8 { c"1.16.3".as_ptr().cast() }
        static BASE: Base = Base { get_api, version };
        #[unsafe(no_mangle)]
        pub extern "C" fn OrtGetApiBase() -> *const Base { &BASE }
        "#,
    )
    .unwrap();
    let library = folder.join("libold.so");
    let status = Command::new(option_env!("RUSTC").unwrap_or("rustc"))
        .args(["--edition=2024", "--crate-type=cdylib", "-o"])
        .args([&library, &source])
        .status()
        .expect("rustc is there while tests are built");
    assert!(status.success());
    library
}

#[test]
fn each_failure_is_named_and_a_later_try_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let missing = path("missing.so");
    assert_eq!(
        refused(&missing),
        format!(
            "ONNX Runtime 1.17 or later was not found: looked for {} (no such file). \
             Install it, or set ORT_DYLIB_PATH to the path of its shared library",
            missing.display()
        )
    );
    assert!(refused(folder.path()).contains("not a regular file"));
    let name = refused(Path::new("libno-such-library.so"));
    assert!(name.contains("cannot open"), "{name}");

    let text = path("text.so");
    std::fs::write(&text, "not a library").unwrap();
    let message = refused(&text);
    assert!(
        message.contains("text.so (") && message.contains("1.17"),
        "{message}"
    );

    let cut = path("cut.so");
    std::fs::write(&cut, &std::fs::read(real_library()).unwrap()[..100_000]).unwrap();
    let message = refused(&cut);
    assert!(message.contains("cut.so (incomplete"), "{message}");

    let pipe = path("pipe.so");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert!(refused(&pipe).contains("not a regular file"));

    #[cfg(target_os = "linux")]
    assert!(refused(Path::new("libc.so.6")).contains("has no OrtGetApiBase"));

    let old = old_library(folder.path());
    assert_eq!(
        refused(&old),
        format!(
            "ONNX Runtime 1.16.3 in {} is too old: install version 1.17 or later, \
             or set ORT_DYLIB_PATH to the path of such a library",
            old.display()
        )
    );

    let runtime = load(&real_library()).unwrap();
    assert_eq!(runtime.library(), real_library());
    // From now on the answer stays.
    assert_eq!(load(&missing).unwrap().library(), real_library());
}

fn load_from(folder: PathBuf) -> Result<&'static runtime::Runtime, LoadError> {
    runtime::load(&RuntimeSearch {
        library: None,
        folders: &[folder],
    })
}

#[test]
fn a_folder_given_by_the_caller_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    std::os::unix::fs::symlink(real_library(), &library).unwrap();
    in_a_new_process("library::child_finds_it_in_the_folder", None, folder.path());
}

#[test]
fn child_finds_it_in_the_folder() {
    let Some(folder) = child_folder() else { return };
    let library = folder.join("libonnxruntime.so");
    assert_eq!(load_from(folder).unwrap().library(), library);
}

#[test]
fn a_wrong_variable_is_an_error_even_if_a_folder_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    std::os::unix::fs::symlink(real_library(), &library).unwrap();
    let wrong = folder.path().join("wrong.so");
    in_a_new_process(
        "library::child_refuses_the_variable",
        Some(&wrong),
        folder.path(),
    );
}

#[test]
fn child_refuses_the_variable() {
    let Some(folder) = child_folder() else { return };
    let error = load_from(folder).unwrap_err().to_string();
    assert!(error.contains("wrong.so (no such file)"), "{error}");
}
