//! Files in, files out, with an element that does nothing in place of the restorer.

use std::sync::atomic::AtomicBool;

use gstdepixelate::app::{self, AppError, Filters, NOTICE, Transcode};

use crate::media::{clip, input, launch, names, survey, transcode};

#[test]
fn audio_is_taken_along_and_the_file_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        // (input, its audio, output, its audio, where the input's codec fits the container)
        ("a.mp4", "avenc_aac", "b.mp4", "audio/mpeg"),
        ("c.mp4", "avenc_aac", "d.mkv", "audio/mpeg"),
        ("e.mkv", "opusenc", "f.mkv", "audio/x-opus"),
        // Vorbis cannot be put into MP4, nor can bare samples.
        ("g.mkv", "audioconvert ! vorbisenc", "h.mp4", "audio/mpeg"),
        ("i.avi", "identity", "j.mkv", "audio/x-raw"),
        ("k.avi", "identity", "l.mp4", "audio/mpeg"),
    ];
    for (input, audio, output, expected) in cases {
        let (input, output) = (folder.path().join(input), folder.path().join(output));
        clip(&input, audio, (64, 48));
        assert_eq!(transcode(&input, &output).unwrap(), 20);
        let made = survey(&output);
        assert_eq!(
            names(&made),
            ["video/x-h264", expected],
            "{}",
            output.display()
        );
        let comment = made.tags.get::<gst::tags::Comment>();
        let comment = comment.map(|comment| comment.get().to_owned());
        assert_eq!(comment.as_deref(), Some(NOTICE), "{}", output.display());
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2 * cases.len(), "temporary files stayed");
}

#[test]
fn odd_sizes_are_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("a.mkv"), folder.path().join("b.mp4"));
    clip(&input, "opusenc", (65, 47));
    assert_eq!(transcode(&input, &output).unwrap(), 20);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    let output = in_folder("out.mp4");
    let error = transcode(&in_folder("none.mp4"), &output).unwrap_err();
    assert!(matches!(error, AppError::NoInput { .. }), "{error}");

    std::fs::write(
        in_folder("text.mp4"),
        "no video in here, only words\n".repeat(50),
    )
    .unwrap();
    let error = transcode(&in_folder("text.mp4"), &output).unwrap_err();
    assert!(error.to_string().contains("text.mp4"), "{error}");

    std::fs::write(in_folder("empty.mp4"), "").unwrap();
    let error = transcode(&in_folder("empty.mp4"), &output).unwrap_err();
    assert!(matches!(error, AppError::Input { .. }), "{error}");

    let sound = in_folder("sound.wav");
    launch(&format!(
        "audiotestsrc num-buffers=20 ! wavenc ! filesink location={}",
        sound.display()
    ));
    let error = transcode(&sound, &output).unwrap_err();
    assert!(matches!(error, AppError::NoVideo { .. }), "{error}");

    let error = transcode(&sound, &in_folder("out.txt")).unwrap_err();
    assert!(matches!(error, AppError::Container { .. }), "{error}");
    let error = transcode(&sound, &sound).unwrap_err();
    assert!(matches!(error, AppError::SameFile { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_stop_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (from, output) = (folder.path().join("a.mp4"), folder.path().join("b.mp4"));
    clip(&from, "avenc_aac", (64, 48));
    app::init().unwrap();
    let filters = Filters::new(|| Ok(gst::ElementFactory::make("identity").build().unwrap()));
    let job = Transcode::new(input(&from), &output, &filters, NOTICE);
    let error = job.run(&AtomicBool::new(true), &mut |_| {}).unwrap_err();
    assert!(matches!(error, AppError::Cancelled), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
