//! One film on many machines: planned, made by several processes, joined.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::parts::{film_with_mosaic, sums};
use crate::program::{said, status};

/// Whatever is a mosaic is restored: what is behind these is no face.
const FAST: [&str; 6] = [
    "--part-length",
    "1",
    "--preset",
    "ultrafast",
    "--face-threshold",
    "0",
];

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    program.current_dir(folder).args(arguments);
    program
}

fn depixelate(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

/// Plan `a.mkv` for `output`; gives the plan.
fn plan(folder: &Path, output: &str, tasks: &str, more: &[&str]) -> Value {
    let arguments = ["plan", "--tasks", tasks, "a.mkv", output];
    let told = depixelate(folder, &[&arguments[..], &FAST, more].concat());
    assert!(told.status.success(), "{}", said(&told));
    let path = folder.join(format!("{output}.depixelate/plan.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_film_of_many_machines_is_that_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film_with_mosaic(&folder.join("a.mkv"));
    let told = depixelate(folder, &[&["a.mkv", "whole.mp4"], &FAST[..]].concat());
    assert!(told.status.success(), "{}", said(&told));
    let whole = sums(&folder.join("whole.mp4"));

    let planned = plan(folder, "b.mp4", "3", &[]);
    let segments = planned["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 8, "{planned}");
    let frames = segments.iter().map(|it| it["frames"].as_u64().unwrap());
    assert_eq!(frames.sum::<u64>(), 400);
    // The mosaic is there from the sixth second to the eighth.
    assert!(segments[3]["faces"].as_u64().unwrap() >= 50, "{planned}");
    assert_eq!(segments[6]["faces"], 0);
    assert_eq!(planned["tasks"].as_array().unwrap().len(), 3);

    let arguments = ["plan", "--by-length", "--tasks", "2", "a.mkv", "c.mp4"];
    let told = depixelate(folder, &[&arguments[..], &FAST].concat());
    assert!(
        said(&told).contains(", 0 of them with faces"),
        "{}",
        said(&told)
    );

    // Not before all is made; what is missing is named.
    let early = depixelate(folder, &["join", "b.mp4"]);
    assert_eq!(status(&early), 2);
    assert!(
        said(&early).contains("0, 1, 2, 3, 4, 5, 6, 7"),
        "{}",
        said(&early)
    );

    // One is killed, two take the same task, one comes again.
    let mut killed = program(folder, &["segment", "b.mp4", "--task", "2"]);
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut both = ["1", "1", "2", "3"].map(|task| {
        let mut one = program(folder, &["segment", "b.mp4", "--task", task]);
        one.stdout(Stdio::null()).spawn().unwrap()
    });
    assert!(both.iter_mut().all(|one| one.wait().unwrap().success()));
    let again = depixelate(folder, &["segment", "b.mp4", "0", "7"]);
    assert!(said(&again).contains("made already"), "{}", said(&again));

    let joined = depixelate(folder, &["join", "b.mp4"]);
    assert!(joined.status.success(), "{}", said(&joined));
    assert_eq!(sums(&folder.join("b.mp4")), whole);
    let left = std::fs::read_dir(folder.join("b.mp4.depixelate")).unwrap();
    let left: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["joined.json"]);
    assert!(folder.join("b.mp4.depixelate.json").exists());
    // Whoever is asked the same finds it done.
    for late in [&["join", "b.mp4"][..], &["segment", "b.mp4", "--task", "2"]] {
        let told = depixelate(folder, late);
        assert!(told.status.success(), "{}", said(&told));
        assert!(said(&told).contains("joined already"), "{}", said(&told));
    }
    // What only has the name is no joined film.
    std::fs::copy(folder.join("a.mkv"), folder.join("d.mkv")).unwrap();
    assert_eq!(status(&depixelate(folder, &["join", "d.mkv"])), 2);
    // The same film can be planned again.
    let planned = plan(folder, "b.mp4", "3", &["--detail", "0.12"]);
    assert_eq!(planned["tasks"][0]["number"], 1);
    let told = depixelate(folder, &["segment", "b.mp4", "0"]);
    assert!(told.status.success(), "{}", said(&told));
}

#[test]
fn a_film_of_which_little_changes_is_shared_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film_with_mosaic(&folder.join("a.mkv"));
    let more = ["--smart"];
    let arguments = [&["a.mkv", "whole.mkv"], &FAST[..], &more].concat();
    let told = depixelate(folder, &arguments);
    assert!(told.status.success(), "{}", said(&told));
    let planned = plan(folder, "b.mkv", "2", &more);
    let copied = planned["segments"].as_array().unwrap().iter();
    assert!(
        copied.filter(|it| it["copied"] == true).count() > 0,
        "{planned}"
    );
    for task in ["2", "1"] {
        let told = depixelate(folder, &["segment", "b.mkv", "--task", task]);
        assert!(told.status.success(), "{}", said(&told));
    }
    let told = depixelate(folder, &["join", "b.mkv"]);
    assert!(told.status.success(), "{}", said(&told));
    assert_eq!(sums(&folder.join("b.mkv")), sums(&folder.join("whole.mkv")));
}

#[test]
fn other_work_than_was_planned_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film_with_mosaic(&folder.join("a.mkv"));
    let refused = |arguments: &[&str], expected: &[&str]| {
        let told = depixelate(folder, arguments);
        assert_eq!(status(&told), 2, "{}", said(&told));
        for part in expected {
            assert!(said(&told).contains(part), "{part}: {}", said(&told));
        }
    };
    refused(
        &["segment", "b.mkv", "0"],
        &["b.mkv.depixelate", "there is no plan"],
    );
    refused(&["plan", "a.mkv", "-"], &["standard input and output"]);
    refused(&["plan", "a.mkv", "b.mkv", "--dry-run"], &["--dry-run"]);
    let planned = plan(folder, "b.mkv", "20", &[]);
    assert!(planned["segments"][3]["faces"].as_u64().unwrap() > 0);
    refused(&["segment", "b.mkv", "99"], &["no segment 99", "has 8"]);
    refused(
        &["segment", "b.mkv", "--task", "21"],
        &["no task 21", "has 20"],
    );
    let idle = depixelate(folder, &["segment", "b.mkv", "--task", "20"]);
    assert!(
        said(&idle).contains("nothing left to do"),
        "{}",
        said(&idle)
    );

    // Another version of the program, another model.
    let job = folder.join("b.mkv.depixelate/job.json");
    let written = std::fs::read_to_string(&job).unwrap();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(written.contains(&version), "{written}");
    std::fs::write(&job, written.replace(&version, "\"version\": \"0.0.9\"")).unwrap();
    refused(
        &["segment", "b.mkv", "0"],
        &["version: 0.0.9 in the plan", env!("CARGO_PKG_VERSION")],
    );
    std::fs::write(&job, &written).unwrap();
    let model = written.split("\"model\": \"").nth(1).unwrap();
    let model = &model[..model.find('"').unwrap()];
    std::fs::write(&job, written.replace(model, "0123")).unwrap();
    refused(
        &["segment", "b.mkv", "0"],
        &["model: 0123 in the plan", model],
    );
    std::fs::write(&job, &written).unwrap();

    // A folder to work in that goes with whoever planned, as farms have it.
    let session = tempfile::tempdir().unwrap();
    let [input, output] = ["a.mkv", "c.mkv"].map(|name| folder.join(name));
    let [input, output] = [&input, &output].map(|path| path.to_str().unwrap());
    let told = depixelate(
        session.path(),
        &[&["plan", input, output], &FAST[..]].concat(),
    );
    assert!(told.status.success(), "{}", said(&told));
    drop(session);
    let told = depixelate(folder, &["segment", output, "0"]);
    assert!(told.status.success(), "{}", said(&told));

    // A disk that is elsewhere on another machine.
    let other = tempfile::tempdir().unwrap();
    let at = ["--directory", folder.to_str().unwrap()];
    let told = depixelate(
        other.path(),
        &[&["segment", "b.mkv", "1"][..], &at].concat(),
    );
    assert!(told.status.success(), "{}", said(&told));

    // Another film of the same name.
    let input = planned["told"]["arguments"][0].as_str().unwrap();
    assert_eq!(input, "a.mkv");
    crate::parts::film(&folder.join("a.mkv"));
    refused(
        &["segment", "b.mkv", "0"],
        &["input: ", " in the plan, ", " here"],
    );
    refused(&["join", "b.mkv"], &["input: "]);
    std::fs::remove_file(folder.join("a.mkv")).unwrap();
    let gone = depixelate(folder, &["segment", "b.mkv", "0"]);
    assert_eq!(status(&gone), 3, "{}", said(&gone));
    refused(
        &["segment", "b.mkv", "0", "--directory", "nowhere"],
        &["nowhere/b.mkv.depixelate", "no plan"],
    );
}
