//! Tiny models and faces for tests, made on the spot.

use gstdepixelate::cascade::{
    INPUT, ModelMetadata, MosaicInput, RESTORED, STAGE1, ValueRange, Window,
};
use gstdepixelate::onnx::{GraphBuilder, attr, batch_of, encode, open_pictures};
use image::{Rgb, RgbImage};

/// What a tiny model makes of its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tiny {
    /// The input itself.
    Identity,
    /// The input times a factor.
    Scaled(f32),
    /// One colour everywhere: red, green, blue in the model's range.
    Color([f32; 3]),
}

/// Facts of a tiny model: −1 … 1, no enlargement, crop 1.5 times the box, blocks of 2 to `size` ÷ 2
/// pixels.
pub fn tiny_metadata(size: usize) -> ModelMetadata {
    ModelMetadata {
        size,
        scale: 1,
        range: ValueRange::Signed,
        margin: 1.5,
        mosaic: MosaicInput::Blocks,
        blocks: (2.0, size as f32 / 2.0),
        trained_on: "nothing".into(),
        license: "CC0-1.0".into(),
        multiple: None,
        window: Window::default(),
    }
}

/// A whole model file with [`tiny_metadata`]: `stage1` is the input, `restored` is what `kind`
/// says.
pub fn tiny_model(size: usize, kind: Tiny) -> Vec<u8> {
    tiny_model_with(&tiny_metadata(size), kind)
}

/// The same with any facts; enlarged outputs repeat each pixel, and sides are open where the facts
/// say so.
pub fn tiny_model_with(metadata: &ModelMetadata, kind: Tiny) -> Vec<u8> {
    let mut g = GraphBuilder::new("tiny");
    metadata.write_to(&mut g);
    let shape = |scale: usize| match metadata.multiple {
        Some(_) => open_pictures(scale),
        None => {
            let side = (metadata.size * scale) as i64;
            batch_of(&[3, side, side])
        }
    };
    let x = g.input_f32(INPUT, &shape(1));
    let y = match kind {
        Tiny::Identity => g.identity(&x),
        Tiny::Scaled(factor) => {
            let factor = g.initializer_f32("factor", &[1], &[factor]);
            g.mul(&x, &factor)
        }
        Tiny::Color(color) => {
            // Through the input, so that the batch keeps its size.
            let zero = g.initializer_f32("zero", &[1], &[0.0]);
            let color = g.initializer_f32("color", &[1, 3, 1, 1], &color);
            let black = g.mul(&x, &zero);
            g.add(&black, &color)
        }
    };
    let mut enlarged = |picture: String| {
        if metadata.scale == 1 {
            return picture;
        }
        let scale = metadata.scale as f32;
        let scales = g.initializer_f32("scales", &[4], &[1.0, 1.0, scale, scale]);
        let nearest = vec![
            attr::string("mode", "nearest"),
            attr::string("coordinate_transformation_mode", "asymmetric"),
            attr::string("nearest_mode", "floor"),
        ];
        g.node("Resize", &[&picture, "", &scales], nearest)
    };
    let [stage1, restored] = [x, y].map(&mut enlarged);
    let shape = shape(metadata.scale);
    g.output_f32(STAGE1, &stage1, &shape);
    g.output_f32(RESTORED, &restored, &shape);
    encode(&g.finish().expect("a tiny model is well-formed"))
}

/// A face of a sort: an oval with eyes, a mouth and some grain.
pub fn face(number: u32, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let unit = |at: u32| 2.0 * (at as f32 + 0.5) / side as f32 - 1.0;
        let (x, y) = (unit(x), unit(y) + 0.02 * number as f32);
        let grain = (x * 91.0 + y * 57.0 + number as f32).sin() * 6.0;
        let oval = (x / 0.6).powi(2) + (y / 0.8).powi(2) < 1.0;
        let eye = (x.abs() - 0.25).hypot(y + 0.2) < 0.1;
        let mouth = (x / 0.3).powi(2) + ((y - 0.4) / 0.08).powi(2) < 1.0;
        let color = match (eye, mouth, oval) {
            (true, _, _) => [30.0, 30.0, 40.0],
            (_, true, _) => [150.0, 60.0, 60.0],
            (_, _, true) => [205.0 - 9.0 * number as f32, 160.0, 130.0],
            _ => [60.0, 90.0 + 20.0 * number as f32, 110.0],
        };
        Rgb(color.map(|level| (level + grain) as u8))
    })
}
