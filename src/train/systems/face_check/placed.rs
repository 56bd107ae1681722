//! Faces that lie anywhere in their mosaics: in the middle of one that covers them closely, in one
//! that covers far more, or behind one that covers their eyes alone.

use image::imageops::thumbnail;
use image::{Rgb, RgbImage};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use crate::face_check::{MARGIN, SIDE};
use crate::frame::{Rect, Square};
use crate::train::data::random::logarithmic;
use crate::train::data::samples::{Degradation, Scene, detected};

/// Side of the pictures made here, pixels; the face's square is a quarter of it.
const CANVAS: u32 = 224;
const FACE: u32 = CANVAS / 4;
/// Share of faces whose mosaic covers them closely, as most do.
const CLOSE: f64 = 0.55;
/// Side of the face's square ÷ longer side of the mosaic, where it does not.
const OTHERWISE: [f64; 2] = [0.55, 2.2];
/// How far what is around the face is seen beyond its square, sides of it.
const FADING: [f64; 2] = [0.02, 0.5];
/// Blocks across the face's square at least; with fewer nobody could tell where it is.
const FEWEST: f64 = 6.0;
/// Largest part of a mosaic that the frame's edge cuts off.
const CUT_OFF: f64 = 0.3;

/// A face in a scene, and where it is.
pub(super) struct Placed {
    /// The scene's picture.
    pub picture: RgbImage,
    /// The mosaic and the view.
    pub scene: Scene,
    /// Largest size of blocks at which the face can be told, pixels of the view at the network's
    /// resolution.
    pub largest_block: f64,
    /// [`labels`] of the face.
    pub labels: [f32; 4],
}

/// What the network should find: 1 for a face, the place of its square's middle less that of
/// `view`'s ÷ the view's side, to the right and downwards, and the logarithm of the ratio of their
/// sides.
fn labels(face: &Square, view: &Square) -> [f32; 4] {
    let off = |face_start: f64, view_start: f64| {
        ((face_start + face.side / 2.0) - (view_start + view.side / 2.0)) / view.side
    };
    let across = off(face.x, view.x);
    let down = off(face.y, view.y);
    [
        1.0,
        across as f32,
        down as f32,
        (face.side / view.side).ln() as f32,
    ]
}

/// `face`, a square picture as the cascade is trained with, in front of `behind`, and a mosaic over
/// it.
pub(super) fn place(
    face: &RgbImage,
    behind: &RgbImage,
    degradation: &Degradation,
    random: &mut Pcg64Mcg,
) -> Placed {
    let longer = SIDE as f64 * logarithmic(random, degradation.scale) / MARGIN;
    let is_close = random.random_bool(CLOSE);
    let ratio = if is_close {
        let [low, high] = degradation.inner;
        1.0 / random.random_range(low..=high)
    } else {
        logarithmic(random, OTHERWISE)
    };
    let face_side = ratio * longer;
    let room = 0.12 * face_side;
    // A larger mosaic may be anywhere that leaves the face in it.
    let room = if is_close {
        room
    } else {
        room.max((longer - 0.7 * face_side) / 2.0)
    };
    let middle = f64::from(CANVAS / FACE) * face_side / 2.0;
    let shorter = longer * random.random_range(0.7..=1.0);
    let (width, height) = match random.random_bool(0.5) {
        true => (longer, shorter),
        false => (shorter, longer),
    };
    let mut start = |length: f64| middle - length / 2.0 + random.random_range(-room..=room);
    let mosaic = [start(width), start(height), width, height];
    let picture = composed(face, behind, random);
    let (frame, picture) = match random.random_bool(degradation.outside) {
        true => cut_off(&picture, &mosaic, 2.0 * middle, random),
        false => (
            Square {
                x: 0.0,
                y: 0.0,
                side: 2.0 * middle,
            },
            picture,
        ),
    };
    let scene = scene(&mosaic, &frame, random);
    let face = Square {
        x: middle - face_side / 2.0 - frame.x,
        y: middle - face_side / 2.0 - frame.y,
        side: face_side,
    };
    Placed {
        labels: labels(&face, &scene.view),
        largest_block: face_side / FEWEST * SIDE as f64 / scene.view.side,
        picture,
        scene,
    }
}

/// The mosaic `[x, y, width, height]` in what `frame` shows.
fn scene(mosaic: &[f64; 4], frame: &Square, random: &mut Pcg64Mcg) -> Scene {
    let side = (frame.side.round() as u32).max(16);
    let [x, y, width, height] = *mosaic;
    let mosaic = Rect::new(
        (x - frame.x).round() as i32,
        (y - frame.y).round() as i32,
        (width.round() as u32).max(8),
        (height.round() as u32).max(8),
    );
    let mosaic = mosaic
        .clamp_to(side, side)
        .unwrap_or(Rect::new(0, 0, side, side));
    let seen = detected(&mosaic, random);
    let seen = seen.clamp_to(side, side).unwrap_or(mosaic);
    Scene {
        side,
        mosaic,
        seen,
        view: Square::around(&seen, MARGIN).inside(&seen, side, side),
        whole: false,
    }
}

/// A frame, of a picture that is `side` wide, one of whose edges cuts a part of the mosaic off.
fn cut_off(
    picture: &RgbImage,
    &[x, y, width, height]: &[f64; 4],
    side: f64,
    random: &mut Pcg64Mcg,
) -> (Square, RgbImage) {
    let part = random.random_range(0.0..=CUT_OFF);
    let (left, top) = (x + part * width, y + part * height);
    let (right, bottom) = (x + (1.0 - part) * width, y + (1.0 - part) * height);
    let frame = match random.random_range(0..4) {
        0 => Square {
            x: left,
            y: left / 2.0,
            side: side - left,
        },
        1 => Square {
            x: top / 2.0,
            y: top,
            side: side - top,
        },
        2 => Square {
            x: 0.0,
            y: (side - right) / 2.0,
            side: right,
        },
        _ => Square {
            x: (side - bottom) / 2.0,
            y: 0.0,
            side: bottom,
        },
    };
    let scale = f64::from(CANVAS) / side;
    let [x, y, length] = [frame.x, frame.y, frame.side].map(|v| (v * scale).round() as u32);
    let part = image::imageops::crop_imm(picture, x, y, length, length).to_image();
    (frame, part)
}

/// The face in the middle; towards the edges its outermost pixels fade into what is behind.
fn composed(face: &RgbImage, behind: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
    let face = thumbnail(face, FACE, FACE);
    let mut picture = thumbnail(behind, CANVAS, CANVAS);
    let start = (CANVAS - FACE) / 2;
    // Shoulders reach further down than hair reaches up.
    let reach = f64::from(FACE) * logarithmic(random, FADING);
    let down = f64::from(FACE) * logarithmic(random, FADING).max(reach / f64::from(FACE));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let inside = |at: u32| at.clamp(start, start + FACE - 1);
        let nearest = (inside(x), inside(y));
        let across = f64::from(x.abs_diff(nearest.0)) / reach;
        let along = if y > nearest.1 { down } else { reach };
        let beyond = across.hypot(f64::from(y.abs_diff(nearest.1)) / along);
        let share = (-beyond * beyond).exp() as f32;
        let front = face.get_pixel(nearest.0 - start, nearest.1 - start).0;
        let back = pixel.0;
        *pixel = Rgb([0, 1, 2].map(|c| {
            let (front, back) = (f32::from(front[c]), f32::from(back[c]));
            (share * front + (1.0 - share) * back).round() as u8
        }));
    }
    picture
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::train::recipe::RecipeText;
    use crate::train::systems::face_check::Recipe;

    /// White, so that its place is seen.
    fn white() -> RgbImage {
        RgbImage::from_pixel(40, 40, Rgb([255; 3]))
    }

    /// Middle of what is white, and its side if it is a square, pixels of `picture`.
    fn whereabouts(picture: &RgbImage) -> ([f64; 2], f64) {
        let mut sums = [0.0; 3];
        for (x, y, pixel) in picture.enumerate_pixels() {
            if pixel.0[0] == 255 {
                let add = [f64::from(x) + 0.5, f64::from(y) + 0.5, 1.0];
                sums = [0, 1, 2].map(|i| sums[i] + add[i]);
            }
        }
        ([sums[0] / sums[2], sums[1] / sums[2]], sums[2].sqrt())
    }

    #[test]
    fn labels_tell_where_the_face_is() {
        let mut degradation = Recipe::read_with(None, &[]).unwrap().degradation;
        degradation.outside = 0.3;
        let behind = RgbImage::new(30, 30);
        let mut random = Pcg64Mcg::seed_from_u64(5);
        let mut checked = 0;
        for _ in 0..60 {
            let placed = place(&white(), &behind, &degradation, &mut random);
            let (middle, side) = whereabouts(&placed.picture);
            let (width, scene) = (placed.picture.width(), &placed.scene);
            let scale = f64::from(scene.side) / f64::from(width);
            let [face, x, y, larger] = placed.labels.map(f64::from);
            assert_eq!(face, 1.0);
            // A face that the frame cuts cannot be measured like this.
            if width < CANVAS {
                continue;
            }
            checked += 1;
            let view = &scene.view;
            let found = view.side * larger.exp() / scale;
            assert!((found - f64::from(FACE)).abs() < 1.5 && (side - found).abs() < 6.0);
            let expected = [view.x, view.y].map(|start| (start + view.side / 2.0) / scale);
            let off = [x, y].map(|part| part * view.side / scale);
            for i in 0..2 {
                let place = expected[i] + off[i];
                assert!((place - middle[i]).abs() < 3.0, "{place} {middle:?}");
            }
        }
        assert!(checked > 20);
    }
}
