use std::fs::File;

use super::*;

fn open(path: &Path) -> anyhow::Result<Dataset> {
    Dataset::open(path, &ProgressBar::hidden())
}

fn picture(path: &Path, side: u32) {
    RgbImage::from_pixel(side, side, image::Rgb([side as u8, 2, 3]))
        .save(path)
        .unwrap();
}

#[test]
fn a_folder_with_good_and_bad_pictures() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    picture(&folder.path().join("inner/b.png"), 20);
    picture(&folder.path().join("a.jpg"), 30);
    picture(&folder.path().join("tiny.png"), 1);
    std::fs::write(folder.path().join("broken.jpeg"), b"no picture").unwrap();
    std::fs::write(folder.path().join("notes.txt"), b"not even named one").unwrap();
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.len(), 2);
    assert_eq!(dataset.picture(0).unwrap().width(), 30);
    assert_eq!(dataset.unreadable.len(), 2);
    assert!(dataset.unreadable[0].contains("broken.jpeg"));
    assert!(dataset.unreadable[1].contains("tiny.png: 1×1"));
}

#[test]
fn a_tar_file_is_read_in_place() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder.path().join("a.png"), 40);
    let path = folder.path().join("faces.tar");
    let mut builder = tar::Builder::new(File::create(&path).unwrap());
    let file = folder.path().join("a.png");
    builder.append_path_with_name(&file, "z.png").unwrap();
    builder.append_path_with_name(&file, "y.png").unwrap();
    builder.into_inner().unwrap();
    let dataset = open(&path).unwrap();
    assert_eq!(dataset.len(), 2);
    assert_eq!(dataset.name(0), "y.png");
    assert_eq!(dataset.picture(1).unwrap().get_pixel(3, 3).0, [40, 2, 3]);
}

#[test]
fn a_list_names_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    picture(&folder.path().join("a/one.png"), 20);
    let list = folder.path().join("faces.txt");
    std::fs::write(&list, "# faces\n\n a/one.png \nmissing.png\n").unwrap();
    let dataset = open(&list).unwrap();
    assert_eq!(dataset.names().collect::<Vec<_>>(), ["a/one.png"]);
    assert_eq!(dataset.unreadable.len(), 1);
    assert!(dataset.unreadable[0].contains("missing.png"));
}

#[test]
fn strange_pictures_are_read_or_named() {
    use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgba};
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, picture: DynamicImage| picture.save(folder.path().join(name)).unwrap();
    let deep = ImageBuffer::from_pixel(20, 20, Rgba([65535u16, 0, 32768, 100]));
    save("deep.png", DynamicImage::ImageRgba16(deep));
    save(
        "grey.png",
        ImageBuffer::from_pixel(20, 20, Luma([7u8])).into(),
    );
    save(
        "alpha.webp",
        ImageBuffer::from_pixel(20, 20, LumaA([7u8, 0])).into(),
    );
    picture(&folder.path().join("whole.png"), 40);
    let whole = std::fs::read(folder.path().join("whole.png")).unwrap();
    std::fs::write(folder.path().join("cut.png"), &whole[..whole.len() / 2]).unwrap();
    // Of another kind than its name says.
    std::fs::write(folder.path().join("mislabelled.jpg"), &whole).unwrap();
    // A header that promises 60,000 × 60,000 pixels.
    let mut huge = whole.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    std::fs::write(folder.path().join("huge.png"), huge).unwrap();
    let dataset = open(folder.path()).unwrap();
    let read: Vec<&str> = dataset
        .names()
        .filter_map(|n| n.rsplit('/').next())
        .collect();
    assert_eq!(
        read,
        [
            "alpha.webp",
            "deep.png",
            "grey.png",
            "mislabelled.jpg",
            "whole.png"
        ]
    );
    assert_eq!(dataset.unreadable.len(), 2, "{:?}", dataset.unreadable);
    assert_eq!(dataset.picture(1).unwrap().get_pixel(0, 0).0, [255, 0, 128]);
}

#[test]
fn small_pictures_are_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for (name, width, height) in [("a", 40, 90), ("b", 60, 60), ("c", 90, 59)] {
        let picture = RgbImage::new(width, height);
        picture
            .save(folder.path().join(format!("{name}.png")))
            .unwrap();
    }
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.smaller_than(60), 2);
    let dataset = dataset.without_smaller(60);
    let names: Vec<&str> = dataset
        .names()
        .map(|name| &name[name.len() - 5..])
        .collect();
    assert_eq!(names, ["b.png"]);
}

#[test]
fn nothing_to_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no readable picture"), "{error}");
    assert!(open(&folder.path().join("missing")).is_err());
    let garbage = folder.path().join("garbage.tar");
    std::fs::write(&garbage, vec![7; 5000]).unwrap();
    assert!(open(&garbage).is_err());
}

#[test]
fn celeba_says_itself_what_its_pictures_are_for() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("img_align_celeba");
    std::fs::create_dir(&pictures).unwrap();
    for i in [1, 2, 3, 4, 6] {
        picture(&pictures.join(format!("00000{i}.jpg")), 20);
    }
    // Of another set, and no part of this one.
    std::fs::create_dir(folder.path().join("img_celeba")).unwrap();
    picture(&folder.path().join("img_celeba/000001.jpg"), 20);
    let list = (1..=5).map(|i| format!("00000{i}.jpg {}\n", [0, 0, 1, 2, 0][i - 1]));
    let list: String = list.collect();
    std::fs::write(folder.path().join("list_eval_partition.txt"), list).unwrap();

    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.len(), 4);
    let told = dataset.unreadable.join("\n");
    assert_eq!(dataset.unreadable.len(), 2, "{told}");
    for part in [
        "000005: list_eval_partition.txt names it, but it is missing",
        "000006.jpg: list_eval_partition.txt does not name it",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let named = |dataset: &Dataset| -> Vec<String> {
        dataset
            .names()
            .map(|name| name[name.len() - 5..].to_owned())
            .collect()
    };
    // The rule would hold the last one out.
    let (training, held_out) = open(folder.path()).unwrap().split(&HeldOut::default());
    assert_eq!(named(&training), ["1.jpg", "2.jpg"]);
    assert_eq!(named(&held_out), ["3.jpg"]);
    assert_eq!(named(&dataset.unseen(&HeldOut::default())), ["4.jpg"]);
}
