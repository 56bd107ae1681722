//! What the face check makes of mosaics over faces, group by group, and of mosaics over anything
//! else.

use anyhow::Context;
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use image::imageops::replace;
use image::{DynamicImage, Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::looks::{GROUPS, Group, Look, of_skin};
use crate::cascade::runtime;
use crate::degrade::jpeg::jpeg;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::degrade::smooth::{middle, resize};
use crate::detect::{Outline, Region};
use crate::face_check::{FEWEST_BLOCKS, FaceCheck, Question};
use crate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
use crate::train::data::dataset::Dataset;

/// Side of a scene, pixels.
const SIDE: u32 = 512;
/// Sides of the pictures of faces in scenes, pixels, and of mosaics ÷ those.
const FACES: [u32; 2] = [150, 400];
const COVERED: [f64; 2] = [0.5, 0.8];
/// Blocks across mosaics over faces; those over others have so many that the face check looks.
const BLOCKS: [f64; 2] = [5.0, 25.0];
/// Qualities of the JPEG file that a scene is afterwards.
const QUALITIES: [u8; 2] = [60, 95];
/// Wrong verdicts on a sheet: in a row, and rows of each kind.
const COLUMNS: u32 = 12;
const ROWS: u32 = 3;
/// Side of a scene on the sheet, pixels.
const TILE: u32 = 128;

/// Of a group: how many verdicts are right.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// The group.
    pub name: String,
    /// Whether it is one of faces.
    pub is_face: bool,
    /// Mosaics.
    pub count: usize,
    /// Those of faces that are restored; those of others that are not.
    pub right: usize,
}

/// All that was measured.
pub(crate) struct Checked {
    /// The groups.
    pub lines: Vec<Line>,
    /// Faces taken for something else, then the reverse.
    pub wrong: Option<RgbImage>,
}

/// What mosaics are made of.
#[derive(Clone, Copy)]
struct Pictures<'a> {
    /// What lies under them.
    under: &'a Dataset,
    /// Whether those are faces.
    is_face: bool,
    /// What is around them.
    around: &'a Dataset,
    /// Least probability of a face.
    threshold: f32,
}

/// Show the face check `count` mosaics of each group: over faces, and over `others`, where there
/// are some. Faces are what has a probability of `threshold` at least.
pub(crate) fn measure(
    faces: &Dataset,
    others: Option<&Dataset>,
    threshold: f32,
    count: usize,
    seed: u64,
) -> anyhow::Result<Checked> {
    let mut check = FaceCheck::bundled(runtime::load_for_program()?)?;
    let (mut lines, mut wrong) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (number, group) in (0..).zip(&GROUPS) {
        let kinds = [(Some(faces), true), (others, false)];
        for (under, is_face) in kinds {
            let Some(under) = under.filter(|_| is_face || group.is_of_any) else {
                continue;
            };
            let around = others.unwrap_or(faces);
            let pictures = Pictures {
                under,
                is_face,
                around,
                threshold,
            };
            let seed = seed ^ (number << 40) ^ (u64::from(is_face) << 32);
            let (line, misjudged) = run_group(group, pictures, count, seed, &mut check)?;
            lines.push(line);
            wrong[usize::from(!is_face)].extend(misjudged);
        }
    }
    Ok(Checked {
        lines,
        wrong: sheet(&wrong),
    })
}

/// One line, and the scenes of its wrong verdicts.
fn run_group(
    group: &Group,
    pictures: Pictures<'_>,
    count: usize,
    seed: u64,
    check: &mut FaceCheck,
) -> anyhow::Result<(Line, Vec<RgbImage>)> {
    let mut line = Line {
        name: group.name.to_owned(),
        is_face: pictures.is_face,
        count: 0,
        right: 0,
    };
    let mut wrong = Vec::new();
    for index in 0..count {
        let picture = |set: &Dataset, stride: usize| set.picture(index * stride % set.len());
        // Strides that are primes, so that groups meet other pairs than one after the other.
        let under = picture(pictures.under, 7919)?;
        let is_of_group = |[low, high]: [f64; 2]| (low..high).contains(&of_skin(&under));
        if !group.skin.is_none_or(is_of_group) {
            continue;
        }
        let mut random = Pcg64Mcg::seed_from_u64(seed ^ index as u64);
        let around = picture(pictures.around, 31)?;
        let fewest = match pictures.is_face {
            true => BLOCKS[0],
            false => f64::from(FEWEST_BLOCKS),
        };
        let scene = Scene::draw(&under, &around, &group.look, fewest, &mut random)?;
        line.count += 1;
        if scene.is_kept(check, pictures.threshold)? == pictures.is_face {
            line.right += 1;
        } else {
            wrong.push(scene.picture);
        }
    }
    Ok((line, wrong))
}

/// A picture with a mosaic.
struct Scene {
    picture: RgbImage,
    region: Region,
}

impl Scene {
    /// `picture` somewhere in `ground`, its middle pixelated: `fewest` blocks across or more.
    fn draw(
        picture: &RgbImage,
        ground: &RgbImage,
        look: &Look,
        fewest: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Self> {
        let empty = "a picture is empty";
        let mut scene = resize(&middle(ground, (SIDE, SIDE)), (SIDE, SIDE)).context(empty)?;
        let side = random.random_range(FACES[0]..=FACES[1]);
        let square = resize(&middle(picture, (side, side)), (side, side)).context(empty)?;
        let square = look.pose(square, random);
        let [x, y] = [(); 2].map(|()| random.random_range(0..=SIDE - side));
        replace(&mut scene, &square, x.into(), y.into());
        look.color(&mut scene, random);
        let covered = (f64::from(side) * random.random_range(COVERED[0]..=COVERED[1])) as u32;
        let start = |start: u32, random: &mut Pcg64Mcg| {
            let off = i64::from(random.random_range(0..=side / 16)) - i64::from(side / 32);
            (i64::from(start + (side - covered) / 2) + off).max(0) as i32
        };
        let rect = Rect::new(start(x, random), start(y, random), covered, covered);
        let blocks = random.random_range(fewest.ln()..=BLOCKS[1].ln()).exp();
        let block = (f64::from(covered) / blocks).floor().max(2.0) as u32;
        let lattice = Lattice::square(block, rect.x, rect.y);
        let layout = Layout::rgb(SIDE, SIDE);
        let mut frame = FrameViewMut::packed(&layout, &mut scene, 3 * SIDE as usize)?;
        pixelate(&mut frame, &rect, &lattice, Fill::TileMean);
        look.spoil(&mut scene, random);
        let quality = random.random_range(QUALITIES[0]..=QUALITIES[1]);
        Ok(Self {
            picture: jpeg(&DynamicImage::ImageRgb8(scene), quality)?.into_rgb8(),
            region: Region {
                rect,
                lattice: Some(lattice),
                outline: Outline::Rectangle,
                turn: 0.0,
                score: 1.0,
            },
        })
    }

    /// Whether the face check lets the mosaic be restored, seen in this frame alone.
    fn is_kept(&self, check: &mut FaceCheck, threshold: f32) -> anyhow::Result<bool> {
        let layout = Layout::rgb(SIDE, SIDE);
        let frame = FrameView::packed(&layout, &self.picture, 3 * SIDE as usize)?;
        let question = |region: &Region| {
            Some(Question {
                region: *region,
                id: None,
                may_go: true,
            })
        };
        let mut regions = vec![self.region];
        check.retain(&frame, threshold, &mut regions, question, |_, _| ())?;
        Ok(!regions.is_empty())
    }
}

/// The table, as Markdown.
pub(crate) fn markdown(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(["mosaics over", "number", "right"]);
    let share = |line: &Line| format!("{:.3}", line.right as f64 / line.count.max(1) as f64);
    for line in lines {
        let what = if line.is_face { "faces" } else { "others" };
        let name = format!("{what}, {}", line.name);
        table.add_row([name, line.count.to_string(), share(line)]);
    }
    table.to_string()
}

/// Wrong verdicts: faces above, others below a red line.
fn sheet(wrong: &[Vec<RgbImage>; 2]) -> Option<RgbImage> {
    if wrong.iter().all(Vec::is_empty) {
        return None;
    }
    let half = ROWS * TILE;
    let mut sheet = RgbImage::new(COLUMNS * TILE, 2 * half + 2);
    for (top, pictures) in [0, half + 2].into_iter().zip(wrong) {
        for (i, picture) in (0..COLUMNS * ROWS).zip(pictures) {
            let tile = resize(picture, (TILE, TILE))?;
            let (x, y) = (i % COLUMNS * TILE, top + i / COLUMNS * TILE);
            replace(&mut sheet, &tile, x.into(), y.into());
        }
    }
    for x in 0..sheet.width() {
        sheet.put_pixel(x, half, Rgb([255, 40, 40]));
        sheet.put_pixel(x, half + 1, Rgb([255, 40, 40]));
    }
    Some(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_depend_on_their_number_alone() {
        let picture = |side: u32| {
            RgbImage::from_fn(side, side, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
        };
        let draw = |group: &Group, seed| {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            Scene::draw(&picture(60), &picture(90), &group.look, 5.0, &mut random).unwrap()
        };
        for group in &GROUPS {
            let scene = draw(group, 4);
            assert_eq!(scene.picture, draw(group, 4).picture, "{}", group.name);
            assert_ne!(scene.picture, draw(group, 5).picture, "{}", group.name);
            let rect = scene.region.rect;
            assert_eq!(rect.clamp_to(SIDE, SIDE), Some(rect), "{}", group.name);
        }
    }

    #[test]
    fn the_table_tells_shares() {
        let line = |name: &str, is_face, right| Line {
            name: name.to_owned(),
            is_face,
            count: 8,
            right,
        };
        let table = markdown(&[line("grey", true, 8), line("grey", false, 6)]);
        assert!(
            table.contains("| faces, grey  | 8      | 1.000 |"),
            "{table}"
        );
        assert!(
            table.contains("| others, grey | 8      | 0.750 |"),
            "{table}"
        );
    }
}
