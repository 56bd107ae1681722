//! Pictures of faces, cut out of a film.

use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};

use crate::app::{AppError, FaceBox, Film, RestoredFace};
use crate::frame::{Rect, Square};

/// Side of what is shown, for a face of side 1.
const MARGIN: f64 = 1.5;
/// Frames of a face that is there for long.
const LONG: u64 = 50;

/// A face to cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Time of the frame, see [`Film`].
    pub(super) time: u64,
    /// The frame, and where the face is in it.
    pub(super) place: FaceBox,
}

impl Wanted {
    /// Where `face` is largest in `film`; the first such frame. None for a face that is nowhere.
    pub(super) fn largest(film: &Film<'_>, face: &RestoredFace) -> Option<Self> {
        let area = |place: &&FaceBox| u64::from(place.width) * u64::from(place.height);
        // Of equals the first: `max_by_key` takes the last.
        let place = *face.boxes.iter().rev().max_by_key(area)?;
        Some(Self::new(film, face, place))
    }

    /// Where it is largest, and where one that is there for long comes and goes, in this order of
    /// time.
    pub(super) fn several(film: &Film<'_>, face: &RestoredFace) -> Vec<Self> {
        let mut wanted: Vec<Self> = Self::largest(film, face).into_iter().collect();
        let [first, last] = face.frames;
        if last.saturating_sub(first) >= LONG {
            let ends = [(first, face.boxes.first()), (last, face.boxes.last())];
            let ends = ends
                .into_iter()
                .filter_map(|(frame, place)| Some(FaceBox { frame, ..*place? }));
            wanted.extend(ends.map(|place| Self::new(film, face, place)));
        }
        wanted.sort_by_key(|wanted| wanted.place.frame);
        wanted.dedup_by_key(|wanted| wanted.place.frame);
        wanted
    }

    fn new(film: &Film<'_>, face: &RestoredFace, place: FaceBox) -> Self {
        let time = film.time_of(face, place.frame);
        Self { time, place }
    }
}

/// Cut faces with their surroundings out of a film, none larger than `side` pixels each way; None
/// for those that cannot be seen, as when the film cannot be decoded until there.
pub(super) fn pictures(
    film: &mut Film<'_>,
    wanted: &[Wanted],
    side: u32,
) -> Result<Vec<Option<RgbImage>>, AppError> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&number| wanted[number].time);
    let mut pictures = vec![None; wanted.len()];
    for number in order {
        let Wanted { time, place } = &wanted[number];
        match film.at(*time) {
            Ok(frame) => {
                pictures[number] = frame.and_then(|it| cut(&it.picture, &rect(place), side))
            }
            Err(error @ (AppError::Cancelled | AppError::Stalled { .. })) => return Err(error),
            Err(_) => break,
        }
    }
    Ok(pictures)
}

/// Where a face is.
fn rect(place: &FaceBox) -> Rect {
    let corner = |place: u32| i32::try_from(place).unwrap_or(i32::MAX);
    Rect::new(corner(place.x), corner(place.y), place.width, place.height)
}

/// The part of a frame around `place`; None where it lies outside.
fn cut(frame: &RgbImage, place: &Rect, side: u32) -> Option<RgbImage> {
    let (x, y, width, height) = around(place, frame.dimensions())?;
    let part = crop_imm(frame, x, y, width, height).to_image();
    Some(shrunk(part, side))
}

/// Left, top, width and height of what is shown of `place` in a picture of `size` (width, height);
/// None where it lies outside.
pub(super) fn around(place: &Rect, size: (u32, u32)) -> Option<(u32, u32, u32, u32)> {
    let place = place.clamp_to(size.0, size.1)?;
    let view = Square::around(&place, MARGIN).inside(&place, size.0, size.1);
    let view = view.bounds().clamp_to(size.0, size.1)?;
    // Both corners are inside the picture.
    Some((view.x as u32, view.y as u32, view.width, view.height))
}

/// A picture that is no larger than `side` pixels each way.
pub(super) fn shrunk(picture: RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let fitted = fit((width, height), side);
    match width.max(height) > side {
        true => resize(&picture, fitted.0, fitted.1, FilterType::CatmullRom),
        false => picture,
    }
}

/// The size of a picture that is scaled until its longer side is `side`.
pub(super) fn fit((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let longer = u64::from(width.max(height).max(1));
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / longer).max(1) as u32;
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: u32, y: u32, width: u32, height: u32) -> Rect {
        rect(&FaceBox {
            frame: 0,
            x,
            y,
            width,
            height,
        })
    }

    #[test]
    fn parts_lie_in_the_frame_and_have_bounded_sides() {
        let frame = RgbImage::from_fn(100, 60, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let part = cut(&frame, &place(40, 20, 20, 20), 100).unwrap();
        assert_eq!(
            (part.dimensions(), part.get_pixel(0, 0).0),
            ((30, 30), [35, 15, 0])
        );
        // Moved in from the corner.
        let part = cut(&frame, &place(0, 50, 20, 10), 100).unwrap();
        assert_eq!(
            (part.dimensions(), part.get_pixel(0, 0).0),
            ((30, 30), [0, 30, 0])
        );
        let part = cut(&frame, &place(0, 0, 100, 30), 50).unwrap();
        assert!(part.width() == 50 && part.height() <= 50);
        for outside in [
            place(100, 0, 5, 5),
            place(u32::MAX, 0, u32::MAX, 9),
            place(3, 3, 0, 4),
        ] {
            assert!(cut(&frame, &outside, 50).is_none());
        }
    }

    #[test]
    fn sizes_keep_their_shape() {
        assert_eq!(fit((100, 50), 20), (20, 10));
        assert_eq!(fit((1, 5000), 20), (1, 20));
        assert_eq!(fit((0, 0), 20), (1, 1));
    }
}
