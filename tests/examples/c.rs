//! Programs in C: with a pipeline, and by `include/depixelate.h`.

use crate::material::*;
use std::path::PathBuf;
use std::process::Command;

/// An example in C, compiled.
struct Program {
    place: Place,
    file: PathBuf,
}

impl Program {
    fn compile(name: &str, flags: &[&str]) -> Self {
        let place = Place::new();
        let mut cc = place.with_plugin("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-o", name]);
        run(cc.arg(format!("{ROOT}/examples/{name}.c")).args(flags));
        let file = place.path(name);
        Self { place, file }
    }

    /// It, on `mosaic.ppm`.
    fn command(&self) -> Command {
        let mut command = self.place.with_plugin(self.file.to_str().unwrap());
        command.args(["mosaic.ppm", "guess.ppm"]);
        command
    }

    /// What is true of both.
    fn check(&self) {
        let from = self.place.path("mosaic.ppm");
        let mut ppm = b"P6\n640 360\n255\n".to_vec();
        ppm.extend(mosaic().as_raw());
        std::fs::write(&from, &ppm).unwrap();
        let said = run(&mut self.command());
        assert!(said.contains("is a guess"), "{said}");
        let guess = self.place.path("guess.ppm");
        assert_restored(&mosaic(), &pixels_at_the_end(&guess, &mosaic()));

        ppm.truncate(1000);
        std::fs::write(self.place.path("mosaic.ppm"), &ppm).unwrap();
        let said = fail(&mut self.command());
        assert!(said.contains("mosaic.ppm is no binary PPM"), "{said}");
        std::fs::write(&from, b"P6\n1 1\n255\nabc").unwrap();
    }
}

#[test]
fn a_frame_in_a_pipeline() {
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.args([
        "--cflags",
        "--libs",
        "gstreamer-app-1.0",
        "gstreamer-video-1.0",
    ]);
    let flags = run(&mut pkg_config);
    let flags: Vec<_> = flags.split_whitespace().collect();
    let program = Program::compile("restore_frame", &flags);
    program.check();
    let said = fail(program.command().env("GST_PLUGIN_PATH", "/nowhere"));
    assert!(
        said.contains("does GST_PLUGIN_PATH name the folder"),
        "{said}"
    );
}

#[test]
fn a_picture_by_the_header() {
    let folder = library_folder().display();
    let flags = [
        format!("-I{ROOT}/include"),
        format!("-L{folder}"),
        "-lgstdepixelate".to_owned(),
        format!("-Wl,-rpath,{folder}"),
    ];
    let program = Program::compile("restore_picture", &flags.each_ref().map(String::as_str));
    program.check();
    let said = fail(&mut program.command());
    assert!(said.contains("no pixelated face was found"), "{said}");
    let said = fail(program.command().env("ORT_DYLIB_PATH", "/nowhere"));
    assert!(said.contains("ONNX Runtime"), "{said}");

    // As a package has it: beside the plugin's library, wherever the program is.
    let lib = program.place.path("lib");
    std::fs::create_dir(&lib).unwrap();
    let (plugin, runtime) = ("libgstdepixelate.so", "libonnxruntime.so");
    std::fs::copy(library_folder().join(plugin), lib.join(plugin)).unwrap();
    std::os::unix::fs::symlink(
        std::env::var_os("ORT_DYLIB_PATH").unwrap(),
        lib.join(runtime),
    )
    .unwrap();
    let mut command = program.command();
    command
        .env_remove("ORT_DYLIB_PATH")
        .env("LD_LIBRARY_PATH", &lib);
    let said = fail(&mut command);
    assert!(said.contains("no pixelated face was found"), "{said}");
}

/// The header is written by a program that tests do without. A function that is missing there, or
/// takes another number of things, is found here.
#[test]
fn the_header_has_the_functions() {
    let read = |name: &str| std::fs::read_to_string(format!("{ROOT}/{name}")).unwrap();
    let (rust, c) = (read("src/capi.rs"), read("include/depixelate.h"));
    let functions = |text: &str, end: &str| -> Vec<(String, usize)> {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join(" ");
        let code = code.split("#[cfg(test)]").next().unwrap().to_owned();
        let begins = code.match_indices("depixelate_");
        let mut found: Vec<_> = begins
            .filter_map(|(at, _)| {
                let (name, rest) = code[at..].split_once('(')?;
                let (inside, _) = rest.split_once(end)?;
                let is_name = name.chars().all(|it| it.is_ascii_lowercase() || it == '_');
                let parts = inside
                    .split(',')
                    .filter(|it| !["", "void"].contains(&it.trim()));
                is_name.then(|| (name.to_owned(), parts.count()))
            })
            .collect();
        found.sort();
        found
    };
    let found = functions(&rust, ") ");
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(functions(&c, ");"), found);
}
