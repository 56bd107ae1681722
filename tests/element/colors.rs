//! What samples mean: the crops of every format and colorimetry compared with GStreamer's tables
//! and with its converter.

use crate::helpers::*;
use gst_video::{VideoColorMatrix, VideoColorRange, VideoFormat};
use gstdepixelate::element::caps::FORMATS;
use gstdepixelate::frame::{Patch, Rect};

/// range:matrix:transfer:primaries in numbers; one transfer and primaries, so that only range and
/// matrix count.
const COLORIMETRIES: [&str; 6] = [
    "2:4:1:1", "2:3:1:1", "2:6:1:1", "1:4:1:1", "1:3:1:1", "1:6:1:1",
];

const RECT: Rect = Rect::new(3, 5, 29, 17);

/// Caps in every format, and in every colorimetry where the format has a say in it.
fn all_caps() -> Vec<gst::Caps> {
    let mut all = Vec::new();
    for &format in FORMATS {
        let caps = caps_of(format, 37, 23);
        all.push(caps.clone());
        let is_yuv = gst_video::VideoFormatInfo::from_format(format).is_yuv();
        for colorimetry in COLORIMETRIES.iter().filter(|_| is_yuv) {
            let mut caps = caps.clone();
            caps.make_mut().set("colorimetry", colorimetry);
            all.push(caps);
        }
        if gst_video::VideoFormatInfo::from_format(format).is_rgb() {
            let mut caps = caps;
            caps.make_mut().set("colorimetry", "2:1:1:1");
            all.push(caps);
        }
    }
    all
}

/// Largest difference between `found` and `expected` (pixel by pixel), both cut to 0–255.
fn difference(found: &Patch, expected: &[[f64; 3]]) -> f64 {
    assert_eq!(found.area(), expected.len());
    let cut = |value: f64| value.clamp(0.0, 255.0);
    let mut largest = 0f64;
    for index in 0..3 {
        for (found, expected) in found.plane(index).iter().zip(expected) {
            let distance = cut(f64::from(*found)) - cut(expected[index]);
            largest = largest.max(distance.abs());
        }
    }
    largest
}

/// R′, G′, B′ of code values by GStreamer's offsets, excursions and luma weights, in double
/// precision.
fn by_table(info: &gst_video::VideoInfo, codes: [u16; 3]) -> [f64; 3] {
    let colorimetry = info.colorimetry();
    // The table of a format without chroma knows no chroma: ask for its unpacked twin.
    let format = match (info.format_info().is_gray(), info.comp_depth(0)) {
        (true, 8) => VideoFormat::Ayuv,
        (true, _) => VideoFormat::Ayuv64,
        _ => info.format(),
    };
    let format = gst_video::VideoFormatInfo::from_format(format);
    let (offsets, scales) = format.range_offsets(colorimetry.range());
    let [x, y, z] = [0, 1, 2].map(|index| {
        f64::from(i32::from(codes[index]) - offsets[index]) / f64::from(scales[index])
    });
    if info.is_rgb() {
        return [x, y, z].map(|value| value * 255.0);
    }
    let (kr, kb) = match colorimetry.matrix() {
        // Pictures without chroma need no matrix.
        VideoColorMatrix::Unknown => (0.299, 0.114),
        matrix => matrix.kr_kb().unwrap(),
    };
    let red = x + 2.0 * (1.0 - kr) * z;
    let blue = x + 2.0 * (1.0 - kb) * y;
    let green = (x - kr * red - kb * blue) / (1.0 - kr - kb);
    [red, green, blue].map(|value| value * 255.0)
}

#[test]
fn crops_agree_with_gstreamers_tables() {
    for caps in all_caps() {
        let info = gst_video::VideoInfo::from_caps(&caps).unwrap();
        for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            let mut expected = Vec::new();
            for y in RECT.y..RECT.bottom() as i32 {
                let codes = codes_of_row(&caps, &buffer, y as u32);
                let codes = &codes[RECT.x as usize..RECT.right() as usize];
                expected.extend(codes.iter().map(|&codes| by_table(&info, codes)));
            }
            let found = patch_of(&caps, &buffer, RECT);
            let largest = difference(&found, &expected);
            // Single precision.
            assert!(largest < 1e-3, "{largest} grey levels: {caps}");
        }
    }
}

/// R′, G′, B′ of `rect` after GStreamer converted all of the frame to 16-bit R′G′B′.
fn by_converter(caps: &gst::Caps, buffer: gst::Buffer, rect: Rect) -> Vec<[f64; 3]> {
    let in_info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let (width, height) = (in_info.width(), in_info.height());
    let out_info = gst_video::VideoInfo::builder(VideoFormat::Argb64Le, width, height)
        .fps(in_info.fps())
        .build()
        .unwrap();
    let mut config = gst_video::VideoConverterConfig::new();
    // As we do it: chroma repeats, nothing is dithered.
    config.set_chroma_mode(gst_video::VideoChromaMode::None);
    config.set_chroma_resampler_method(gst_video::VideoResamplerMethod::Nearest);
    config.set_dither_method(gst_video::VideoDitherMethod::None);
    let input = gst_video::VideoFrame::from_buffer_readable(buffer, &in_info).unwrap();
    let output = gst::Buffer::with_size(out_info.size()).unwrap();
    let mut output = gst_video::VideoFrame::from_buffer_writable(output, &out_info).unwrap();
    gst_video::VideoConverter::new(&in_info, &out_info, Some(config))
        .unwrap()
        .frame(&input, &mut output);
    let output = output.into_buffer();
    let bytes = bytes_of(&output);
    let stride = out_info.stride()[0] as usize;
    let value = |x: i32, y: i32, index: usize| {
        let at = y as usize * stride + 8 * x as usize + 2 * (index + 1);
        f64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]])) / 257.0
    };
    (rect.y..rect.bottom() as i32)
        .flat_map(|y| (rect.x..rect.right() as i32).map(move |x| (x, y)))
        .map(|(x, y)| [0, 1, 2].map(|index| value(x, y, index)))
        .collect()
}

/// Most grey levels that GStreamer's converter may be away from the exact value: its factors have
/// eight fractional bits, and it widens samples to 16 bits by repeating theirs, which lifts the
/// limited range's white by a grey level for bytes, and by a quarter for ten bits.
fn tolerance(caps: &gst::Caps) -> f64 {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    if info.comp_depth(0) == 8 { 3.0 } else { 1.5 }
}

/// The converter hands R′G′B′ of one range on as that of another.
fn is_ignored_by_converter(caps: &gst::Caps) -> bool {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    info.is_rgb() && info.colorimetry().range() == VideoColorRange::Range16_235
}

#[test]
fn crops_are_near_those_of_gstreamers_converter() {
    let all = all_caps().into_iter();
    for caps in all.filter(|caps| !is_ignored_by_converter(caps)) {
        for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            let found = patch_of(&caps, &buffer, RECT);
            let largest = difference(&found, &by_converter(&caps, buffer, RECT));
            assert!(largest < tolerance(&caps), "{largest} grey levels: {caps}");
        }
    }
}
