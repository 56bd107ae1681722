//! The program itself: what it writes, says and ends with.

use std::path::Path;
use std::process::{Command, Output};

use crate::media::{clip, launch};

fn depixelate(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    let fast = ["--preset", "ultrafast"];
    program
        .current_dir(folder)
        .args(arguments)
        .args(fast)
        .output()
        .unwrap()
}

/// What the program ended with.
pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// All that the program said.
pub fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .concat()
}

#[test]
fn what_was_made_is_told_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("a.mkv"), "opusenc", (320, 240));
    let arguments = [
        "a.mkv",
        "b.mp4",
        "--regions",
        "100,60,96,96",
        "--detail",
        "0.5",
    ];
    let output = depixelate(folder.path(), &arguments);
    assert_eq!(status(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("invented"), "{}", said(&output));
    let text = std::fs::read_to_string(folder.path().join("b.mp4.depixelate.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(told["notice"].as_str().unwrap().contains("not the person"));
    assert_eq!(told["frames"], 20);
    assert_eq!(told["settings"]["detail"], 0.5);
    assert_eq!(told["model"]["sha256"].as_str().unwrap().len(), 64);
    let face = &told["faces"][0];
    assert_eq!(face["frames"], serde_json::json!([0, 19]));
    assert_eq!(face["times"], serde_json::json!([0, 760_000_000]));
    let place = ["x", "y", "width", "height"].map(|name| face["boxes"][0][name].as_u64());
    assert_eq!(place, [100, 60, 96, 96].map(Some));
}

#[test]
fn each_kind_of_end_has_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    let whole = std::fs::read(path("a.mkv")).unwrap();
    std::fs::write(path("half.mkv"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(path("empty.mkv"), "").unwrap();
    launch(&format!(
        "audiotestsrc num-buffers=20 ! wavenc ! filesink location={}",
        path("sound.wav").display()
    ));
    for (arguments, expected, word) in [
        (&["a.mkv", "b.mp4"][..], 0, "20 frames"),
        (&["a.mkv"], 2, "--output-dir"),
        (&["a.mkv", "b.txt"], 2, ".mp4"),
        (&["a.mkv", "b.mkv", "--encoder", "nothing"], 2, "hevc"),
        (&["none.mkv", "b.mkv"], 3, "none.mkv"),
        (&["empty.mkv", "b.mkv"], 3, "empty.mkv"),
        (&["sound.wav", "b.mkv"], 3, "no video"),
        (&["half.mkv", "b.mkv"], 4, "damaged"),
        (&["a.mkv", "nowhere/b.mkv"], 5, "nowhere"),
        (&["a.mkv", "a.mkv"], 2, "same file"),
    ] {
        let output = depixelate(folder.path(), arguments);
        let said = said(&output);
        assert_eq!(status(&output), expected, "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
        assert!(!said.contains(".part"), "a hidden name is told: {said}");
    }
}

#[test]
fn many_files_are_made_and_finished_ones_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("in")).unwrap();
    clip(&path("in/a.mp4"), "avenc_aac", (64, 48));
    clip(&path("in/b.avi"), "identity", (64, 48));
    std::fs::write(path("in/c.mkv"), "no film").unwrap();
    let output = depixelate(folder.path(), &["in", "--output-dir", "out"]);
    assert_eq!(status(&output), 3, "{}", said(&output));
    assert!(
        said(&output).contains("2 of 3 files made"),
        "{}",
        said(&output)
    );
    assert!(path("out/a.mp4").is_file() && path("out/b.mkv").is_file());
    let output = depixelate(folder.path(), &["in", "--output-dir", "out"]);
    assert!(
        said(&output).contains("2 were there already"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_would_be_restored_is_told_and_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("a.mkv"), "opusenc", (320, 240));
    let look = ["a.mkv", "--dry-run", "--regions", "100,60,96,96"];
    let output = depixelate(folder.path(), &look);
    assert_eq!(status(&output), 0, "{}", said(&output));
    for word in ["00:00:00.760", "0–19", "100,60,96,96", "restored"] {
        assert!(said(&output).contains(word), "{word}: {}", said(&output));
    }
    let output = depixelate(folder.path(), &[&look[..], &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "found");
    assert_eq!(last["faces"][0]["frames"], serde_json::json!([0, 19]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn programs_are_told_in_lines_and_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("a.mkv"), "opusenc", (64, 48));
    let output = depixelate(folder.path(), &["a.mkv", "b.mkv", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = &events[events.len() - 1];
    assert_eq!(
        (&last["event"], &last["frames"]),
        (&"made".into(), &20.into())
    );
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "progress" && event["total"] == 20)
    );
    let output = depixelate(folder.path(), &["none.mkv", "c.mkv", "--json"]);
    let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&error["event"], &error["status"]),
        (&"error".into(), &3.into())
    );
    let output = depixelate(folder.path(), &["a.mkv", "d.mkv", "--quiet"]);
    assert_eq!((status(&output), said(&output).as_str()), (0, ""));
}

#[test]
fn help_manual_and_completions_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
        let output = program
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(status(&output), 0, "{arguments:?}");
        said(&output)
    };
    assert!(!run(&["--help"]).contains("--patience"));
    assert!(run(&["--help-all"]).contains("--patience"));
    let page = run(&["--man"]);
    assert!(
        page.contains(".SH NAME") && page.contains("depixelate\\-segment"),
        "{page}"
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(&["--completions", shell]).contains("part-length"),
            "{shell}"
        );
        assert!(
            run(&["--completions", shell]).contains("by-length"),
            "{shell}"
        );
    }
}

#[test]
fn what_is_told_by_hand_is_done_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (320, 240));
    std::fs::write(path("when.csv"), "0.2,0.6\n").unwrap();
    std::fs::write(path("where.csv"), "0,10,100,60,96,96,door\n").unwrap();
    let by_hand = [
        "--regions",
        "where.csv",
        "--ranges",
        "when.csv",
        "--markers",
        "b.edl",
    ];
    let shown = [
        "--report",
        "b.html",
        "--contact-sheet",
        "b.png",
        "--compare",
        "both.mp4",
    ];
    let arguments = [&["a.mkv", "b.mp4"][..], &by_hand, &shown].concat();
    let output = depixelate(folder.path(), &arguments);
    assert_eq!(status(&output), 0, "{}", said(&output));
    let text = std::fs::read_to_string(path("b.mp4.depixelate.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["faces"][0]["frames"], serde_json::json!([5, 14]));
    assert!(
        std::fs::read_to_string(path("b.edl"))
            .unwrap()
            .contains("restored face 1")
    );
    assert!(
        std::fs::read_to_string(path("b.html"))
            .unwrap()
            .contains("data:image/jpeg")
    );
    assert!(image::open(path("b.png")).is_ok());
    let both = crate::media::survey(&path("both.mp4"));
    assert_eq!(both.streams[0].packets, 20);
    // Where nothing may be, nothing is written.
    let wrong = ["a.mkv", "c.mp4", "--report", "c.txt"];
    let output = depixelate(folder.path(), &wrong);
    assert_eq!(status(&output), 2, "{}", said(&output));
    assert!(!path("c.mp4").exists());
}
