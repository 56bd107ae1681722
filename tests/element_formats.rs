//! Every format of the elements, read and written as GStreamer itself does.

mod common;

use common::*;
use gst_video::{VideoFormat, VideoFrameExt};
use gstdepixelate::element::caps::{FORMATS, PictureError, StreamLayout};
use gstdepixelate::frame::{FrameView, Patch, Rect, patch};

/// Component values of a row as GStreamer unpacks them: Y′, Cb, Cr or R, G, B.
fn unpacked_row(caps: &gst::Caps, buffer: &gst::BufferRef, y: u32) -> Vec<[u8; 3]> {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).unwrap();
    let format = info.format_info();
    // AYUV or ARGB: alpha comes first.
    let mut row = vec![0; 4 * info.width() as usize];
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
        gst_video::VideoPackFlags::empty(),
        &mut row,
        &data,
        &strides[..planes],
        0,
        y as i32,
        info.width() as i32,
    );
    row.chunks_exact(4).map(|p| [p[1], p[2], p[3]]).collect()
}

fn our_row(frame: &FrameView<'_>, y: u32) -> Vec<[u8; 3]> {
    let layout = frame.layout();
    let sample = |index: usize, x: usize| {
        let component = &layout.components[index];
        let plane = frame.plane(component.plane);
        let row = (y as usize >> component.sub_y) * plane.stride;
        plane.data[row + (x >> component.sub_x) * component.pixel_stride + component.offset]
    };
    (0..layout.width as usize)
        .map(|x| [0, 1, 2].map(|index| sample(index, x)))
        .collect()
}

#[test]
fn samples_are_where_gstreamer_finds_them() {
    init();
    for format in FORMATS {
        for (width, height) in [(37, 23), (16, 8), (1, 1), (2, 3)] {
            let caps = caps_of(format, width, height);
            let layout = StreamLayout::from_caps(&caps).unwrap();
            for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
                for y in 0..height {
                    let expected = unpacked_row(&caps, &buffer, y);
                    let found = layout.read(&buffer, |frame| our_row(&frame, y)).unwrap();
                    assert_eq!(found, expected, "{format} {width}×{height}, row {y}");
                }
            }
        }
    }
}

/// A patch that is written and read back by GStreamer has the values that we wrote.
#[test]
fn samples_go_where_gstreamer_finds_them() {
    init();
    for format in FORMATS {
        let caps = caps_of(format, 37, 23);
        let layout = StreamLayout::from_caps(&caps).unwrap();
        for mut buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            let before = bytes_of(&buffer);
            let rect = Rect::new(5, 3, 20, 14);
            let mut painted = Patch::default();
            painted.reset(rect);
            for (index, value) in COLOR.into_iter().enumerate() {
                painted.plane_mut(index).fill(f32::from(value));
            }
            let mask = vec![1.0; painted.area()];
            layout
                .write(buffer.make_mut(), |mut frame| {
                    patch::write(&mut frame, &painted, &mask);
                })
                .unwrap();
            assert_unchanged_outside(&caps, &before, &buffer, &[rect]);
            let inner = unpacked_row(&caps, &buffer, 10)[15];
            let flat = unpacked_row(&caps, &buffer, 7)[9];
            assert_eq!(inner, flat, "{format}");
            assert_restored(&caps, &buffer, &rect);
        }
    }
}

/// Convert one flat picture with GStreamer's converter.
fn converted(from: &gst::Caps, color: [u8; 3], to: &gst::Caps) -> gst::Buffer {
    let in_info = gst_video::VideoInfo::from_caps(from).unwrap();
    let out_info = gst_video::VideoInfo::from_caps(to).unwrap();
    let mut bytes = vec![0; in_info.size()];
    for row in bytes.chunks_exact_mut(in_info.stride()[0] as usize) {
        row.chunks_exact_mut(3)
            .take(in_info.width() as usize)
            .for_each(|pixel| pixel.copy_from_slice(&color));
    }
    let input = gst::Buffer::from_mut_slice(bytes);
    let input = gst_video::VideoFrame::from_buffer_readable(input, &in_info).unwrap();
    let output = gst::Buffer::with_size(out_info.size()).unwrap();
    let mut output = gst_video::VideoFrame::from_buffer_writable(output, &out_info).unwrap();
    gst_video::VideoConverter::new(&in_info, &out_info, None)
        .unwrap()
        .frame(&input, &mut output);
    output.into_buffer()
}

#[test]
fn colors_are_those_of_gstreamers_converter() {
    init();
    let rgb = caps_of(VideoFormat::Rgb, 16, 16);
    // range:matrix:transfer:primaries in numbers; one transfer and primaries, so that only the matrix counts.
    let colorimetries = [
        "2:4:1:1", "2:3:1:1", "2:6:1:1", "1:4:1:1", "1:3:1:1", "1:6:1:1",
    ];
    for format in [VideoFormat::I420, VideoFormat::Nv12] {
        for colorimetry in colorimetries {
            let mut caps = caps_of(format, 16, 16);
            caps.make_mut().set("colorimetry", colorimetry);
            for color in [
                [255, 0, 0],
                [0, 255, 0],
                [10, 60, 250],
                [200, 190, 30],
                [77; 3],
            ] {
                let buffer = converted(&rgb, color, &caps);
                let found = pixel(&caps, &buffer, 8, 8);
                let near = found.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= 3);
                assert!(near, "{format} {colorimetry}: {color:?} became {found:?}");
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
    let unknown = caps_of(VideoFormat::Gray8, 32, 16);
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
    let layout = StreamLayout::from_caps(&caps).unwrap();
    let bytes = noise(32 * 16 * 3 / 2, 7);
    let (luma, chroma) = bytes.split_at(32 * 16);
    let mut buffer = gst::Buffer::from_mut_slice(luma.to_vec());
    let chroma = gst::Memory::from_mut_slice(chroma.to_vec());
    buffer.make_mut().append_memory(chroma);
    let row = layout.read(&buffer, |frame| our_row(&frame, 9)).unwrap();
    assert_eq!(
        row[5],
        [
            bytes[9 * 32 + 5],
            bytes[512 + 4 * 32 + 4],
            bytes[512 + 4 * 32 + 5]
        ]
    );
    let rect = Rect::new(4, 4, 8, 8);
    layout
        .write(buffer.make_mut(), |mut frame| {
            let mut painted = Patch::default();
            painted.reset(rect);
            let mask = vec![1.0; painted.area()];
            patch::write(&mut frame, &painted, &mask);
        })
        .unwrap();
    assert_unchanged_outside(&caps, &bytes, &buffer, &[rect]);
    assert_eq!(pixel(&caps, &buffer, 8, 8), [0; 3]);
}
