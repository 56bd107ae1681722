//! PQ and HLG: faces are restored by way of what ordinary video would hold of the same light.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::{
    Backend, Crops, ModelMetadata, MosaicInput, RunError, ValueRange, Window,
};
use gstdepixelate::element::{FaceDepixelate, FacePixelate};
use gstdepixelate::frame::{Patch, Rect};
use image::RgbImage;
use std::sync::Arc;

const PQ: &str = "bt2100-pq";
const HLG: &str = "bt2100-hlg";
const SDR: &str = "bt2020-10";

/// Formats that such video comes in.
const FORMATS: [VideoFormat; 5] = [
    VideoFormat::P01010le,
    VideoFormat::I42010le,
    VideoFormat::I42210le,
    VideoFormat::Y44410le,
    VideoFormat::Y44412le,
];

fn caps_with(format: VideoFormat, colorimetry: &str, (width, height): (u32, u32)) -> gst::Caps {
    let mut caps = caps_of(format, width, height);
    caps.make_mut().set("colorimetry", colorimetry);
    caps
}

/// A frame of what `value` says of each channel and pixel: R′, G′, B′ of the frame, 0–255.
fn drawn(caps: &gst::Caps, value: impl Fn(usize, usize, usize) -> f32) -> gst::Buffer {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let mut patch = Patch::default();
    patch.reset(Rect::new(0, 0, info.width(), info.height()));
    for channel in 0..3 {
        for (i, to) in patch.plane_mut(channel).iter_mut().enumerate() {
            let width = info.width() as usize;
            *to = value(channel, i % width, i / width);
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(vec![0; info.size()]);
    paste(caps, buffer.make_mut(), &patch, &vec![1.0; patch.area()]);
    stamp(buffer.make_mut(), 0);
    buffer
}

/// The fake model's colour, 230 40 90, as light of 158, 2.4 and 17 cd/m² where 203 are white, is
/// these values of PQ and these of HLG, by the formulas of BT.2100.
#[test]
fn what_the_model_answers_is_light_of_ordinary_video() {
    const RECT: Rect = Rect::new(11, 7, 30, 24);
    for (colorimetry, expected) in [(PQ, [141.52, 50.68, 87.07]), (HLG, [180.80, 35.66, 80.24])] {
        for format in FORMATS {
            let caps = caps_with(format, colorimetry, (64, 48));
            let buffer = drawn(&caps, |channel, x, y| {
                (40 + 20 * channel + x + y / 2) as f32
            });
            let before = bytes_of(&buffer);
            let (element, _) = with_regions(&[RECT]);
            let after = through(&element, &caps, buffer);
            assert_unchanged_outside(&caps, &before, &after, &[RECT]);
            let found = patch_of(&caps, &after, Rect::new(26, 19, 1, 1));
            for (channel, expected) in expected.into_iter().enumerate() {
                let found = found.plane(channel)[0];
                // Half a code of ten bits in each of luma and chroma.
                assert!(
                    (found - expected).abs() < 0.5,
                    "{format} {colorimetry}: {found}"
                );
            }
            assert!(
                messages(&element)
                    .iter()
                    .all(|it| it.type_() != gst::MessageType::Warning)
            );
        }
    }
}

/// A model that answers with what it is asked, pixel by pixel.
struct Echo(ModelMetadata);

impl Echo {
    fn element(size: usize, rect: Rect) -> FaceDepixelate {
        let element = element(&Fake::new());
        element.set_backend_for_test(Arc::new(move || {
            Ok(Box::new(Self(ModelMetadata {
                size,
                scale: 1,
                range: ValueRange::Unit,
                margin: 1.0,
                mosaic: MosaicInput::Blocks,
                blocks: (2.0, 16.0),
                trained_on: "nothing".into(),
                license: "CC0-1.0".into(),
                multiple: None,
                window: Window::default(),
            })))
        }));
        element.set_property("regions", regions(&[rect]));
        element
    }
}

impl Backend for Echo {
    fn metadata(&self) -> &ModelMetadata {
        &self.0
    }

    fn execution_provider(&self) -> &str {
        "none"
    }

    fn takes_lattice(&self) -> bool {
        false
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, answer: &mut Vec<f32>) -> Result<(), RunError> {
        answer.clear();
        answer.extend_from_slice(crops.pixelated);
        Ok(())
    }
}

#[test]
fn what_the_model_leaves_stays_to_one_code() {
    let rect = Rect::new(8, 4, 64, 64);
    for colorimetry in [PQ, HLG] {
        for format in FORMATS {
            let caps = caps_with(format, colorimetry, (96, 80));
            // From black to what is far brighter than white.
            let buffer = drawn(&caps, |channel, x, y| {
                let slope = 2.0 + 0.15 * channel as f32;
                4.0 + slope * x as f32 + 0.3 * y as f32
            });
            let before = buffer.copy_deep().unwrap();
            let after = through(&Echo::element(64, rect), &caps, buffer);
            assert_unchanged_outside(&caps, &bytes_of(&before), &after, &[rect]);
            let depth = gst_video::VideoInfo::from_caps(&caps)
                .unwrap()
                .comp_depth(0);
            for y in 0..80 {
                let rows = [&before, &after].map(|frame| codes_of_row(&caps, frame, y));
                for (was, now) in rows[0].iter().zip(&rows[1]) {
                    let far = was.iter().zip(now).map(|(a, b)| a.abs_diff(*b)).max();
                    let most = 1 << (depth - 10);
                    assert!(
                        far.unwrap() <= most,
                        "{format} {colorimetry}: {was:?} {now:?}"
                    );
                }
            }
        }
    }
}

/// Linear light of BT.709's primaries in those of BT.2020, ITU-R BT.2087, and the way back.
const TO_BT2020: [[f64; 3]; 3] = [
    [0.6274, 0.3293, 0.0433],
    [0.0691, 0.9195, 0.0114],
    [0.0164, 0.0880, 0.8956],
];
const TO_BT709: [[f64; 3]; 3] = [
    [1.6605, -0.5876, -0.0728],
    [-0.1246, 1.1329, -0.0083],
    [-0.0182, -0.1006, 1.1187],
];

fn mixed(matrix: &[[f64; 3]; 3], color: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(color).map(|(a, b)| a * b).sum())
}

/// The signal of light (1 is diffuse white), and the inverse, by BT.2100 in double precision. HLG's
/// display has 1000 cd/m², and its system gamma, 1.2, is that of luminance.
mod curves {
    const M: (f64, f64) = (2610.0 / 16384.0, 2523.0 / 32.0);
    const C: (f64, f64, f64) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    const A: f64 = 0.178_832_77;
    const B: f64 = 0.284_668_92;
    const D: f64 = 0.559_910_73;

    pub fn pq(light: f64) -> f64 {
        let power = (light * 203.0 / 10_000.0).powf(M.0);
        ((C.0 + C.1 * power) / (1.0 + C.2 * power)).powf(M.1)
    }

    pub fn pq_light(signal: f64) -> f64 {
        let root = signal.powf(1.0 / M.1);
        let power = (root - C.0).max(0.0) / (C.1 - C.2 * root);
        power.powf(1.0 / M.0) * 10_000.0 / 203.0
    }

    fn luminance(color: [f64; 3]) -> f64 {
        0.2627 * color[0] + 0.6780 * color[1] + 0.0593 * color[2]
    }

    pub fn hlg(light: [f64; 3]) -> [f64; 3] {
        let light = light.map(|light| light * 0.203);
        let scale = luminance(light).max(1e-9).powf(1.0 / 1.2 - 1.0);
        light.map(|light| match light * scale {
            scene if scene <= 1.0 / 12.0 => (3.0 * scene).sqrt(),
            scene => A * (12.0 * scene - B).ln() + D,
        })
    }

    pub fn hlg_light(signal: [f64; 3]) -> [f64; 3] {
        let scene = signal.map(|signal| match signal {
            signal if signal <= 0.5 => signal * signal / 3.0,
            signal => (((signal - D) / A).exp() + B) / 12.0,
        });
        let scale = luminance(scene).max(1e-9).powf(0.2) / 0.203;
        scene.map(|scene| scene * scale)
    }
}

/// R′, G′, B′ of ordinary video (BT.709) as those of `colorimetry`, 0–255.
fn signal_of(colorimetry: &str, color: [f64; 3]) -> [f64; 3] {
    let light = mixed(&TO_BT2020, color.map(|value| (value / 255.0).powf(2.4)));
    let signal = match colorimetry {
        PQ => light.map(curves::pq),
        HLG => curves::hlg(light),
        _ => return color,
    };
    signal.map(|signal| 255.0 * signal)
}

/// The inverse of [`signal_of`].
fn color_of(colorimetry: &str, signal: [f64; 3]) -> [f64; 3] {
    let unit = signal.map(|value| (value / 255.0).clamp(0.0, 1.0));
    let light = match colorimetry {
        PQ => unit.map(curves::pq_light),
        HLG => curves::hlg_light(unit),
        _ => return signal,
    };
    mixed(&TO_BT709, light).map(|light| 255.0 * light.clamp(0.0, 1.0).powf(1.0 / 2.4))
}

/// The restored half of the README's picture, and its face.
fn picture() -> (RgbImage, Rect) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    let picture = image::open(file).unwrap().into_rgb8();
    let half = image::imageops::crop_imm(&picture, 644, 0, 644, 360).to_image();
    (half, Rect::new(222, 72, 156, 156))
}

/// How near the face is, in PSNR of ordinary video, after it was pixelated in `colorimetry`, found
/// and restored: before and after the restoration.
fn nearness(picture: &RgbImage, face: Rect, colorimetry: &str, format: VideoFormat) -> [f64; 2] {
    let caps = caps_with(format, colorimetry, picture.dimensions());
    let signal = |x: usize, y: usize| {
        signal_of(
            colorimetry,
            picture.get_pixel(x as u32, y as u32).0.map(f64::from),
        )
    };
    let clear = drawn(&caps, |channel, x, y| signal(x, y)[channel] as f32);
    let pixelate: FacePixelate = glib::Object::new();
    pixelate.set_property("block-size", 9u32);
    pixelate.set_property("regions", regions(&[face]));
    let mosaic = through(&pixelate, &caps, clear);
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("detail", 0f32);
    let restored = through(&element, &caps, mosaic.copy_deep().unwrap());
    assert!(errors(&element).is_empty());
    [mosaic, restored].map(|frame| {
        let seen = patch_of(&caps, &frame, face);
        let mut sum = 0.0;
        for i in 0..seen.area() {
            let found = [0, 1, 2].map(|channel| f64::from(seen.plane(channel)[i]));
            let (x, y) = (i as u32 % face.width, i as u32 / face.width);
            let truth = picture.get_pixel(face.x as u32 + x, face.y as u32 + y).0;
            let off = color_of(colorimetry, found).into_iter().zip(truth);
            sum += off.map(|(a, b)| (a - f64::from(b)).powi(2)).sum::<f64>();
        }
        10.0 * (255.0 * 255.0 * 3.0 * seen.area() as f64 / sum).log10()
    })
}

/// The networks made this face of a mosaic in ordinary video, and make it again of one; PQ's means
/// are others. Of 21 portraits the mean came back with 24.5 dB in ordinary video, 24.6 in PQ and
/// 24.4 in HLG.
#[test]
fn a_face_comes_back_as_near_as_in_ordinary_video() {
    init();
    let (picture, face) = picture();
    for format in [VideoFormat::Y44410le, VideoFormat::P01010le] {
        let [_, usual] = nearness(&picture, face, SDR, format);
        for colorimetry in [PQ, HLG] {
            let [mosaic, restored] = nearness(&picture, face, colorimetry, format);
            println!(
                "{format} {colorimetry}: {mosaic:.2} dB, restored {restored:.2}, usual {usual:.2}"
            );
            assert!(restored > mosaic + 1.0);
            assert!(restored > usual - 1.5);
        }
    }
}
