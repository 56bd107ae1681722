//! Every format of the elements, read and written where GStreamer itself finds its samples.
//!
//! What the samples mean is in `colors.rs`.

use crate::helpers::*;
use gst_video::{VideoFormat, VideoFrameExt};
use gstdepixelate::element::caps::{FORMATS, PictureError, StreamLayout};
use gstdepixelate::frame::{Patch, Rect};

/// Even, odd and smallest sizes.
const SIZES: [(u32, u32); 4] = [(37, 23), (16, 8), (1, 1), (2, 3)];

/// Code values of a row as GStreamer unpacks them: Y′, Cb, Cr or R, G, B.
fn unpacked_row(caps: &gst::Caps, buffer: &gst::BufferRef, y: u32) -> Vec<[u16; 3]> {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).unwrap();
    let format = info.format_info();
    let depth = format.depth()[0];
    let bytes = if depth > 8 { 2 } else { 1 };
    // AYUV or ARGB of 8 or 16 bits.
    let mut row = vec![0; 4 * bytes * info.width() as usize];
    let planes = info.n_planes() as usize;
    let strides = frame.plane_stride();
    // The binding checks sub-sampled planes as if they had every row.
    let longer = |plane: usize| {
        let mut data = frame.planes_data()[plane].to_vec();
        data.resize(
            data.len() + strides[plane] as usize * info.height() as usize,
            0,
        );
        data
    };
    let data: Vec<Vec<u8>> = (0..planes).map(longer).collect();
    let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    format.unpack(
        // Zeros below the code value, not a repetition of its upper bits.
        gst_video::VideoPackFlags::TRUNCATE_RANGE,
        &mut row,
        &data,
        &strides[..planes],
        0,
        y as i32,
        info.width() as i32,
    );
    // Alpha comes first.
    let code = |pixel: &[u8], index: usize| match bytes {
        1 => u16::from(pixel[index]),
        _ => u16::from_ne_bytes([pixel[2 * index], pixel[2 * index + 1]]) >> (16 - depth),
    };
    row.chunks_exact(4 * bytes)
        .map(|pixel| [1, 2, 3].map(|index| code(pixel, index)))
        .collect()
}

fn unpacked(caps: &gst::Caps, buffer: &gst::BufferRef) -> Vec<Vec<[u16; 3]>> {
    let height = StreamLayout::from_caps(caps).unwrap().layout().height;
    (0..height).map(|y| unpacked_row(caps, buffer, y)).collect()
}

/// `test` with a tight and a padded frame of noise in every format and size.
fn for_every_frame(test: impl Fn(&gst::Caps, gst::Buffer)) {
    init();
    for &format in FORMATS {
        for (width, height) in SIZES {
            let caps = caps_of(format, width, height);
            test(&caps, noise_frame(&caps, 0));
            test(&caps, padded_frame(&caps, 1));
        }
    }
}

/// A patch over `rect` with all values between black and white.
fn noise_patch(rect: Rect) -> Patch {
    let mut patch = Patch::default();
    patch.reset(rect);
    for index in 0..3 {
        let values = noise(patch.area(), index as u32 + 9);
        for (value, byte) in patch.plane_mut(index).iter_mut().zip(values) {
            *value = f32::from(byte);
        }
    }
    patch
}

#[test]
fn samples_are_where_gstreamer_finds_them() {
    for_every_frame(|caps, buffer| {
        for (y, expected) in (0..).zip(unpacked(caps, &buffer)) {
            assert_eq!(codes_of_row(caps, &buffer, y), expected, "{caps}, row {y}");
        }
    });
}

/// What is pasted is found by GStreamer inside the mask, and nothing changes elsewhere: neither
/// pixels nor alpha, padding and the bytes between rows.
#[test]
fn a_paste_goes_where_gstreamer_finds_it() {
    for_every_frame(|caps, mut buffer| {
        let (before, kept) = (bytes_of(&buffer), unpacked(caps, &buffer));
        let rect = Rect::new(5, 3, 20, 14);
        let Some(inside) = kept.get(10).filter(|row| row.len() > 16).map(|row| row[15]) else {
            return;
        };
        let mut painted = Patch::default();
        painted.reset(rect);
        for (index, value) in COLOR.into_iter().enumerate() {
            painted.plane_mut(index).fill(f32::from(value));
        }
        paste(
            caps,
            buffer.make_mut(),
            &painted,
            &vec![1.0; painted.area()],
        );
        assert_unchanged_outside(caps, &before, &buffer, &[rect]);
        let now = unpacked(caps, &buffer);
        assert_ne!(now[10][15], inside, "{caps}");
        assert_eq!(now[10][15], now[7][9], "{caps}");
        assert_restored(caps, &buffer, &rect);
    });
}

#[test]
fn an_empty_mask_changes_no_byte() {
    for_every_frame(|caps, mut buffer| {
        let before = bytes_of(&buffer);
        let painted = noise_patch(Rect::new(0, 0, 37, 23));
        paste(
            caps,
            buffer.make_mut(),
            &painted,
            &vec![0.0; painted.area()],
        );
        assert_eq!(before, bytes_of(&buffer), "{caps}");
    });
}

/// Where the mask is zero inside a patch nothing changes either, but for chroma shared with a pixel
/// of the mask.
#[test]
fn a_paste_keeps_to_its_mask() {
    for_every_frame(|caps, mut buffer| {
        let before = bytes_of(&buffer);
        let painted = noise_patch(Rect::new(-2, 1, 30, 20));
        let masked = Rect::new(5, 4, 9, 11);
        let weight = |at: usize| {
            let pixel = Rect::new(at as i32 % 30 - 2, at as i32 / 30 + 1, 1, 1);
            f32::from(u8::from(masked.intersect(&pixel).is_some())) * 0.7
        };
        let mask: Vec<f32> = (0..painted.area()).map(weight).collect();
        paste(caps, buffer.make_mut(), &painted, &mask);
        assert_unchanged_outside(caps, &before, &buffer, &[masked]);
    });
}

/// A crop that is pasted unchanged gives the frame back.
#[test]
fn a_round_trip_changes_no_sample() {
    for_every_frame(|caps, mut buffer| {
        let before = unpacked(caps, &buffer);
        let (width, height) = (before[0].len() as u32, before.len() as u32);
        for rect in [Rect::new(0, 0, width, height), Rect::new(3, 1, 21, 17)] {
            let crop = patch_of(caps, &buffer, rect);
            paste(caps, buffer.make_mut(), &crop, &vec![1.0; crop.area()]);
        }
        assert_eq!(before, unpacked(caps, &buffer), "{caps}");
    });
}

/// Values between two 8-bit codes come back as near as the format's depth allows.
#[test]
fn deep_formats_keep_their_depth() {
    init();
    for &format in FORMATS {
        let caps = caps_of(format, 64, 2);
        let depth = StreamLayout::from_caps(&caps)
            .unwrap()
            .layout()
            .samples()
            .depth();
        let mut buffer = noise_frame(&caps, 0);
        let mut ramp = Patch::default();
        ramp.reset(Rect::new(0, 0, 64, 2));
        // Grey, so that chroma has no say.
        for index in 0..3 {
            for (x, value) in ramp.plane_mut(index).iter_mut().enumerate() {
                *value = 100.0 + (x % 64) as f32 / 64.0;
            }
        }
        paste(&caps, buffer.make_mut(), &ramp, &[1.0; 128]);
        let found = patch_of(&caps, &buffer, ramp.rect());
        // Half a code of the limited range, as grey levels, and what single precision costs.
        let tolerance = 0.5 * 256.0 / 219.0 / f32::from(1u16 << (depth - 8)) + 2e-4;
        for index in 0..3 {
            for (was, now) in ramp.plane(index).iter().zip(found.plane(index)) {
                assert!(
                    (was - now).abs() <= tolerance,
                    "{format}: {was} became {now}"
                );
            }
        }
    }
}

#[test]
fn buffers_that_lie_are_refused() {
    init();
    let caps = caps_of(VideoFormat::I420, 32, 16);
    let layout = StreamLayout::from_caps(&caps).unwrap();
    let short = gst::Buffer::from_mut_slice(vec![0; 32 * 16 * 3 / 2 - 1]);
    assert!(matches!(
        layout.read(&short, |_| ()),
        Err(PictureError::Frame(_))
    ));
    // Its meta says what its caps do not.
    let mut other = gst::Buffer::from_mut_slice(vec![0; 32 * 16 * 4]);
    gst_video::VideoMeta::add(
        other.make_mut(),
        gst_video::VideoFrameFlags::empty(),
        VideoFormat::Bgra,
        32,
        16,
    )
    .unwrap();
    assert!(matches!(
        layout.read(&other, |_| ()),
        Err(PictureError::OtherFormat { .. })
    ));
    // Three components in one word of 32 bits.
    let unknown = caps_of(VideoFormat::R210, 32, 16);
    assert!(matches!(
        StreamLayout::from_caps(&unknown),
        Err(PictureError::Format(_))
    ));
}

/// Two memories in one buffer, as some decoders make them.
#[test]
fn several_memories_are_one_picture() {
    init();
    let caps = caps_of(VideoFormat::Nv12, 32, 16);
    let bytes = noise(32 * 16 * 3 / 2, 7);
    let (luma, chroma) = bytes.split_at(32 * 16);
    let mut buffer = gst::Buffer::from_mut_slice(luma.to_vec());
    let chroma = gst::Memory::from_mut_slice(chroma.to_vec());
    buffer.make_mut().append_memory(chroma);
    let row = codes_of_row(&caps, &buffer, 9);
    assert_eq!(
        row[5],
        [
            bytes[9 * 32 + 5],
            bytes[512 + 4 * 32 + 4],
            bytes[512 + 4 * 32 + 5]
        ]
        .map(u16::from)
    );
    let rect = Rect::new(4, 4, 8, 8);
    let mut painted = Patch::default();
    painted.reset(rect);
    paste(
        &caps,
        buffer.make_mut(),
        &painted,
        &vec![1.0; painted.area()],
    );
    assert_unchanged_outside(&caps, &bytes, &buffer, &[rect]);
    assert_eq!(pixel(&caps, &buffer, 8, 8), [0; 3]);
}
