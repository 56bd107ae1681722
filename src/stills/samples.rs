//! The samples of a picture as a frame that is changed where it is.

use image::DynamicImage;

use super::StillError;
use crate::frame::{
    ColorModel, Component, FrameViewMut, Layout, Matrix, Range, SampleFormat, Transfer,
};

/// Samples of eight or sixteen bits.
enum Samples<'a> {
    Bytes(&'a mut [u8]),
    Words(&'a mut [u16]),
}

/// Let `work` change the pixels of `picture`, whose values mean the light that `transfer` says. Its
/// opacity is no part of the frame.
pub(super) fn edit<T>(
    picture: &mut DynamicImage,
    transfer: Transfer,
    work: impl FnOnce(&mut FrameViewMut<'_>) -> T,
) -> Result<T, StillError> {
    let layout = layout(picture, transfer).ok_or(StillError::Float)?;
    let stride = usize::from(picture.color().bytes_per_pixel()) * picture.width() as usize;
    match samples(picture).ok_or(StillError::Float)? {
        Samples::Bytes(bytes) => Ok(work(&mut FrameViewMut::packed(&layout, bytes, stride)?)),
        Samples::Words(words) => {
            // Frames are little-endian: nothing to do where the machine is.
            let turn = |words: &mut [u16], turn: fn(u16) -> u16| {
                words.iter_mut().for_each(|word| *word = turn(*word));
            };
            turn(words, u16::to_le);
            let bytes = bytemuck::cast_slice_mut(words);
            let done = work(&mut FrameViewMut::packed(&layout, bytes, stride)?);
            turn(words, u16::from_le);
            Ok(done)
        }
    }
}

/// Where the colours lie; None for samples that are no integers.
fn layout(picture: &DynamicImage, transfer: Transfer) -> Option<Layout> {
    let color = picture.color();
    let pixel_stride = usize::from(color.bytes_per_pixel());
    let bytes = pixel_stride / usize::from(color.channel_count());
    let samples = match bytes {
        1 => SampleFormat::Byte,
        2 => SampleFormat::Word {
            depth: 16,
            shift: 0,
        },
        _ => return None,
    };
    let range = Range::Full;
    let (model, count) = match color.has_color() {
        true => (ColorModel::Rgb { range }, 3),
        false => {
            let matrix = Matrix::Bt601;
            (ColorModel::Yuv { matrix, range }, 1)
        }
    };
    let component = |channel| Component {
        offset: channel * bytes,
        pixel_stride,
        ..Component::default()
    };
    let components: Vec<Component> = (0..count).map(component).collect();
    let (width, height) = (picture.width(), picture.height());
    let mut layout = Layout::new(width, height, model, samples, &components)?;
    layout.transfer = transfer;
    Some(layout)
}

/// Divide colours that were multiplied by the opacity, by that. Where nothing is seen they stay.
pub(super) fn divide_by_opacity(picture: &mut DynamicImage) {
    let color = picture.color();
    if !color.has_alpha() {
        return;
    }
    let channels = usize::from(color.channel_count());
    match samples(picture) {
        Some(Samples::Bytes(bytes)) => divide(bytes, channels, u8::MAX),
        Some(Samples::Words(words)) => divide(words, channels, u16::MAX),
        None => {}
    }
}

/// The same, of pixels of so many `channels`, the last of which is the opacity, `most` where it is
/// full.
fn divide<S: Copy + Into<u32> + TryFrom<u32>>(samples: &mut [S], channels: usize, most: S) {
    for pixel in samples.chunks_exact_mut(channels) {
        let Some((opacity, colors)) = pixel.split_last_mut() else {
            return;
        };
        let opacity: u32 = (*opacity).into();
        for color in colors {
            let product = (*color).into() * most.into() + opacity / 2;
            if let Some(divided) = product.checked_div(opacity) {
                // More than the opacity would be brighter than white.
                *color = S::try_from(divided).unwrap_or(most);
            }
        }
    }
}

fn samples(picture: &mut DynamicImage) -> Option<Samples<'_>> {
    Some(match picture {
        DynamicImage::ImageLuma8(pixels) => Samples::Bytes(pixels),
        DynamicImage::ImageLumaA8(pixels) => Samples::Bytes(pixels),
        DynamicImage::ImageRgb8(pixels) => Samples::Bytes(pixels),
        DynamicImage::ImageRgba8(pixels) => Samples::Bytes(pixels),
        DynamicImage::ImageLuma16(pixels) => Samples::Words(pixels),
        DynamicImage::ImageLumaA16(pixels) => Samples::Words(pixels),
        DynamicImage::ImageRgb16(pixels) => Samples::Words(pixels),
        DynamicImage::ImageRgba16(pixels) => Samples::Words(pixels),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Patch, Rect, patch};

    #[test]
    fn colours_are_divided_by_the_opacity() {
        let mut bytes = vec![20, 40, 200, 40, 9, 9, 9, 0, 7, 8, 9, 255];
        divide(&mut bytes, 4, u8::MAX);
        assert_eq!(bytes, [128, 255, 255, 40, 9, 9, 9, 0, 7, 8, 9, 255]);
        let mut words = vec![65535, 65535, 1, 2, 65535, 1];
        divide(&mut words, 2, u16::MAX);
        assert_eq!(words, [65535, 65535, 32768, 2, 65535, 1]);
    }

    #[test]
    fn colours_are_changed_and_opacity_is_not() {
        let kinds = [
            DynamicImage::new_luma8(8, 4),
            DynamicImage::new_luma_a8(8, 4),
            DynamicImage::new_rgb8(8, 4),
            DynamicImage::new_rgba8(8, 4),
            DynamicImage::new_luma16(8, 4),
            DynamicImage::new_luma_a16(8, 4),
            DynamicImage::new_rgb16(8, 4),
            DynamicImage::new_rgba16(8, 4),
        ];
        for mut picture in kinds {
            let kind = picture.color();
            let paint = |frame: &mut FrameViewMut<'_>| {
                let mut white = Patch::default();
                white.reset(Rect::new(2, 1, 3, 2));
                white.values_mut().fill(255.0);
                patch::write(frame, &white, &[1.0; 6]);
            };
            edit(&mut picture, Transfer::Sdr, paint).unwrap();
            for (x, y, pixel) in picture.to_rgba16().enumerate_pixels() {
                let inside = (2..5).contains(&x) && (1..3).contains(&y);
                let value = if inside { 65535 } else { 0 };
                let opacity = if kind.has_alpha() { 0 } else { 65535 };
                assert_eq!(pixel.0, [value, value, value, opacity], "{kind:?} {x},{y}");
            }
        }
        let mut light = DynamicImage::new_rgb32f(8, 4);
        assert!(edit(&mut light, Transfer::Sdr, |_| ()).is_err());
    }
}
