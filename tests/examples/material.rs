//! Films and frames to work on, and what programs need to be run.

use image::RgbImage;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use tempfile::TempDir;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where Cargo puts programs, examples and plugin.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let this = std::env::current_exe().unwrap();
    let folder = this.ancestors().nth(2).unwrap();
    // `cargo test --test examples` alone builds no examples.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--lib", "--bins", "--examples"]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let target = folder.parent().unwrap();
    run(cargo.current_dir(ROOT).env("CARGO_TARGET_DIR", target));
    folder.to_owned()
});

/// Where the plugin lies, as a library to link to.
pub fn library_folder() -> &'static Path {
    &BUILT
}

/// The example `name`, made of Rust.
pub fn example(name: &str) -> Command {
    Command::new(BUILT.join("examples").join(name))
}

/// A folder to work in: the plugin alone in `plugins`, a film with a mosaic over a face, `talk.mp4`.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let plugins = place.path("plugins");
        std::fs::create_dir(&plugins).unwrap();
        let plugin = BUILT.join("libgstdepixelate.so");
        std::os::unix::fs::symlink(plugin, plugins.join("libgstdepixelate.so")).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that finds the plugin, as with `GST_PLUGIN_PATH=target/release`, works in this
    /// folder, and finds `depixelate`.
    pub fn with_plugin(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", BUILT.display()))
            .env("GST_PLUGIN_PATH", self.path("plugins"))
            .env("GST_PRESET_PATH", format!("{ROOT}/presets"))
            .current_dir(self.folder.path());
        command
    }

    /// `name` becomes a second of film, with sound, in which a face is pixelated.
    pub fn film(&self, name: &str) -> PathBuf {
        std::fs::write(self.path(name), &*FILM).unwrap();
        self.path(name)
    }
}

/// The film of [`Place::film`], made once.
static FILM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let place = Place::new();
    mosaic().save(place.path("mosaic.png")).unwrap();
    let line = "-q filesrc location=mosaic.png ! pngdec ! imagefreeze num-buffers=25 \
                ! video/x-raw,framerate=25/1 ! videoconvert ! video/x-raw,format=I420 ! x264enc \
                ! mp4mux name=mux ! filesink location=film.mp4 \
                audiotestsrc num-buffers=43 ! audioconvert ! avenc_aac ! mux.";
    let mut launch = place.with_plugin("gst-launch-1.0");
    run(launch.args(line.split_whitespace()));
    std::fs::read(place.path("film.mp4")).unwrap()
});

/// Run a program; it succeeds, and what it said comes back.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = said(&output);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// Run a program; it fails, by its own decision, and what it said comes back.
#[track_caller]
pub fn fail(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = said(&output);
    assert!(
        output.status.code().is_some_and(|code| code != 0),
        "{command:?}: {said}"
    );
    said
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// A Python with GObject and NumPy: that of the system, which is not always the first in the path.
pub fn python() -> &'static str {
    static PYTHON: LazyLock<&str> = LazyLock::new(|| {
        let has_all = |python: &&str| {
            let import = Command::new(python)
                .args(["-c", "import gi, numpy"])
                .output();
            import.is_ok_and(|output| output.status.success())
        };
        ["python3", "/usr/bin/python3"]
            .into_iter()
            .find(has_all)
            .expect("no Python has gi and numpy: scripts/setup.py test installs them")
    });
    *PYTHON
}

/// A photograph with a mosaic over its face: the left half of the picture in the README.
pub fn mosaic() -> RgbImage {
    let both = image::open(format!("{ROOT}/docs/images/before-after.png")).unwrap();
    both.crop_imm(0, 0, 640, 360).into_rgb8()
}

/// Where the mosaic is in it: left, top, width, height.
pub const FACE: [u32; 4] = [196, 60, 184, 168];

/// The face of `after` is another one than that of `before`, and all around is as it was.
#[track_caller]
pub fn assert_restored(before: &RgbImage, after: &RgbImage) {
    assert_eq!(before.dimensions(), after.dimensions());
    let [left, top, width, height] = FACE;
    let is_inside =
        |x: u32, y: u32| (left..left + width).contains(&x) && (top..top + height).contains(&y);
    let (mut inside, mut outside) = (0, 0);
    for (x, y, pixel) in before.enumerate_pixels() {
        let differs = pixel != after.get_pixel(x, y);
        *if is_inside(x, y) {
            &mut inside
        } else {
            &mut outside
        } += u32::from(differs);
    }
    assert_eq!(outside, 0, "pixels around the face changed");
    assert!(
        2 * inside > width * height,
        "{inside} pixels of the face changed"
    );
}

/// The last bytes of a file of pixels without compression.
pub fn pixels_at_the_end(path: &Path, like: &RgbImage) -> RgbImage {
    let bytes = std::fs::read(path).unwrap();
    let pixels = bytes[bytes.len() - like.as_raw().len()..].to_vec();
    RgbImage::from_raw(like.width(), like.height(), pixels).unwrap()
}
