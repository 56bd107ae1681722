//! Trainings on pictures of two kinds that the user has.

use super::restorers::{tiny_pix2pix, tiny_pixelcyclegan, tiny_scgan};
use super::*;
use gstdepixelate::train::run::log;
use gstdepixelate::train::run::report;
use gstdepixelate::train::systems::pix2pix::{Direction, OwnPairs};

/// Pictures of 32 × 40 pixels in one colour each, from `level` on.
fn flat_pictures(folder: &Path, level: u8) -> PathBuf {
    std::fs::create_dir(folder).unwrap();
    for i in 0..8 {
        let picture = RgbImage::from_pixel(32, 40, Rgb([level + 4 * i, level, 90]));
        picture.save(folder.join(format!("{i}.png"))).unwrap();
    }
    folder.to_owned()
}

fn report_of(run: &Path) -> String {
    let page = run.join("report.html");
    report::write(run, &page).unwrap();
    std::fs::read_to_string(page).unwrap()
}

/// The run in `out` is measured without a truth, and both kinds are held out and noted.
fn check_unpaired(out: &Path) {
    let lines = log::read(&log::file(out)).unwrap();
    assert!(lines.iter().all(|line| line.held_out.is_none()));
    let last = lines
        .iter()
        .rev()
        .find(|line| !line.measures.is_empty())
        .unwrap();
    let names: Vec<&String> = last.measures.keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].starts_with("sliced Wasserstein distance to the other kind"),
        "{names:?}"
    );
    let page = report_of(out);
    assert!(!page.contains("By block size") && !page.contains("truth") && !page.contains("PSNR"));
    let data = std::fs::read_to_string(out.join("data.txt")).unwrap();
    assert!(
        data.starts_with("24 pictures, ") && data.contains("\n8 pictures, "),
        "{data}"
    );
    let held_out = std::fs::read_to_string(out.join("held-out.txt")).unwrap();
    let held_out: Vec<&str> = held_out.lines().collect();
    assert!(held_out[0].ends_with("faces/019.png"), "{held_out:?}");
    assert!(held_out[1].ends_with("own/7.png"), "{held_out:?}");
}

#[test]
fn scgan_takes_worn_faces_as_they_are() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let mut recipe = tiny_scgan();
    recipe.worn = Some(flat_pictures(&folder.join("own"), 20));
    let out = folder.join("scgan");
    check_resumed(&out, "scgan", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    check_unpaired(&out.join("whole"));
    check_played(&out.join("whole/scgan.onnx"), 16, 4);
    let strip = image::open(out.join("whole/scgan-0000004.png")).unwrap();
    // One held-out picture of either kind: seen and restored.
    assert_eq!((strip.width(), strip.height()), (64, 128));

    recipe.worn = Some(folder.join("nothing"));
    let error = train(&recipe, &faces, &options(&folder.join("other"))).unwrap_err();
    assert!(format!("{error:#}").contains("nothing"), "{error:#}");
}

#[test]
fn pixelcyclegan_takes_drawings_as_they_are() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let mut recipe = tiny_pixelcyclegan();
    recipe.drawn = Some(flat_pictures(&folder.join("own"), 120));
    let out = folder.join("pixelcyclegan");
    check_resumed(&out, "pixelcyclegan", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    check_unpaired(&out.join("whole"));
    check_played(&out.join("whole/pixelcyclegan-art.onnx"), 64, 1);
}

#[test]
fn pix2pix_takes_pairs_side_by_side_or_from_two_folders() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = flat_pictures(&folder.join("in"), 20);
    let targets = flat_pictures(&folder.join("out"), 150);
    let both = folder.join("both");
    std::fs::create_dir(&both).unwrap();
    for i in 0..8 {
        let [left, right] = [&targets, &inputs].map(|folder| {
            image::open(folder.join(format!("{i}.png")))
                .unwrap()
                .into_rgb8()
        });
        let pair = RgbImage::from_fn(64, 40, |x, y| match x < 32 {
            true => *left.get_pixel(x, y),
            false => *right.get_pixel(x - 32, y),
        });
        pair.save(both.join(format!("{i}.png"))).unwrap();
    }
    let mut recipe = tiny_pix2pix();
    recipe.own_pairs = Some(OwnPairs::Inputs(inputs.clone()));
    let from_two = folder.join("from-two");
    check_resumed(&from_two, "pix2pix", |options| {
        train(&recipe, &targets, options).unwrap()
    });
    check_played(&from_two.join("whole/pix2pix.onnx"), 64, 1);
    let page = report_of(&from_two.join("whole"));
    assert!(page.contains("PSNR") && page.contains("truth"));
    assert!(!page.contains("By block size") && !page.contains("inside the mask"));

    // In the other order the pairs are the same.
    recipe.own_pairs = Some(OwnPairs::SideBySide(Direction::BToA));
    let side_by_side = folder.join("side-by-side");
    train(&recipe, &both, &options(&side_by_side)).unwrap();
    let saved = |out: &Path| checkpoint::load(&out.join("pix2pix.safetensors")).unwrap();
    let (a, b) = (saved(&from_two.join("whole")), saved(&side_by_side));
    for (key, tensor) in &a {
        let difference = (tensor - &b[key]).abs().max().double_value(&[]);
        assert!(difference < 1e-6, "{key}: {difference}");
    }

    std::fs::rename(inputs.join("3.png"), inputs.join("three.png")).unwrap();
    recipe.own_pairs = Some(OwnPairs::Inputs(inputs));
    let error = train(&recipe, &targets, &options(&folder.join("other"))).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("(three)") && error.contains("(3)"),
        "{error}"
    );
}
