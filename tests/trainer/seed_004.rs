//! The page of generators and restorers of blurred faces, made by its script with tiny recipes.

use std::path::Path;
use std::process::Command;

use crate::helpers::face;

/// What is smaller than in the small recipes.
const TINY: [(&str, &str); 5] = [
    (
        "dcgan",
        "[network]\nwidth = 4\n[train]\nsteps = 2\nbatch = 4\n",
    ),
    ("stylegan2", "[train]\nsteps = 2\nbatch = 4\n"),
    ("gpen-prior", "[train]\nsteps = 2\nbatch = 4\n"),
    ("gpen", "[train]\nsteps = 2\nwarmup_steps = 1\nbatch = 2\n"),
    (
        "realesrgan",
        "[train]\nbatch = 2\n[psnr]\nsteps = 1\n[gan]\nsteps = 1\n",
    ),
];

/// Recipes that extend the small ones.
fn recipes(folder: &Path) {
    for (name, tiny) in TINY {
        let small = format!("{}/recipes/{name}-small.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(small, folder.join(format!("{name}-base.toml"))).unwrap();
        let text = format!("extends = \"{name}-base.toml\"\n{tiny}");
        std::fs::write(folder.join(format!("{name}-small.toml")), text).unwrap();
    }
}

#[test]
fn the_script_writes_a_page_with_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["recipes", "faces"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    recipes(&path("recipes"));
    for number in 0..24 {
        let name = format!("faces/{number:02}.png");
        face(number, 96).save(path(&name)).unwrap();
    }
    let mut script = Command::new("python3");
    script
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("scripts/seed_004.py")
        .arg(env!("CARGO_BIN_EXE_depixelate-train"))
        .args([path("faces"), path("out")])
        .args(["--limit", "1", "--recipes"])
        .arg(path("recipes"));
    let done = script.output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    let page = std::fs::read_to_string(path("out/index.html")).unwrap();
    for part in [
        "dcgan/samples.png",
        "dcgan/neighbours.png",
        "stylegan2/film.png",
        "blur/blur.svg",
        "rounds-1.0/rounds.png",
        "rounds-1.1/rounds-film.png",
    ] {
        assert!(
            path("out").join(part).is_file() && page.contains(part),
            "{part}"
        );
    }
    for part in [
        "uqi",
        "ssim_gauss",
        "psnr",
        "bicubic sharpening",
        "none proves anybody",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
