//! Formats of the elements, and GStreamer's description of a frame translated into ours.
//!
//! Planes are found from the buffer's own video meta where it has one, and are slices of one
//! mapping of the whole buffer, so that a stranger's wrong offset or stride is an error and never a
//! read outside the memory. A buffer of several memories is merged by GStreamer while it is mapped.

use crate::frame::{
    ColorModel, Component, FrameError, FrameView, FrameViewMut, Layout, MAX_PLANES, Matrix, Parity,
    Plane, PlaneMut, Range, SampleFormat, Transfer,
};
use gst_video::prelude::*;
use gst_video::{
    VideoBufferFlags, VideoColorMatrix, VideoColorRange, VideoFieldOrder, VideoFormat,
    VideoInterlaceMode, VideoTransferFunction,
};

/// Raw video formats of all elements, preferred first. A test compares each with GStreamer's own
/// unpacking and conversion.
pub const FORMATS: &[VideoFormat] = &[
    VideoFormat::I420,
    VideoFormat::Nv12,
    VideoFormat::I42010le,
    VideoFormat::P01010le,
    VideoFormat::Yv12,
    VideoFormat::Nv21,
    VideoFormat::I42012le,
    VideoFormat::P012Le,
    VideoFormat::P016Le,
    VideoFormat::A420,
    VideoFormat::A42010le,
    VideoFormat::Y42b,
    VideoFormat::Nv16,
    VideoFormat::Nv61,
    VideoFormat::Yuy2,
    VideoFormat::Uyvy,
    VideoFormat::Yvyu,
    VideoFormat::I42210le,
    VideoFormat::I42212le,
    VideoFormat::A42210le,
    VideoFormat::Y41b,
    VideoFormat::Yuv9,
    VideoFormat::Yvu9,
    VideoFormat::Y444,
    VideoFormat::Nv24,
    VideoFormat::Ayuv,
    VideoFormat::Vuya,
    VideoFormat::Y44410le,
    VideoFormat::Y44412le,
    VideoFormat::Y44416le,
    VideoFormat::A44410le,
    VideoFormat::Gray8,
    VideoFormat::Gray16Le,
    VideoFormat::Rgb,
    VideoFormat::Bgr,
    VideoFormat::Rgbx,
    VideoFormat::Bgrx,
    VideoFormat::Xrgb,
    VideoFormat::Xbgr,
    VideoFormat::Rgba,
    VideoFormat::Bgra,
    VideoFormat::Argb,
    VideoFormat::Abgr,
    VideoFormat::Rgbp,
    VideoFormat::Bgrp,
    VideoFormat::Gbr,
    VideoFormat::Gbr10le,
    VideoFormat::Gbr12le,
    VideoFormat::Gbra,
    VideoFormat::Gbra10le,
    VideoFormat::Gbra12le,
    // In the machine's byte order.
    #[cfg(target_endian = "little")]
    VideoFormat::Argb64,
    VideoFormat::Argb64Le,
    VideoFormat::Rgba64Le,
    VideoFormat::Bgra64Le,
    VideoFormat::Abgr64Le,
];

/// Caps of the pad templates.
pub fn template_caps() -> gst::Caps {
    gst_video::VideoCapsBuilder::new()
        .format_list(FORMATS.iter().copied())
        .build()
}

/// Take cropping out of downstream's answer to an ALLOCATION query: regions count from the visible
/// picture's corner, so upstream is to crop by itself.
pub fn refuse_cropping(query: &mut gst::query::Allocation) {
    while let Some(index) = query.find_allocation_meta::<gst_video::VideoCropMeta>() {
        query.remove_nth_allocation_meta(index);
    }
}

/// Why a frame cannot be used, or caps cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PictureError {
    /// The caps describe no raw video.
    #[error("caps describe no raw video: {0}")]
    Caps(String),
    /// A format outside [`FORMATS`].
    #[error("format {0} is not supported")]
    Format(String),
    /// The buffer's memory cannot be mapped.
    #[error("the buffer cannot be mapped")]
    Map,
    /// The buffer's video meta names another format than the caps.
    #[error("the buffer's video meta says {meta}, its caps say {caps}")]
    OtherFormat {
        /// Format in the meta.
        meta: String,
        /// Format in the caps.
        caps: String,
    },
    /// A plane lies outside its buffer, runs backwards, or shares rows with another.
    #[error("plane {0} does not lie in the buffer by itself")]
    Plane(usize),
    /// The planes are too small for the caps.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Offset of the first byte and of the next row of each plane.
type PlanePositions = [(usize, usize); MAX_PLANES];

/// How frames of the current caps lie in memory.
#[derive(Clone, Debug)]
pub struct StreamLayout {
    info: gst_video::VideoInfo,
    layout: Layout,
}

impl StreamLayout {
    /// Read `caps`.
    pub fn from_caps(caps: &gst::CapsRef) -> Result<Self, PictureError> {
        let info = gst_video::VideoInfo::from_caps(caps)
            .map_err(|_| PictureError::Caps(caps.to_string()))?;
        let layout = layout_of(&info)?;
        Ok(Self { info, layout })
    }

    /// The caps as GStreamer reads them.
    pub fn info(&self) -> &gst_video::VideoInfo {
        &self.info
    }

    /// The caps as this crate reads them.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Which field of `buffer` was there first; None where it is one whole picture.
    pub fn first_field(&self, buffer: &gst::BufferRef) -> Option<Parity> {
        let flags = buffer.video_flags();
        let is_interlaced = match self.info.interlace_mode() {
            VideoInterlaceMode::Interleaved => true,
            VideoInterlaceMode::Mixed => flags.contains(VideoBufferFlags::INTERLACED),
            _ => false,
        };
        let is_top = flags.contains(VideoBufferFlags::TFF)
            || self.info.field_order() == VideoFieldOrder::TopFieldFirst;
        let first = if is_top { Parity::Top } else { Parity::Bottom };
        is_interlaced.then_some(first)
    }

    /// Why frames of these caps pass unrestored, for a user to read; None where they can be
    /// restored.
    pub fn obstacle(&self) -> Option<&'static str> {
        use VideoInterlaceMode::{Interleaved, Mixed, Progressive};
        let mode = self.info.interlace_mode();
        (!matches!(mode, Progressive | Interleaved | Mixed)).then_some(
            "fields that come apart are not restored; put deinterlace before this element",
        )
    }

    /// Duration of one frame, 1/25 s where the caps do not tell.
    pub fn frame_duration(&self) -> gst::ClockTime {
        let (numerator, denominator) = (self.info.fps().numer(), self.info.fps().denom());
        let nanoseconds = match (u64::try_from(numerator), u64::try_from(denominator)) {
            (Ok(rate), Ok(per)) if rate > 0 && per > 0 => {
                gst::ClockTime::SECOND.nseconds().saturating_mul(per) / rate
            }
            _ => gst::ClockTime::SECOND.nseconds() / 25,
        };
        gst::ClockTime::from_nseconds(nanoseconds)
    }

    /// Map `buffer` for reading.
    pub fn read<R>(
        &self,
        buffer: &gst::BufferRef,
        read: impl FnOnce(FrameView<'_>) -> R,
    ) -> Result<R, PictureError> {
        let (layout, positions) = self.locate(buffer)?;
        let map = buffer.map_readable().map_err(|_| PictureError::Map)?;
        let mut planes = [Plane::default(); MAX_PLANES];
        let used = layout.plane_count();
        for (index, (offset, stride)) in positions.into_iter().enumerate().take(used) {
            let data = map.get(offset..).ok_or(PictureError::Plane(index))?;
            planes[index] = Plane { data, stride };
        }
        Ok(read(FrameView::new(&layout, planes)?))
    }

    /// Map `buffer` for reading and writing.
    pub fn write<R>(
        &self,
        buffer: &mut gst::BufferRef,
        write: impl FnOnce(FrameViewMut<'_>) -> R,
    ) -> Result<R, PictureError> {
        let (layout, positions) = self.locate(buffer)?;
        let mut map = buffer.map_writable().map_err(|_| PictureError::Map)?;
        let used = layout.plane_count();
        let planes = split(map.as_mut_slice(), &positions[..used])?;
        Ok(write(FrameViewMut::new(&layout, planes)?))
    }

    /// Where this buffer's planes are. Its meta may tell another size than the caps: a decoder's
    /// padded picture of which the caps name the visible part.
    fn locate(&self, buffer: &gst::BufferRef) -> Result<(Layout, PlanePositions), PictureError> {
        let Some(meta) = buffer.meta::<gst_video::VideoMeta>() else {
            return Ok((
                self.layout,
                positions(self.info.offset(), self.info.stride())?,
            ));
        };
        if meta.format() != self.info.format() {
            return Err(PictureError::OtherFormat {
                meta: meta.format().to_string(),
                caps: self.info.format().to_string(),
            });
        }
        let mut layout = self.layout;
        layout.width = meta.width();
        layout.height = meta.height();
        Ok((layout, positions(meta.offset(), meta.stride())?))
    }
}

fn positions(offsets: &[usize], strides: &[i32]) -> Result<PlanePositions, PictureError> {
    let mut positions = PlanePositions::default();
    for (index, (offset, stride)) in offsets.iter().zip(strides).enumerate() {
        let stride = usize::try_from(*stride).map_err(|_| PictureError::Plane(index))?;
        if let Some(position) = positions.get_mut(index) {
            *position = (*offset, stride);
        }
    }
    Ok(positions)
}

/// Cut `data` at the planes' offsets: each reaches to the next one's first byte.
fn split<'a>(
    data: &'a mut [u8],
    positions: &[(usize, usize)],
) -> Result<[PlaneMut<'a>; MAX_PLANES], PictureError> {
    let mut planes: [PlaneMut<'a>; MAX_PLANES] = Default::default();
    let mut order: [usize; MAX_PLANES] = std::array::from_fn(|index| index);
    let order = &mut order[..positions.len()];
    order.sort_unstable_by_key(|&index| positions[index].0);
    // From the back, as what is cut off there does not move what remains.
    let mut rest = data;
    for &index in order.iter().rev() {
        let (offset, stride) = positions[index];
        if offset >= rest.len() {
            return Err(PictureError::Plane(index));
        }
        let (front, back) = rest.split_at_mut(offset);
        planes[index] = PlaneMut { data: back, stride };
        rest = front;
    }
    Ok(planes)
}

fn layout_of(info: &gst_video::VideoInfo) -> Result<Layout, PictureError> {
    let unsupported = || PictureError::Format(info.format().to_string());
    if !FORMATS.contains(&info.format()) {
        return Err(unsupported());
    }
    let format = info.format_info();
    // What follows the first three is alpha.
    let count = (format.n_components() as usize).min(3);
    // Equal for all components of every format of the list.
    let samples = match (format.depth()[0], format.shift()[0]) {
        (8, 0) => SampleFormat::Byte,
        (depth, shift) => SampleFormat::Word { depth, shift },
    };
    let component = |index: usize| Component {
        plane: format.plane()[index] as usize,
        // The table says 1 for the second chroma of P010 and its kin, which begins after one word.
        offset: (format.poffset()[index] as usize).next_multiple_of(samples.bytes()),
        // Positive for every format of the list.
        pixel_stride: format.pixel_stride()[index].unsigned_abs() as usize,
        sub_x: format.w_sub()[index],
        sub_y: format.h_sub()[index],
    };
    let components: Vec<_> = (0..count).map(component).collect();
    let model = color_model(info);
    let mut layout = Layout::new(info.width(), info.height(), model, samples, &components)
        .ok_or_else(unsupported)?;
    layout.transfer = match info.colorimetry().transfer() {
        VideoTransferFunction::Smpte2084 => Transfer::Pq,
        VideoTransferFunction::AribStdB67 => Transfer::Hlg,
        _ => Transfer::Sdr,
    };
    Ok(layout)
}

fn color_model(info: &gst_video::VideoInfo) -> ColorModel {
    let colorimetry = info.colorimetry();
    let range = match colorimetry.range() {
        VideoColorRange::Range0_255 => Range::Full,
        VideoColorRange::Range16_235 => Range::Limited,
        // Nobody said; what is usual.
        _ if info.is_yuv() => Range::Limited,
        _ => Range::Full,
    };
    if info.is_rgb() {
        return ColorModel::Rgb { range };
    }
    let matrix = match colorimetry.matrix() {
        VideoColorMatrix::Bt2020 => Matrix::Bt2020,
        // SMPTE 240M's weights (0.212, 0.087) are within a hundredth or two of BT.709's.
        VideoColorMatrix::Bt709 | VideoColorMatrix::Smpte240m => Matrix::Bt709,
        // FCC's weights (0.30, 0.11) are BT.601's, rounded.
        _ => Matrix::Bt601,
    };
    ColorModel::Yuv { matrix, range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_cut_whatever_their_order() {
        let mut data: Vec<u8> = (0..12).collect();
        let planes = split(&mut data, &[(4, 2), (8, 1), (1, 1)]).unwrap();
        let bytes = planes.map(|plane| (plane.data.to_vec(), plane.stride));
        assert_eq!(bytes[0], (vec![4, 5, 6, 7], 2));
        assert_eq!(bytes[1], (vec![8, 9, 10, 11], 1));
        assert_eq!(bytes[2], (vec![1, 2, 3], 1));
    }

    #[test]
    fn planes_outside_or_upon_each_other_are_refused() {
        let mut data = [0; 12];
        assert!(split(&mut data, &[(0, 4), (12, 2)]).is_err());
        assert!(split(&mut data, &[(0, 4), (usize::MAX, 2)]).is_err());
        assert!(split(&mut data, &[(0, 4), (4, 2), (4, 2)]).is_err());
        assert!(split(&mut [], &[(0, 4)]).is_err());
    }

    #[test]
    fn frame_duration_has_a_fallback() {
        gst::init().unwrap();
        let duration = |numerator, denominator| {
            let caps = gst_video::VideoCapsBuilder::new()
                .format(VideoFormat::I420)
                .width(16)
                .height(16)
                .framerate(gst::Fraction::new(numerator, denominator))
                .build();
            StreamLayout::from_caps(&caps).unwrap().frame_duration()
        };
        assert_eq!(duration(30, 1).nseconds(), 33_333_333);
        assert_eq!(duration(1, 2).seconds(), 2);
        assert_eq!(duration(0, 1).mseconds(), 40);
    }
}
