//! What the detector's stages see of one frame, side by side in one picture: that of
//! `docs/detection.md`.
//!
//! Without arguments the frame is a part of the photograph that `make demo` fetches, with the face
//! pixelated:
//!
//! ```sh
//! cargo run --release --example detection_stages -- [PICTURE] [--crop X,Y,W,H] [--mosaic X,Y,W,H] [--block N]
//! ```

mod draw;

use anyhow::{Context, ensure};
use clap::Parser;
use draw::{Color, Panel};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::detect::{
    DetectSettings, Detector, Luma, Outline, Profile, Region, Stages, Window,
};
use gstdepixelate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
use image::RgbImage;
use std::path::PathBuf;

/// The photograph's part around the face, and the face in it.
const CROP: Rect = Rect::new(56, 18, 352, 264);
const FACE: Rect = Rect::new(111, 50, 117, 126);
/// Side of the blocks, pixels.
const BLOCK: u32 = 9;

const RED: Color = [255, 70, 60];
const CYAN: Color = [60, 220, 255];
const VIOLET: Color = [190, 110, 255];
const YELLOW: Color = [255, 210, 40];
const GREEN: Color = [70, 230, 110];

/// Draw what the detector's stages see of one frame.
#[derive(Parser)]
struct Arguments {
    /// The picture; without one, the demonstration's photograph
    picture: Option<PathBuf>,
    /// Part of the picture that is the frame: X,Y,WIDTH,HEIGHT
    #[arg(long, value_parser = rect)]
    crop: Option<Rect>,
    /// Part of the frame that is pixelated first
    #[arg(long, value_parser = rect)]
    mosaic: Option<Rect>,
    /// Side of its blocks in pixels
    #[arg(long, default_value_t = BLOCK)]
    block: u32,
    /// Where the drawing goes
    #[arg(long, default_value = "docs/images/detection-stages.png")]
    out: PathBuf,
}

fn rect(text: &str) -> Result<Rect, String> {
    let numbers: Result<Vec<u32>, _> = text.split(',').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[x, y, width, height]) if x.max(y) <= i32::MAX as u32 => {
            Ok(Rect::new(x as i32, y as i32, width, height))
        }
        _ => Err("four whole numbers, as in 10,20,64,64".to_owned()),
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let frame = frame(&arguments)?;
    let layout = Layout::rgb(frame.width(), frame.height());
    let view = FrameView::packed(&layout, &frame, 3 * frame.width() as usize)?;
    let mut scratch = Vec::new();
    let luma = Luma::of(&view, &mut scratch);
    let mut detector = Detector::new();
    let mut regions = Vec::new();
    detector.detect(&luma, &DetectSettings::default(), &mut regions);
    let stages = detector.stages(&luma);
    let stages = stages.context("the frame is smaller than any mosaic")?;
    let window = window(&stages, regions.first());
    let profiles = window.and_then(|window| detector.profiles(&luma, &window));
    let grey = draw::grey(&luma);
    let panels = [
        Panel::new("Luma of a frame with a mosaic", &grey),
        ridges(&stages, &grey),
        gate(&stages, &grey, window.as_ref()),
        spectra(profiles.as_ref(), &grey),
        lattices(&regions, &grey),
        corner(regions.first(), &grey),
    ];
    draw::save(&draw::sheet(&panels), &arguments.out)
}

/// The frame, pixelated where that is wanted.
fn frame(arguments: &Arguments) -> anyhow::Result<RgbImage> {
    let photograph = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/.deps/photographs/astronaut.png"
    );
    let own = arguments.picture.is_some();
    let path = arguments.picture.clone().unwrap_or(photograph.into());
    let picture = image::open(&path)
        .with_context(|| format!("{} (make demo fetches the photograph)", path.display()))?
        .into_rgb8();
    let default = |rect: Rect| (!own).then_some(rect);
    let whole = Rect::new(0, 0, picture.width(), picture.height());
    let crop = arguments.crop.or(default(CROP)).unwrap_or(whole);
    let crop = crop.intersect(&whole).context("the crop is empty")?;
    let (x, y) = (crop.x as u32, crop.y as u32);
    let mut frame = image::imageops::crop_imm(&picture, x, y, crop.width, crop.height).to_image();
    if let Some(rect) = arguments.mosaic.or(default(FACE)) {
        ensure!(arguments.block > 0, "blocks have at least one pixel");
        let layout = Layout::rgb(crop.width, crop.height);
        let mut view = FrameViewMut::packed(&layout, &mut frame, 3 * crop.width as usize)?;
        let lattice = Lattice::square(arguments.block, rect.x, rect.y);
        pixelate(&mut view, &rect, &lattice, Fill::TileMean);
    }
    Ok(frame)
}

/// The most promising window inside of `region`, or of all.
fn window(stages: &Stages, region: Option<&Region>) -> Option<Window> {
    let inside = |window: &&Window| {
        region.is_some_and(|region| region.rect.intersect(&window.area) == Some(window.area))
    };
    let mut windows = stages.windows.iter();
    windows.clone().find(inside).or(windows.next()).copied()
}

/// Ridges across x in red, across y in cyan.
fn ridges(stages: &Stages, frame: &RgbImage) -> Panel {
    let mut panel = Panel::new("1 Ridges: red across x, cyan across y", frame);
    let [x, y] = &stages.ridges;
    for (pixel, (&x, &y)) in panel.picture.pixels_mut().zip(x.iter().zip(y)) {
        let shade = |color: usize| {
            let sum = u32::from(x) * u32::from(RED[color]) + u32::from(y) * u32::from(CYAN[color]);
            (sum / 64).min(255) as u8
        };
        pixel.0 = [0, 1, 2].map(shade);
    }
    panel
}

/// Hot tiles, and the window that is looked at.
fn gate(stages: &Stages, frame: &RgbImage, window: Option<&Window>) -> Panel {
    let mut panel = Panel::new("2 Gate: hot tiles, and one window", frame);
    panel.dim();
    for (tiles, color) in stages.hot.iter().zip([YELLOW, RED, CYAN, VIOLET]) {
        for tile in tiles {
            panel.tint(tile, color);
        }
    }
    if let Some(window) = window {
        panel.outline(&window.area, [255; 3], 2);
    }
    let [a, b, c, d] = stages.hot.each_ref().map(Vec::len);
    panel.note(&format!(
        "hot: {a} of 16 px, {b} of 32, {c} of 64, {d} of 128"
    ));
    panel
}

/// Profiles of the window with their spectra.
fn spectra(profiles: Option<&[Profile; 2]>, frame: &RgbImage) -> Panel {
    let mut panel = Panel::new("3 Its ridges, and their spectrum", frame);
    panel.picture.fill(16);
    for (index, profile) in profiles.into_iter().flatten().enumerate() {
        let (name, color) = [("x", RED), ("y", CYAN)][index];
        panel.bars(&profile.sums, index, color);
        panel.curve(&profile.spectrum, index, color);
        let (first, last) = (profile.spectrum.first(), profile.spectrum.last());
        let best = profile.spectrum.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some(best), Some(first), Some(last)) = (best, first, last) {
            let peak = format!("{name}: peak at {:.1} px", best.0);
            let range = format!("{:.1} to {:.1} px", first.0, last.0);
            panel.label((0, index), &peak, color);
            panel.label((1, index), &range, color);
        }
    }
    panel
}

/// Lattices and borders of what was found.
fn lattices(regions: &[Region], frame: &RgbImage) -> Panel {
    let mut panel = Panel::new("4-6 Blocks, spacing, border", frame);
    for region in regions {
        panel.lattice(region, 1, GREEN);
        panel.outline(&region.rect, YELLOW, 1);
    }
    let elliptic = regions
        .iter()
        .filter(|region| region.outline == Outline::Ellipse);
    panel.note(&format!(
        "regions: {}, ellipses: {}",
        regions.len(),
        elliptic.count()
    ));
    panel
}

/// The first region's upper left corner, four times as large, and what is known of it.
fn corner(region: Option<&Region>, frame: &RgbImage) -> Panel {
    const TIMES: u32 = 4;
    let Some(region) = region else {
        return Panel::new("7 Nothing was found", frame);
    };
    let mut panel = Panel::new(
        &format!("7 Score {:.3}; its corner, fourfold", region.score),
        frame,
    );
    let from = |at: i32, length: u32, limit: u32| {
        let start = i64::from(at) - i64::from(length / TIMES / 4);
        start.clamp(0, i64::from(limit - (length / TIMES).min(limit))) as u32
    };
    let (width, height) = frame.dimensions();
    let (x, y) = (
        from(region.rect.x, width, width),
        from(region.rect.y, height, height),
    );
    let small = image::imageops::crop_imm(frame, x, y, width / TIMES, height / TIMES).to_image();
    panel.picture =
        image::imageops::resize(&small, width, height, image::imageops::FilterType::Nearest);
    let shown = Region {
        rect: Rect::new(
            region.rect.x - x as i32,
            region.rect.y - y as i32,
            region.rect.width,
            region.rect.height,
        ),
        lattice: region.lattice.map(|lattice| Lattice {
            phase_x: lattice.phase_x - x as f32,
            phase_y: lattice.phase_y - y as f32,
            ..lattice
        }),
        ..*region
    };
    panel.lattice(&shown, TIMES, GREEN);
    if let Some(lattice) = region.lattice {
        panel.note(&format!(
            "blocks {:.2} x {:.2} px, lines at {:.2}, {:.2}",
            lattice.block_width, lattice.block_height, lattice.phase_x, lattice.phase_y
        ));
    }
    panel
}
