//! What a finder is shown of a picture.

use image::RgbImage;

use crate::cascade::{HostTensor, LoadError};
use crate::degrade::smooth::resize_bilinear;
use crate::onnx::ElementType;
use crate::onnx::proto::{GraphProto, ValueInfoProto};

/// Longest side that a network without a size of its own is shown, pixels.
const LONGEST: u32 = 640;
/// Sides of what networks are shown are multiples of this, pixels: the largest stride.
const MULTIPLE: u32 = 32;
/// Sides that an input may have, pixels.
const SIDES: std::ops::RangeInclusive<i64> = 32..=2048;

/// How grey levels become a network's numbers: (level − `mean`) ÷ `scale`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colors {
    /// Channels in the network's order: 0 is red, 2 is blue.
    pub order: [usize; 3],
    pub mean: f32,
    pub scale: f32,
}

/// The input of a finder.
#[derive(Debug)]
pub(super) struct Input {
    pub name: String,
    /// Width and height; None where it takes any.
    size: Option<(u32, u32)>,
}

impl Input {
    /// The only input of a graph, for one picture of three channels.
    pub(super) fn of(model: &str, graph: &GraphProto) -> Result<Self, LoadError> {
        let is_weight = |name: &String| graph.initializer.iter().any(|it| it.name == *name);
        // Old files list their weights among the inputs.
        let mut inputs = graph.input.iter().filter(|it| !is_weight(&it.name));
        let wrong = |value: &str, found: String| LoadError::Shape {
            model: model.to_owned(),
            value: value.to_owned(),
            found,
            expected: format!(
                "Float[1, 3, H, W] with H and W open or from {} to {}",
                SIDES.start(),
                SIDES.end()
            ),
            advice: "name a finder of faces that takes one picture".to_owned(),
        };
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err(wrong("inputs", "not one".to_owned()));
        };
        let size = size_of(input);
        let size =
            size.ok_or_else(|| wrong(&format!("input `{}`", input.name), input.described()))?;
        Ok(Self {
            name: input.name.clone(),
            size,
        })
    }

    /// How a picture of `width` × `height` pixels is laid out for the network.
    pub(super) fn frame(&self, (width, height): (u32, u32)) -> Frame {
        let ratio = |own: u32, length: u32| f64::from(own) / f64::from(length.max(1));
        let (w, h) = self.size.unwrap_or((LONGEST, LONGEST));
        let scale = ratio(w, width).min(ratio(h, height)).min(1.0);
        let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let size = (scaled(width), scaled(height));
        let up = |length: u32| length.next_multiple_of(MULTIPLE);
        Frame {
            scale,
            size,
            canvas: self.size.unwrap_or((up(size.0), up(size.1))),
        }
    }
}

/// Width and height that an input takes, the inner None where they are open; None where it takes
/// no pictures.
fn size_of(input: &ValueInfoProto) -> Option<Option<(u32, u32)>> {
    let (ElementType::Float, sides) = input.sides()? else {
        return None;
    };
    let side = |side: i64| u32::try_from(side).ok().filter(|_| SIDES.contains(&side));
    match sides[..] {
        [-1 | 1, 3, -1, -1] => Some(None),
        [-1 | 1, 3, height, width] => Some(Some((side(width)?, side(height)?))),
        _ => None,
    }
}

/// How a picture lies in a network's input: at its top left corner, in proportion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Pixels of the network for one of the picture, at most 1.
    pub scale: f64,
    /// Width and height of the picture there.
    size: (u32, u32),
    /// Width and height of the input.
    pub canvas: (u32, u32),
}

impl Frame {
    /// The input, black beside the picture; None for a picture without pixels.
    pub(super) fn shown(&self, picture: &RgbImage, colors: Colors) -> Option<HostTensor> {
        if picture.is_empty() {
            return None;
        }
        let scaled;
        let picture = if picture.dimensions() == self.size {
            picture
        } else {
            scaled = resize_bilinear(picture, self.size)?;
            &scaled
        };
        let (width, height) = (self.canvas.0 as usize, self.canvas.1 as usize);
        let number = |level: u8| (f32::from(level) - colors.mean) / colors.scale;
        let mut data = vec![number(0); 3 * width * height];
        for (plane, channel) in data.chunks_exact_mut(width * height).zip(colors.order) {
            for (row, pixels) in plane.chunks_exact_mut(width).zip(picture.rows()) {
                for (value, pixel) in row.iter_mut().zip(pixels) {
                    *value = number(pixel.0[channel]);
                }
            }
        }
        Some(HostTensor {
            shape: vec![1, 3, height as i64, width as i64],
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn input(size: Option<(u32, u32)>) -> Input {
        let name = "input".to_owned();
        Input { name, size }
    }

    #[test]
    fn pictures_fit_in_proportion() {
        let fixed = input(Some((320, 240)));
        let frame = fixed.frame((640, 960));
        assert_eq!((frame.scale, frame.size), (0.25, (160, 240)));
        assert_eq!(frame.canvas, (320, 240));
        // Small ones are not enlarged.
        assert_eq!(fixed.frame((100, 50)).size, (100, 50));
        let open = input(None).frame((1280, 100));
        assert_eq!((open.size, open.canvas), ((640, 50), (640, 64)));
    }

    #[test]
    fn channels_stand_in_the_networks_order() {
        let frame = input(None).frame((2, 1));
        let picture = RgbImage::from_pixel(2, 1, Rgb([10, 20, 30]));
        let bgr = Colors {
            order: [2, 1, 0],
            mean: 10.0,
            scale: 2.0,
        };
        let shown = frame.shown(&picture, bgr).unwrap();
        assert_eq!(shown.shape, [1, 3, 32, 32]);
        let first = |channel: usize| shown.data[channel * 32 * 32..][..3].to_vec();
        assert_eq!(first(0), [10.0, 10.0, -5.0]);
        assert_eq!(first(2), [0.0, 0.0, -5.0]);
        assert!(frame.shown(&RgbImage::new(0, 0), bgr).is_none());
    }
}
