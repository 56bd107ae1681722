//! The cases, and their tables.

use super::run::{Case, Measured, Model};
use anyhow::Context;
use std::fmt::Write;
use std::path::Path;

/// Between these the tables stand in the document.
const BEGIN: &str = "<!-- pipelines: written by `make bench` -->\n";
const END: &str = "<!-- /pipelines -->\n";

/// What the tables show.
pub const HEAD: &str = "\
`decodebin ! facedepixelate ! x264enc` (ultrafast, one thread) on a photograph in H.264 with mosaics of 300 × 300 pixels, blocks of
25, beside the same without the element. The detector is on, and told of the mosaics as well, so that none is missed. Processor time is that of all threads; memory is the peak above the
bare transcode's.

";

/// Regions in each frame.
const REGIONS: [usize; 4] = [0, 1, 4, 16];

/// Cases of one format; each number of regions begins with the bare transcode.
pub fn cases(width: u32, height: u32, depth: u32) -> Vec<Case> {
    let case = |regions, model| Case {
        width,
        height,
        depth,
        regions,
        model,
        streams: 1,
        shared: true,
    };
    let models =
        |regions| [Model::None, Model::Identity, Model::Bundled].map(|model| case(regions, model));
    REGIONS.into_iter().flat_map(models).collect()
}

/// One, two and four streams with one region each.
pub fn of_streams() -> Vec<Case> {
    let case = |(streams, shared)| Case {
        width: 1920,
        height: 1080,
        depth: 8,
        regions: 1,
        model: Model::Bundled,
        streams,
        shared,
    };
    [(1, true), (2, true), (2, false), (4, true), (4, false)]
        .map(case)
        .to_vec()
}

/// The table of [`cases`].
pub fn of_regions(title: &str, cases: &[Case], measured: &[Measured]) -> String {
    let mut text = format!(
        "{title}:\n\n\
         | regions | model | processor ms/frame above bare | frames/s (bare) | memory above bare, MiB |\n\
         |---|---|---|---|---|\n"
    );
    let mut bare = Measured::default();
    for (case, it) in cases.iter().zip(measured) {
        let model = match case.model {
            Model::None => {
                bare = *it;
                continue;
            }
            Model::Identity => "identity",
            Model::Bundled | Model::Cuda => "bundled",
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {model} | {:.1} | {:.1} ({:.1}) | {:.0} |",
            case.regions,
            it.cpu - bare.cpu,
            it.rate,
            bare.rate,
            it.memory - bare.memory
        );
    }
    text + "\n"
}

/// The table of [`of_streams`].
pub fn streams(cases: &[Case], measured: &[Measured]) -> String {
    let mut text = String::from(
        "Several streams of 1080p, 8 bit, one region each, bundled model:\n\n\
         | streams | models | processor ms/frame | frames/s of all | memory, MiB |\n\
         |---|---|---|---|---|\n",
    );
    for (case, it) in cases.iter().zip(measured) {
        let models = if case.shared { 1 } else { case.streams };
        let _ = writeln!(
            text,
            "| {} | {models} | {:.1} | {:.1} | {:.0} |",
            case.streams, it.cpu, it.rate, it.memory
        );
    }
    text + "\n"
}

/// The table of clips on a GPU.
pub fn of_gpu(cases: &[Case], measured: &[Measured]) -> String {
    let mut text = String::from(
        "Decoding and restoring, one face a frame:\n\n| picture | frames/s |\n|---|---|\n",
    );
    for (case, it) in cases.iter().zip(measured) {
        let _ = writeln!(text, "| {}p | {:.0} |", case.height, it.rate);
    }
    text
}

/// Put the tables into the document.
pub fn write(file: &Path, tables: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let missing = || format!("{} has no place for the tables", file.display());
    let (before, rest) = text.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    std::fs::write(file, format!("{before}{BEGIN}\n{tables}{END}{after}"))?;
    Ok(())
}
