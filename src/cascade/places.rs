//! Where ONNX Runtime may lie, as seen from the plugin or from a program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Folder of our own in which packages bring the library along.
const PACKAGE: &str = env!("CARGO_PKG_NAME");

/// Folders beside `file`, the plugin or a program, in which its package may have left the library:
/// the file's own and, where they exist, those of packages. A link is followed, too.
pub(super) fn folders_around(file: &Path) -> Vec<PathBuf> {
    let target = fs::canonicalize(file).ok().filter(|target| target != file);
    let files = [Some(file), target.as_deref()].into_iter().flatten();
    let mut folders = Vec::new();
    for own in files.filter_map(Path::parent) {
        let packaged = packaged().map(|place| own.join(place));
        folders.push(own.to_owned());
        folders.extend(packaged.into_iter().filter(|folder| folder.is_dir()));
    }
    folders
}

/// Seen from the folder of the plugin or of a program.
fn packaged() -> [PathBuf; 5] {
    let triplet = format!("{}-linux-gnu", env::consts::ARCH);
    let lib = Path::new("../lib");
    [
        // LIBDIR/gstreamer-1.0
        Path::new("..").join(PACKAGE),
        // PREFIX/bin
        lib.join(triplet).join(PACKAGE),
        lib.join(PACKAGE),
        Path::new("../lib64").join(PACKAGE),
        // A folder of our Python package, with the one of ONNX Runtime beside that.
        "../../onnxruntime/capi".into(),
    ]
}

/// The library in a folder: under its plain name `name`, else those that have a version behind it,
/// as Python's package does.
pub(super) fn libraries_in(folder: &Path, name: &str) -> Vec<PathBuf> {
    let plain = folder.join(name);
    if plain.exists() {
        return vec![plain];
    }
    let stem = format!("{name}.");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(&stem)
    };
    let mut versioned: Vec<_> = entries.map(|e| e.path()).filter(is_library).collect();
    versioned.sort();
    if versioned.is_empty() {
        versioned.push(plain);
    }
    versioned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in new folders, and a folder for the library.
    fn package(file: &str, folder: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let (file, folder) = (root.path().join(file), root.path().join(folder));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, "").unwrap();
        (root, file, folder)
    }

    #[test]
    fn every_package_is_found() {
        let triplet = format!("lib/{}-linux-gnu", env::consts::ARCH);
        let debian = format!("{triplet}/gstreamer-1.0/libgstdepixelate.so");
        let of_debian = format!("{triplet}/gst-plugin-depixelate");
        for (file, folder) in [
            (debian.as_str(), of_debian.as_str()),
            ("bin/depixelate", &of_debian),
            ("bin/depixelate", "lib/gst-plugin-depixelate"),
            (
                "lib64/gstreamer-1.0/libgstdepixelate.so",
                "lib64/gst-plugin-depixelate",
            ),
            ("gst_depixelate/bin/depixelate", "onnxruntime/capi"),
        ] {
            let (_root, file, folder) = package(file, folder);
            let found = folders_around(&file);
            assert_eq!(found.len(), 2, "{file:?}: {found:?}");
            assert_eq!(found[0], file.parent().unwrap());
            assert_eq!(
                fs::canonicalize(&found[1]).unwrap(),
                fs::canonicalize(folder).unwrap()
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_plugin_finds_what_its_file_finds() {
        let (root, file, folder) = package("gst_depixelate/plugin/lib.so", "onnxruntime/capi");
        let link = root.path().join("link.so");
        std::os::unix::fs::symlink(file, &link).unwrap();
        let found = folders_around(&link);
        assert_eq!(found[0], root.path());
        assert_eq!(
            fs::canonicalize(found.last().unwrap()).unwrap(),
            fs::canonicalize(folder).unwrap()
        );
    }

    #[test]
    fn a_plain_name_goes_before_versions() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let found = || libraries_in(folder.path(), "lib.so");
        assert_eq!(found(), [file("lib.so")]);
        for name in ["lib.so.1.31.1", "lib_providers_shared.so"] {
            fs::write(file(name), "").unwrap();
        }
        assert_eq!(found(), [file("lib.so.1.31.1")]);
        fs::write(file("lib.so"), "").unwrap();
        assert_eq!(found(), [file("lib.so")]);
    }
}
