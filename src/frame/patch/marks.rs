//! What is drawn into a frame for people to see.

use font8x8::UnicodeFonts;

use super::{Patch, write};
use crate::frame::{FrameViewMut, Rect, Tone};

/// What a region is labelled with: the longest one that has room.
const LABELS: [&str; 2] = ["RESTORED", "AI"];
/// Dots of a letter, across and down.
const LETTER: u32 = 8;
/// Dots around the letters.
const EDGE: u32 = 2;
/// R′, G′, B′ of the letters, and of what is behind them.
const LIGHT: f32 = 235.0;
const DARK: f32 = 16.0;
/// Weight of the dark over the picture.
const SHADE: f32 = 0.5;

/// A color of ordinary video as the frame has it.
fn shown(frame: &FrameViewMut<'_>, mut color: [f32; 3]) -> [f32; 3] {
    if let Some(tone) = Tone::of(frame.layout().transfer, &[]) {
        tone.bring_back(&mut color);
    }
    color
}

/// Draw a border of `color` (R′G′B′ of ordinary video, 0–255) inside `rect`, `width` pixels wide;
/// `patch` and `mask` are memory for it.
pub fn outline(
    frame: &mut FrameViewMut<'_>,
    rect: &Rect,
    width: u32,
    color: [f32; 3],
    patch: &mut Patch,
    mask: &mut Vec<f32>,
) {
    let color = shown(frame, color);
    let (right, bottom) = (rect.right() as i32, rect.bottom() as i32);
    let (across, down) = (width.min(rect.width), width.min(rect.height));
    let sides = [
        Rect::new(rect.x, rect.y, rect.width, down),
        Rect::new(rect.x, bottom - down as i32, rect.width, down),
        Rect::new(rect.x, rect.y, across, rect.height),
        Rect::new(right - across as i32, rect.y, across, rect.height),
    ];
    for side in sides {
        patch.reshape(side);
        for (plane, value) in color.into_iter().enumerate() {
            patch.plane_mut(plane).fill(value);
        }
        mask.clear();
        mask.resize(patch.area(), 1.0);
        write(frame, patch, mask);
    }
}

/// Write into the lower edge of `rect` that it was restored; nothing where not even “AI” has room.
/// `patch` and `mask` are memory for it.
pub fn label(frame: &mut FrameViewMut<'_>, rect: &Rect, patch: &mut Patch, mask: &mut Vec<f32>) {
    let layout = frame.layout();
    let Some(rect) = rect.clamp_to(layout.width, layout.height) else {
        return;
    };
    let dots = |text: &str| text.len() as u32 * LETTER + 2 * EDGE;
    let height = LETTER + 2 * EDGE;
    let fits = |text: &&&str| dots(text) <= rect.width && height <= rect.height;
    let Some(text) = LABELS.iter().find(fits) else {
        return;
    };
    // As large as half of the region's width allows.
    let dot = (rect.width / (2 * dots(text)))
        .min(rect.height / (4 * height))
        .max(1);
    let (width, height) = (dots(text) * dot, height * dot);
    let left = rect.x + (rect.width - width) as i32 / 2;
    patch.reshape(Rect::new(
        left,
        rect.bottom() as i32 - height as i32,
        width,
        height,
    ));
    let (light, dark) = (shown(frame, [LIGHT; 3]), shown(frame, [DARK; 3]));
    mask.clear();
    for y in 0..height {
        for x in 0..width {
            let is_lit = is_lit(text, x / dot, y / dot);
            mask.push(if is_lit { 1.0 } else { SHADE });
            let at = (y * width + x) as usize;
            for (plane, (light, dark)) in light.into_iter().zip(dark).enumerate() {
                patch.plane_mut(plane)[at] = if is_lit { light } else { dark };
            }
        }
    }
    write(frame, patch, mask);
}

/// Whether the dot at (`x`, `y`) of a label belongs to a letter.
fn is_lit(text: &str, x: u32, y: u32) -> bool {
    let (Some(x), Some(y)) = (x.checked_sub(EDGE), y.checked_sub(EDGE)) else {
        return false;
    };
    let letter = text.chars().nth((x / LETTER) as usize);
    let glyph = letter.and_then(|letter| font8x8::BASIC_FONTS.get(letter));
    let row = glyph.and_then(|glyph| glyph.get(y as usize).copied());
    row.is_some_and(|row| row >> (x % LETTER) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Layout;

    #[test]
    fn an_outline_is_a_border_and_nothing_else() {
        let layout = Layout::rgb(12, 10);
        let mut data = vec![7; 360];
        let mut frame = FrameViewMut::packed(&layout, &mut data, 36).unwrap();
        let rect = Rect::new(2, 1, 8, 7);
        let (mut patch, mut mask) = (Patch::default(), Vec::new());
        outline(
            &mut frame,
            &rect,
            2,
            [250.0, 200.0, 0.0],
            &mut patch,
            &mut mask,
        );
        for (i, pixel) in data.chunks_exact(3).enumerate() {
            let (x, y) = (i % 12, i / 12);
            let inside = (2..10).contains(&x) && (1..8).contains(&y);
            let deep = (4..8).contains(&x) && (3..6).contains(&y);
            let expected = if inside && !deep {
                [250, 200, 0]
            } else {
                [7; 3]
            };
            assert_eq!(pixel, expected, "{x},{y}");
        }
    }

    #[test]
    fn a_label_lies_inside_of_its_region() {
        for (region, is_labelled) in [
            (Rect::new(10, 8, 90, 60), true),
            (Rect::new(10, 8, 24, 24), true),
            (Rect::new(100, 50, 60, 60), true),
            (Rect::new(10, 8, 10, 10), false),
        ] {
            let layout = Layout::rgb(128, 96);
            let mut data = vec![100; 3 * 128 * 96];
            let mut frame = FrameViewMut::packed(&layout, &mut data, 3 * 128).unwrap();
            label(&mut frame, &region, &mut Patch::default(), &mut Vec::new());
            let (mut light, mut dark) = (0, 0);
            for (i, pixel) in data.chunks_exact(3).enumerate() {
                let (x, y) = (i as i32 % 128, i as i32 / 128);
                let is_inside = (region.x..region.right() as i32).contains(&x)
                    && (region.y..region.bottom() as i32).contains(&y);
                assert!(is_inside || pixel == [100; 3], "{region:?}: {x},{y}");
                light += usize::from(pixel[0] == 235);
                dark += usize::from(pixel[0] == 58);
            }
            assert_eq!(
                light > 40 && dark > light,
                is_labelled,
                "{region:?} {light} {dark}"
            );
        }
    }
}
