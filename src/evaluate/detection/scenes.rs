//! Scenes: a face in a picture, pixelated where it is known.

use std::collections::HashMap;

use anyhow::Context;
use image::imageops::replace;
use image::{Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::groups::{Group, Shape};
use crate::degrade::mosaic::{Fill, pixelate};
use crate::degrade::smooth::{middle, resize};
use crate::degrade::soft::cut_ellipse;
use crate::detect::MOST_TURN;
use crate::frame::{FrameViewMut, Lattice, Layout, Rect, Turn};
use crate::train::data::samples::turned_by;

/// Size of a scene before it is scaled, pixels; even, as codecs want it.
pub(crate) const SIZE: (u32, u32) = (640, 480);
/// Least side of a mosaic, pixels, and least number of blocks across it.
const LEAST: (u32, u32) = (48, 4);

/// A picture, and where its mosaic is.
pub(crate) struct Scene {
    /// The picture.
    pub picture: RgbImage,
    /// None for a scene without mosaic.
    pub truth: Option<Truth>,
}

/// A mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Truth {
    /// Its box.
    pub rect: Rect,
    /// Its grid.
    pub lattice: Lattice,
}

impl Scene {
    /// The scene of `group` that belongs to the number `seed`: `face` in `ground`.
    pub(crate) fn draw(
        group: &Group,
        ground: &RgbImage,
        face: &RgbImage,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut picture = cover(ground)?;
        let side = random.random_range(90..=330);
        let face = resize(face, (side, side)).context("a face's picture is empty")?;
        let x = random.random_range(0..=SIZE.0 - side);
        let y = random.random_range(0..=SIZE.1 - side);
        replace(&mut picture, &face, x.into(), y.into());
        let Some(blocks) = group.blocks else {
            return Ok(Self {
                picture,
                truth: None,
            });
        };
        let at = Rect::new(x as i32, y as i32, side, side);
        let truth = mosaic(&mut picture, &at, blocks, group.shape, &mut random)?;
        let mut scene = Self {
            picture,
            truth: (group.shape != Shape::Hexagons).then_some(truth),
        };
        if let Some([least, most]) = group.turned {
            let degrees = random.random_range(least..=most);
            let sign = [-1.0, 1.0][usize::from(random.random_bool(0.5))];
            scene = scene.turned(sign * degrees);
        }
        match group.scaled {
            true => scene.scaled(random.random_range(0.5..=1.5)),
            false => Ok(scene),
        }
    }

    /// The scene turned by `degrees`, clockwise. Of what is turned too far, or out of the picture,
    /// nothing is expected.
    fn turned(self, degrees: f32) -> Self {
        let (width, height) = self.picture.dimensions();
        let angle = degrees.to_radians();
        let center = [width, height].map(|side| f64::from(side) / 2.0);
        let turn = Turn::new(angle, center, center);
        let truth = self.truth.and_then(|Truth { rect, lattice }| {
            let (sin, cos) = f64::from(angle.abs()).sin_cos();
            let [w, h] = [rect.width, rect.height].map(f64::from);
            let there = turn.to_frame([f64::from(rect.x) + w / 2.0, f64::from(rect.y) + h / 2.0]);
            let sides = [w * cos + h * sin, w * sin + h * cos].map(f64::round);
            let corner = [0, 1].map(|axis| (there[axis] - sides[axis] / 2.0).round());
            let rect = Rect::new(
                corner[0] as i32,
                corner[1] as i32,
                sides[0] as u32,
                sides[1] as u32,
            );
            // Lines are told as turned back about the middle of that box.
            let about = [0, 1].map(|axis| corner[axis] + sides[axis] / 2.0);
            let own = turn.to_upright(about);
            let phase = |phase: f32, axis: usize| phase + (about[axis] - own[axis]) as f32;
            let lattice = Lattice {
                phase_x: phase(lattice.phase_x, 0),
                phase_y: phase(lattice.phase_y, 1),
                ..lattice
            };
            let inside = rect.clamp_to(width, height) == Some(rect);
            (inside && angle.abs() <= MOST_TURN).then_some(Truth { rect, lattice })
        });
        Self {
            picture: turned_by(&self.picture, degrees),
            truth,
        }
    }

    /// The scene in another size, rounded to even sides.
    fn scaled(self, factor: f64) -> anyhow::Result<Self> {
        let even = |side: u32| ((f64::from(side) * factor / 2.0).round() as u32).max(8) * 2;
        let (width, height) = (even(self.picture.width()), even(self.picture.height()));
        let fx = f64::from(width) / f64::from(self.picture.width());
        let fy = f64::from(height) / f64::from(self.picture.height());
        let truth = self.truth.map(|Truth { rect, lattice }| {
            let edge = |at: i64, f: f64| (at as f64 * f).round() as i32;
            let (left, right) = (edge(rect.x.into(), fx), edge(rect.right(), fx));
            let (top, bottom) = (edge(rect.y.into(), fy), edge(rect.bottom(), fy));
            let scale = |value: f32, f: f64| (f64::from(value) * f) as f32;
            Truth {
                rect: Rect::new(left, top, (right - left) as u32, (bottom - top) as u32),
                lattice: Lattice {
                    block_width: scale(lattice.block_width, fx),
                    block_height: scale(lattice.block_height, fy),
                    phase_x: scale(lattice.phase_x, fx),
                    phase_y: scale(lattice.phase_y, fy),
                },
            }
        });
        let picture = resize(&self.picture, (width, height)).context("a scene is empty")?;
        Ok(Self { picture, truth })
    }
}

/// The middle of a picture, as large as a scene.
fn cover(picture: &RgbImage) -> anyhow::Result<RgbImage> {
    resize(&middle(picture, SIZE), SIZE).context("a picture is empty")
}

/// Pixelate a part of `face`, the box of a face in `picture`.
fn mosaic(
    picture: &mut RgbImage,
    face: &Rect,
    [least, greatest]: [f64; 2],
    shape: Shape,
    random: &mut Pcg64Mcg,
) -> anyhow::Result<Truth> {
    let mut side = |length: u32| {
        let share = random.random_range(0.55..=1.0);
        ((f64::from(length) * share) as u32).max(LEAST.0)
    };
    let (width, height) = (side(face.width), side(face.height));
    let most = f64::from(width.min(height) / LEAST.1)
        .min(greatest)
        .max(least);
    let block = random.random_range(least.ln()..=most.ln()).exp().round();
    let x = face.x + random.random_range(0..=(face.width - width) as i32);
    let y = face.y + random.random_range(0..=(face.height - height) as i32);
    let rect = Rect::new(x, y, width, height);
    // Half of all tools begin the grid at the region, the others at the frame.
    let corner = if random.random_bool(0.5) {
        (x, y)
    } else {
        (0, 0)
    };
    let lattice = Lattice::square(block as u32, corner.0, corner.1);
    let clean = picture.clone();
    let layout = Layout::rgb(picture.width(), picture.height());
    let stride = 3 * picture.width() as usize;
    let mut frame = FrameViewMut::packed(&layout, picture, stride)?;
    match shape {
        Shape::Rectangle => pixelate(&mut frame, &rect, &lattice, Fill::TileMean),
        Shape::Ellipse(soft) => {
            pixelate(&mut frame, &rect, &lattice, Fill::TileMean);
            cut_ellipse(picture, &clean, stride / 3, &rect, soft);
        }
        Shape::Hexagons => hexagons(picture, &rect, block),
    }
    Ok(Truth { rect, lattice })
}

/// Put the mean of each hexagon, `across` pixels wide, over `rect`.
fn hexagons(picture: &mut RgbImage, rect: &Rect, across: f64) {
    let down = across * 0.75f64.sqrt();
    let tile = |x: u32, y: u32| {
        let [x, y] = [x, y].map(|at| f64::from(at) + 0.5);
        let middles = [-1.0, 0.0, 1.0].map(|step| {
            let row = (y / down).floor() + step;
            let shift = row.rem_euclid(2.0) * across / 2.0;
            let column = ((x - shift) / across).round();
            let distance = (x - shift - column * across).hypot(y - row * down);
            (distance, (column as i32, row as i32))
        });
        let nearest = middles.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map_or((0, 0), |(_, tile)| tile)
    };
    let (left, top) = (rect.x.max(0) as u32, rect.y.max(0) as u32);
    let pixels =
        (top..top + rect.height).flat_map(|y| (left..left + rect.width).map(move |x| (x, y)));
    let mut sums = HashMap::new();
    for (x, y) in pixels.clone() {
        let (sum, count) = sums.entry(tile(x, y)).or_insert(([0u32; 3], 0u32));
        let color = picture.get_pixel(x, y).0;
        *sum = [0, 1, 2].map(|c| sum[c] + u32::from(color[c]));
        *count += 1;
    }
    for (x, y) in pixels {
        if let Some((sum, count)) = sums.get(&tile(x, y)) {
            picture.put_pixel(x, y, Rgb(sum.map(|sum| (sum / count) as u8)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::GROUPS;
    use super::*;

    #[test]
    fn truths_lie_in_their_scenes() {
        let picture = |side: u32| {
            RgbImage::from_fn(side, side, |x, y| {
                image::Rgb([x as u8, y as u8, (x * y) as u8])
            })
        };
        let (ground, face) = (picture(200), picture(128));
        for (seed, group) in (0..).zip(&GROUPS) {
            let scene = Scene::draw(group, &ground, &face, seed).unwrap();
            let is_expected = group.blocks.is_some()
                && group.shape != Shape::Hexagons
                && group.turned.is_none_or(|[least, _]| least < 12.0);
            // A turned one may stick out of the picture.
            if group.turned.is_none() || !is_expected {
                assert_eq!(scene.truth.is_some(), is_expected, "{}", group.name);
            }
            let (width, height) = scene.picture.dimensions();
            assert!(width % 2 == 0 && height % 2 == 0);
            if let Some(truth) = scene.truth {
                let rect = truth.rect;
                assert!(rect.x >= 0 && rect.right() <= i64::from(width), "{rect:?}");
                assert!(
                    rect.y >= 0 && rect.bottom() <= i64::from(height),
                    "{rect:?}"
                );
                let least = if group.scaled { 23 } else { 48 };
                assert!(rect.width >= least && rect.height >= least, "{rect:?}");
            }
        }
    }
}
