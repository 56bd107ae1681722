//! Sheets, pages and films of a restoration.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gstdepixelate::app::{
    AppError, Encoding, FaceBox, Film, Filters, NOTICE, Outcome, RestoreOptions, Transcode,
    restorer,
};
use gstdepixelate::frame::Rect;
use gstdepixelate::report::{
    Comparison, Finished, Found, Halves, sheet_of_finished, sheet_of_found, write_page,
};

use crate::film::{GO_ON, STEP, face, number_of, numbered, open, rising};
use crate::media::{clip, input, launch, survey};

const PATIENCE: Duration = Duration::from_secs(20);

fn place(frame: u64, side: u32) -> FaceBox {
    FaceBox {
        frame,
        x: 40,
        y: 20,
        width: side,
        height: side,
    }
}

/// The opposite of [`rising`].
fn falling(number: u8) -> u8 {
    255 - rising(number)
}

/// Restore a rectangle of a film in all its frames.
fn restored(from: &Path, output: &Path) -> Outcome {
    let options = RestoreOptions {
        regions: vec![Rect::new(100, 60, 96, 96)],
        ..RestoreOptions::default()
    };
    let filters = Filters::new(|| restorer(&options));
    let job = Transcode::new(input(from), output, &filters, NOTICE);
    job.run(&GO_ON, &mut |_| {}).unwrap()
}

#[test]
fn a_sheet_shows_each_face_where_it_is_largest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    numbered(
        &path,
        "x264enc pass=qual quantizer=4 key-int-max=6 ! matroskamux",
        rising,
    );
    let mut film = open(&path).unwrap();
    let faces = [
        vec![place(5, 20), place(23, 40), place(26, 30)],
        vec![place(9, 20)],
        Vec::new(),
    ];
    let faces = faces.map(|boxes| face(5, 28, boxes));
    let found = [0, 1, 2].map(|number| Found {
        face: &faces[number],
        restored: number == 0,
    });
    let sheet = sheet_of_found(&mut film, &found).unwrap();
    // The middles of the first two pictures.
    let level = |column: u32| sheet.get_pixel(8 + column * 208 + 100, 32 + 100).0[0];
    assert_eq!([0, 1].map(|column| number_of(level(column))), [23, 9]);
    let many = vec![found[1]; 203];
    let larger = sheet_of_found(&mut film, &many).unwrap();
    assert!(larger.height() < 35 * 300, "{}", larger.height());

    let after = folder.path().join("b.mp4");
    numbered(
        &after,
        "x264enc pass=qual quantizer=4 key-int-max=6 ! mp4mux",
        falling,
    );
    let sheet = sheet_of_finished(&mut film, &mut open(&after).unwrap(), &faces[..1]).unwrap();
    let level = |column: u32| sheet.get_pixel(8 + column * 208 + 100, 32 + 100).0[0];
    let numbers = [number_of(level(0)), number_of(falling(0) - level(1) + 3)];
    assert_eq!(numbers, [23, 23]);
}

#[test]
fn of_half_a_film_a_sheet_is_made_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    numbered(
        &path("a.mkv"),
        "x264enc pass=qual quantizer=4 key-int-max=6 ! matroskamux",
        rising,
    );
    let data = std::fs::read(path("a.mkv")).unwrap();
    std::fs::write(path("b.mkv"), &data[..data.len() / 2]).unwrap();
    let faces = [3, 28].map(|frame| face(frame, frame, vec![place(frame, 40)]));
    let found = faces.each_ref().map(|face| Found {
        face,
        restored: false,
    });
    let sheet = sheet_of_found(&mut open(&path("b.mkv")).unwrap(), &found).unwrap();
    let level = |column: u32| sheet.get_pixel(8 + column * 208 + 100, 32 + 20).0[0];
    assert_eq!(number_of(level(0)), 3);
    assert_eq!(level(1), 24, "a picture that is not there");
}

/// A restored clip and its page.
fn page_of(folder: &Path, name: &str) -> (PathBuf, String) {
    let path = |name: &str| folder.join(name);
    clip(&path("a.mkv"), "opusenc", (320, 240));
    let outcome = restored(&path("a.mkv"), &path("b.mp4"));
    let open = |name: &str, track| Film::open(input(&path(name)), track, PATIENCE, &GO_ON).unwrap();
    let finished = Finished {
        input: name,
        output: "b.mp4",
        frames: outcome.frames,
        length: Duration::from_millis(800),
        faces: &outcome.faces,
        settings: &[("detail".to_owned(), "1".to_owned())],
        verification: &["20 frames in, 20 frames out".to_owned()],
        warnings: &[],
    };
    let page = path("page.html");
    write_page(
        &finished,
        &mut open("a.mkv", None),
        &mut open("b.mp4", Some(1)),
        &page,
    )
    .unwrap();
    let text = std::fs::read_to_string(&page).unwrap();
    (page, text)
}

#[test]
fn a_page_has_all_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = page_of(folder.path(), "<img src=x onerror=alert(1)>\".mkv");
    let pictures: Vec<_> = text
        .split("data:image/jpeg;base64,")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .map(|data| STANDARD.decode(data).unwrap())
        .map(|data| {
            let picture = image::load_from_memory_with_format(&data, image::ImageFormat::Jpeg);
            picture.unwrap().into_rgb8()
        })
        .collect();
    let [before, after] = &pictures[..] else {
        panic!("{} pictures", pictures.len());
    };
    assert_eq!(before.dimensions(), (144, 144));
    assert_eq!(after.dimensions(), before.dimensions());
    let pairs = before.as_raw().iter().zip(after.as_raw());
    let difference: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(
        difference > 2 * 144 * 144,
        "nothing was changed: {difference}"
    );
    for wrong in [
        "http:",
        "https:",
        "src=\"//",
        "url(",
        "@import",
        "<img src=x",
        "<link",
    ] {
        assert!(!text.contains(wrong), "{wrong}");
    }
    for right in [
        NOTICE,
        "&lt;img src=x onerror=alert(1)&gt;&quot;.mkv",
        "00:00:00.000 to 00:00:00.760, frames 0 to 19",
        "96 × 96 pixels",
        "href=\"#face-1\"",
        "id=\"face-1\"",
        "type=\"range\"",
        "20 frames in, 20 frames out",
        "prefers-color-scheme: dark",
    ] {
        assert!(text.contains(right), "{right}");
    }
}

/// What a browser makes of the page, where there is one: on Debian it is in the package chromium.
#[test]
fn a_browser_shows_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let (page, text) = page_of(folder.path(), "a.mkv");
    let script = "<script>addEventListener('load', () => { \
        const [before, after] = document.images; \
        const slider = document.querySelector('input'); \
        slider.value = 80; slider.dispatchEvent(new Event('input')); \
        document.title = [before.naturalWidth, after.naturalWidth, slider.offsetWidth > 99, \
            before.getBoundingClientRect().left == after.getBoundingClientRect().left, \
            getComputedStyle(after.parentElement).clipPath, slider.ariaValueText].join('|'); })</script>";
    std::fs::write(&page, text.replace("</body>", &format!("{script}</body>"))).unwrap();
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
    browser.arg(format!(
        "--user-data-dir={}",
        folder.path().join("profile").display()
    ));
    let Ok(output) = browser.arg(format!("file://{}", page.display())).output() else {
        eprintln!("no browser: install chromium to have this looked at");
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    let title = shown
        .split("<title>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let expected = "144|144|true|true|inset(0px 0px 0px 20%)|80 % invented";
    assert_eq!(title, Some(expected), "{shown:.2000}");
}

/// The level of grey at two places of each frame of a film, and when it is shown.
fn levels(path: &Path, places: [(u32, u32); 2]) -> Vec<(u64, [u8; 2])> {
    let (mut film, mut levels) = (open(path).unwrap(), Vec::new());
    while let Some(frame) = film.next_frame().unwrap() {
        let level = |(x, y)| frame.picture.get_pixel(x, y).0[0];
        levels.push((frame.time, places.map(level)));
    }
    levels
}

#[test]
fn both_halves_are_of_the_frames_of_one_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    numbered(
        &path("a.ts"),
        "x264enc pass=qual quantizer=4 key-int-max=6 ! mpegtsmux",
        rising,
    );
    numbered(
        &path("b.mkv"),
        "x264enc pass=qual quantizer=4 ! matroskamux",
        falling,
    );
    let fine = Encoding {
        crf: Some(1),
        ..Encoding::default()
    };
    for (halves, target, width, right) in [
        (Halves::SideBySide, "c.mp4", 322, 300),
        (Halves::Split, "d.mkv", 160, 120),
    ] {
        let mut counts = Vec::new();
        let comparison = Comparison {
            before: &mut open(&path("a.ts")).unwrap(),
            after: &mut open(&path("b.mkv")).unwrap(),
            target: &path(target),
            halves,
            encoding: &fine,
            patience: PATIENCE,
        };
        comparison
            .run(&GO_ON, &mut |count| counts.push(count))
            .unwrap();
        assert_eq!(counts.last(), Some(&30));
        let seen = levels(&path(target), [(40, 60), (right, 60)]);
        assert_eq!(seen.len(), 30);
        for (number, (time, [left, right])) in (0u8..).zip(seen) {
            let due = seen_first(&path("a.ts")) + u64::from(number) * STEP;
            assert!(
                time.abs_diff(due) < 2_000_000,
                "{target} {number}: {time} {due}"
            );
            let numbers = [number_of(left), number_of(falling(0) - right + 3)];
            assert_eq!(numbers, [number; 2], "{target}");
        }
        let made = survey(&path(target));
        assert_eq!(made.streams[0].size(), Some((width, 120)));
        let comment = made.tags.get::<gst::tags::Comment>().unwrap();
        assert_eq!(comment.get(), NOTICE);
    }
}

/// When the first frame of a film is shown.
fn seen_first(path: &Path) -> u64 {
    open(path).unwrap().next_frame().unwrap().unwrap().time
}

#[test]
fn a_comparison_that_cannot_be_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    launch(&format!(
        "videotestsrc num-buffers=20 ! video/x-raw,width=64,height=48 ! jpegenc ! avimux \
         ! filesink location={}",
        path("b.avi").display()
    ));
    let run = |target: &str, cancel: &AtomicBool| {
        let comparison = Comparison {
            before: &mut open(&path("a.mkv")).unwrap(),
            after: &mut open(&path("b.avi")).unwrap(),
            target: &path(target),
            halves: Halves::Split,
            encoding: &Encoding::default(),
            patience: PATIENCE,
        };
        comparison.run(cancel, &mut |_| {})
    };
    let error = run("a.mkv", &GO_ON).unwrap_err();
    assert!(matches!(error, AppError::SameFile { .. }), "{error}");
    let error = run("c.txt", &GO_ON).unwrap_err();
    assert!(matches!(error, AppError::Container { .. }), "{error}");
    let cancel = AtomicBool::new(false);
    cancel.store(true, Ordering::Relaxed);
    let error = run("c.mkv", &cancel).unwrap_err();
    assert!(matches!(error, AppError::Cancelled), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    run("c.mkv", &GO_ON).unwrap();
}
