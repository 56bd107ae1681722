//! What is asked for, and what comes of it.

use super::*;

/// A folder with empty files of these names.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    folder
}

fn jobs(files: &[&Path], overwrite: bool) -> Result<Jobs, AppError> {
    let files: Vec<PathBuf> = files.iter().map(|it| it.to_path_buf()).collect();
    Jobs::outputs(&files, overwrite)
}

/// What is said, and the exit status.
fn refused(files: &[&Path], overwrite: bool) -> (String, u8) {
    let error = jobs(files, overwrite).unwrap_err();
    (error.to_string(), error.exit_status())
}

/// The names of what is made.
fn names(jobs: &Jobs) -> Vec<String> {
    let outputs = jobs.files.iter().filter_map(|job| job.output.as_ref());
    let names = outputs.map(|it| it.file_name().unwrap().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn folders_become_folders_and_what_is_there_stays() {
    let from = folder(&["b.JPG", "a.png", "c.tif", "notes.txt"]);
    std::fs::create_dir(from.path().join("deeper.png")).unwrap();
    let to = folder(&["a.png"]);
    let made = |overwrite| jobs(&[from.path(), to.path()], overwrite).unwrap();
    assert_eq!(names(&made(false)), ["b.JPG", "c.tif"]);
    assert_eq!(made(false).skipped, 1);
    assert_eq!(names(&made(true)), ["a.png", "b.JPG", "c.tif"]);
    // Nothing is made before it is asked for.
    let new = to.path().join("new/deeper");
    let made = jobs(&[from.path(), &new], false).unwrap();
    assert!(!new.exists());
    made.make_folder().unwrap();
    assert!(new.is_dir());
}

#[test]
fn one_picture_becomes_one_file() {
    let files = folder(&["a.jpg", "b.png"]);
    let file = |name: &str| files.path().join(name);
    let (a, b, c) = (file("a.jpg"), file("b.png"), file("c.webp"));
    let made = jobs(&[&a, &c], false).unwrap();
    let (input, output) = (a.clone(), Some(c));
    assert_eq!(made.files, [Job { input, output }]);
    let (said, status) = refused(&[&a, &b], false);
    assert!(said.contains("--overwrite") && status == 5, "{said}");
    assert!(jobs(&[&a, &b], true).is_ok());
    let (said, status) = refused(&[&a, &file("c.gif")], false);
    assert!(said.contains(".webp") && status == 2, "{said}");
    let (said, status) = refused(&[files.path(), &b], true);
    assert!(said.contains("need a folder") && status == 2, "{said}");
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let (one, two, to) = (folder(&["a.png"]), folder(&["a.png"]), folder(&[]));
    let (said, status) = refused(&[one.path(), two.path(), to.path()], true);
    assert!(said.contains("would both become") && status == 2, "{said}");
    let own = one.path().join("a.png");
    // Neither by another name for the same folder.
    let round = one
        .path()
        .join("../.")
        .join(one.path().file_name().unwrap());
    for out in [one.path(), &own, &round] {
        let (said, status) = refused(&[&own, out], true);
        assert!(said.contains("same file") && status == 2, "{said}");
    }
    // One that is named twice is made once.
    let twice = jobs(&[one.path(), &round.join("a.png"), to.path()], false).unwrap();
    assert_eq!(names(&twice), ["a.png"]);
    let (said, status) = refused(&[to.path(), one.path()], false);
    assert!(said.contains("no pictures") && status == 3, "{said}");
}
