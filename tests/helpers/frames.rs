//! Frames of any format, and what became of them.

use super::fake_model::COLOR;
use super::harness::init;
use gst_video::VideoFormat;
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::caps::StreamLayout;
use gstdepixelate::frame::{
    FrameView, FrameViewMut, Lattice, Layout, Patch, Rect, SampleFormat, patch,
};

pub fn caps_of(format: VideoFormat, width: u32, height: u32) -> gst::Caps {
    init();
    gst_video::VideoCapsBuilder::new()
        .format(format)
        .width(width as i32)
        .height(height as i32)
        .framerate(gst::Fraction::new(25, 1))
        .build()
}

/// Bytes that look like nothing, the same each time.
pub fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_769).wrapping_add(1);
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A frame of noise; `number` is its offset, its time and its seed.
pub fn noise_frame(caps: &gst::Caps, number: u64) -> gst::Buffer {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let mut buffer = gst::Buffer::from_mut_slice(noise(info.size(), number as u32 + 1));
    stamp(buffer.make_mut(), number);
    buffer
}

pub fn stamp(buffer: &mut gst::BufferRef, number: u64) {
    buffer.set_offset(number);
    buffer.set_pts(gst::ClockTime::from_mseconds(40 * number));
    buffer.set_duration(gst::ClockTime::from_mseconds(40));
}

/// A frame of noise whose planes begin late and have long rows, as its video meta says.
pub fn padded_frame(caps: &gst::Caps, number: u64) -> gst::Buffer {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let format = info.format_info();
    let mut end = 13;
    let (mut offsets, mut strides) = (Vec::new(), Vec::new());
    for plane in 0..info.n_planes() {
        let stride = info.stride()[plane as usize] + 5 + 3 * plane as i32;
        let component = format.plane().iter().position(|&of| of == plane).unwrap();
        let rows = (info.height() as usize).div_ceil(1 << format.h_sub()[component]);
        offsets.push(end);
        strides.push(stride);
        end += stride as usize * rows + 7;
    }
    let mut buffer = gst::Buffer::from_mut_slice(noise(end, number as u32 + 1));
    stamp(buffer.make_mut(), number);
    gst_video::VideoMeta::add_full(
        buffer.make_mut(),
        gst_video::VideoFrameFlags::empty(),
        info.format(),
        info.width(),
        info.height(),
        &offsets,
        &strides,
    )
    .unwrap();
    buffer
}

pub fn bytes_of(buffer: &gst::BufferRef) -> Vec<u8> {
    buffer.map_readable().unwrap().to_vec()
}

/// Which bytes of `buffer` are samples of pixels in `rect`, widened to the chroma grid.
pub fn bytes_inside(caps: &gst::Caps, buffer: &gst::BufferRef, rect: &Rect) -> Vec<bool> {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let layout = *StreamLayout::from_caps(caps).unwrap().layout();
    let meta = buffer.meta::<gst_video::VideoMeta>();
    let (offsets, strides) = match &meta {
        Some(meta) => (meta.offset().to_vec(), meta.stride().to_vec()),
        None => (info.offset().to_vec(), info.stride().to_vec()),
    };
    let mut inside = vec![false; buffer.size()];
    let Some(rect) = rect.clamp_to(layout.width, layout.height) else {
        return inside;
    };
    let bytes = layout.samples().bytes();
    for component in layout.components() {
        for y in rect.y as usize..rect.bottom() as usize {
            for x in rect.x as usize..rect.right() as usize {
                let row = (y >> component.sub_y) * strides[component.plane] as usize;
                let column = (x >> component.sub_x) * component.pixel_stride + component.offset;
                inside[offsets[component.plane] + row + column..][..bytes].fill(true);
            }
        }
    }
    inside
}

/// `rect` of a frame, as this crate reads it.
pub fn patch_of(caps: &gst::Caps, buffer: &gst::BufferRef, rect: Rect) -> Patch {
    let mut found = Patch::default();
    StreamLayout::from_caps(caps)
        .unwrap()
        .read(buffer, |frame| patch::read(&frame, rect, &mut found))
        .unwrap();
    found
}

/// Blend `painted` into a frame.
pub fn paste(caps: &gst::Caps, buffer: &mut gst::BufferRef, painted: &Patch, mask: &[f32]) {
    StreamLayout::from_caps(caps)
        .unwrap()
        .write(buffer, |mut frame| patch::write(&mut frame, painted, mask))
        .unwrap();
}

/// The R, G, B of one pixel, as this crate reads it.
pub fn pixel(caps: &gst::Caps, buffer: &gst::BufferRef, x: i32, y: i32) -> [u8; 3] {
    let found = patch_of(caps, buffer, Rect::new(x, y, 1, 1));
    [0, 1, 2].map(|index| found.plane(index)[0].round().clamp(0.0, 255.0) as u8)
}

/// The middle of `rect` has the fake model's colour, or its BT.601 luma in a picture without
/// chroma, give or take what 8-bit Y′CbCr costs.
#[track_caller]
pub fn assert_restored(caps: &gst::Caps, buffer: &gst::BufferRef, rect: &Rect) {
    let (x, y) = (
        rect.x + rect.width as i32 / 2,
        rect.y + rect.height as i32 / 2,
    );
    let expected = match StreamLayout::from_caps(caps).unwrap().layout().components() {
        [_] => [102; 3],
        _ => COLOR,
    };
    let found = pixel(caps, buffer, x, y);
    let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3);
    assert!(near, "{found:?} at {x}, {y} is not {expected:?}: {caps}");
}

/// Bytes of `after` outside `rects` are those of `before`.
#[track_caller]
pub fn assert_unchanged_outside(
    caps: &gst::Caps,
    before: &[u8],
    after: &gst::BufferRef,
    rects: &[Rect],
) {
    let mut inside = vec![false; before.len()];
    for rect in rects {
        let more = bytes_inside(caps, after, rect);
        inside.iter_mut().zip(more).for_each(|(a, b)| *a |= b);
    }
    let after = bytes_of(after);
    assert_eq!(before.len(), after.len());
    let wrong = (0..before.len()).find(|&i| !inside[i] && before[i] != after[i]);
    assert_eq!(wrong, None, "this byte outside the regions changed");
}

/// Code values of a row, read sample by sample; pictures without chroma have the code of no colour
/// there.
pub fn codes_of_row(caps: &gst::Caps, buffer: &gst::BufferRef, y: u32) -> Vec<[u16; 3]> {
    let layout = StreamLayout::from_caps(caps).unwrap();
    let read = |frame: FrameView<'_>| {
        let layout = frame.layout();
        let code = |index: usize, x: usize| {
            let Some(component) = layout.components().get(index) else {
                return layout.samples().neutral();
            };
            let plane = frame.plane(component.plane);
            let row = (y as usize >> component.sub_y) * plane.stride;
            let at = row + (x >> component.sub_x) * component.pixel_stride + component.offset;
            match layout.samples() {
                SampleFormat::Byte => u16::from(plane.data[at]),
                SampleFormat::Word { shift, .. } => {
                    let word = u16::from_le_bytes([plane.data[at], plane.data[at + 1]]);
                    (word >> shift) & layout.samples().max()
                }
            }
        };
        (0..layout.width as usize)
            .map(|x| [0, 1, 2].map(|index| code(index, x)))
            .collect()
    };
    layout.read(buffer, read).unwrap()
}

/// Attach a region meta; the numbers of the rectangle are written as they are.
pub fn add_roi(buffer: &mut gst::BufferRef, kind: &str, rect: &Rect) {
    let corner = (rect.x as u32, rect.y as u32);
    gst_video::VideoRegionOfInterestMeta::add(
        buffer,
        kind,
        (corner.0, corner.1, rect.width, rect.height),
    );
}

/// Attach a meta that names a mosaic of blocks of 8 pixels, to be restored as the face `id` if there
/// is one.
pub fn add_mosaic(buffer: &mut gst::BufferRef, kind: &str, rect: &Rect, id: Option<u32>) {
    let corner = (rect.x as u32, rect.y as u32, rect.width, rect.height);
    let mut meta = gst_video::VideoRegionOfInterestMeta::add(buffer, kind, corner);
    let details = gst::Structure::builder("detection")
        .field("block-width", 8f64)
        .field("block-height", 8f64)
        .field("phase-x", f64::from(rect.x.rem_euclid(8)))
        .field("phase-y", f64::from(rect.y.rem_euclid(8)))
        .field_if_some("track-id", id);
    meta.add_param(details.build());
}

/// Pixelate `rect` of a packed RGB picture of `size` (width, height) by blocks of 8 pixels.
pub fn pixelated(picture: &mut [u8], size: (u32, u32), rect: &Rect) {
    let layout = Layout::rgb(size.0, size.1);
    let mut view = FrameViewMut::packed(&layout, picture, 3 * size.0 as usize).unwrap();
    let lattice = Lattice::square(8, rect.x, rect.y);
    pixelate(&mut view, rect, &lattice, Fill::TileMean);
}

/// Packed RGB of `size` (width, height) that is smooth and busy: waves of several lengths.
pub fn busy_picture(size: (u32, u32)) -> Vec<u8> {
    let level = |i: u32| {
        let (x, y) = ((i % size.0) as f32, (i / size.0) as f32);
        let wave = |f: f32| (x * f).sin() * (y * f * 0.8).cos();
        (128.0 + 50.0 * wave(0.07) + 40.0 * wave(0.23)) as u8
    };
    let pixels = (0..size.0 * size.1).flat_map(|i| [level(i), level(i / 2 + 900), level(i / 3)]);
    pixels.collect()
}
