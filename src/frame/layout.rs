//! Where the colour components of a picture lie in memory, and what their numbers mean.

use super::Transfer;

/// Most planes that a layout can name.
pub const MAX_PLANES: usize = 3;

/// Coefficients of luma, from the caps' colorimetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition, JPEG.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl Matrix {
    /// (Kr, Kb): the weights of red and blue in luma.
    pub const fn coefficients(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Excursion of the code values. Those named here are 8-bit; more bits multiply them by 2^(depth −
/// 8), but for the upper end of the full range, which is the largest code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0–255.
    Full,
    /// R′, G′, B′ and luma 16–235, chroma 16–240.
    Limited,
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorModel {
    /// Red, green, blue.
    Rgb {
        /// Code value range.
        range: Range,
    },
    /// Y′, Cb, Cr; or Y′ alone.
    Yuv {
        /// Luma coefficients.
        matrix: Matrix,
        /// Code value range.
        range: Range,
    },
}

/// How each sample of a picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// One byte.
    Byte,
    /// Two bytes, little-endian: `depth` bits of code value above `shift` unused ones.
    Word {
        /// Bits of a code value, 9–16.
        depth: u32,
        /// Unused low bits; `depth` + `shift` is at most 16.
        shift: u32,
    },
}

impl SampleFormat {
    /// Bits of a code value.
    pub const fn depth(self) -> u32 {
        match self {
            Self::Byte => 8,
            Self::Word { depth, .. } => depth,
        }
    }

    /// Bytes of a sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Word { .. } => 2,
        }
    }

    /// The largest code value.
    pub const fn max(self) -> u16 {
        u16::MAX >> (16 - self.depth())
    }

    /// The chroma code of no colour, at every range.
    pub const fn neutral(self) -> u16 {
        1 << (self.depth() - 1)
    }

    const fn is_valid(self) -> bool {
        match self {
            Self::Byte => true,
            Self::Word { depth, shift } => {
                9 <= depth && depth <= 16 && shift <= 16 && depth + shift <= 16
            }
        }
    }
}

/// Position of one component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Index of the plane.
    pub plane: usize,
    /// Bytes from the start of a row to the first sample.
    pub offset: usize,
    /// Bytes from one sample to the next.
    pub pixel_stride: usize,
    /// log2 of the horizontal sub-sampling.
    pub sub_x: u32,
    /// log2 of the vertical sub-sampling.
    pub sub_y: u32,
}

/// Size, colour model and component positions of a picture. Strides belong to the mapped frame.
///
/// Alpha and padding are no components: nothing here reads or writes them.
///
/// ```
/// use gstdepixelate::frame::{FrameView, Layout, Matrix, Range};
///
/// let layout = Layout::i420(640, 480, Matrix::Bt709, Range::Limited);
/// assert_eq!(layout.component_size(1), (320, 240));
/// // Packed pixels lie in one plane; for several there is `FrameView::new`.
/// let (layout, pixels) = (Layout::rgb(4, 2), [0; 24]);
/// assert!(FrameView::packed(&layout, &pixels, 12).is_ok());
/// assert!(FrameView::packed(&layout, &pixels, 16).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the components are.
    pub model: ColorModel,
    /// What light they mean; ordinary video's in each layout that is made here.
    pub transfer: Transfer,
    /// How samples are stored.
    samples: SampleFormat,
    components: [Component; 3],
    /// Components there are: 3, or 1 where there is no chroma.
    count: usize,
}

/// Largest log2 of sub-sampling: 4:1:0 has 2.
const MAX_SUB: u32 = 3;

impl Layout {
    /// A layout of R, G, B or Y′, Cb, Cr or Y′ alone, in this order.
    ///
    /// None where the description makes no sense: another number of components, samples that
    /// overlap, more planes than [`MAX_PLANES`], sub-sampling beyond 8, or bits beyond a sample's
    /// bytes.
    pub fn new(
        width: u32,
        height: u32,
        model: ColorModel,
        samples: SampleFormat,
        components: &[Component],
    ) -> Option<Self> {
        let is_yuv = matches!(model, ColorModel::Yuv { .. });
        let count_fits = components.len() == 3 || (components.len() == 1 && is_yuv);
        let fits = |component: &Component| {
            component.plane < MAX_PLANES
                && component.pixel_stride >= samples.bytes()
                && component.sub_x <= MAX_SUB
                && component.sub_y <= MAX_SUB
        };
        if !count_fits || !samples.is_valid() || !components.iter().all(fits) {
            return None;
        }
        let mut all = [Component::default(); 3];
        all[..components.len()].copy_from_slice(components);
        Some(Self {
            width,
            height,
            model,
            transfer: Transfer::Sdr,
            samples,
            components: all,
            count: components.len(),
        })
    }

    /// Packed RGB, three bytes a pixel: what picture files decode to.
    pub const fn rgb(width: u32, height: u32) -> Self {
        Self::packed_rgb(width, height, 3, [0, 1, 2])
    }

    /// Packed 8-bit RGB with `pixel_stride` bytes a pixel and red, green, blue at `offsets`.
    pub const fn packed_rgb(
        width: u32,
        height: u32,
        pixel_stride: usize,
        offsets: [usize; 3],
    ) -> Self {
        let base = Component {
            plane: 0,
            offset: 0,
            pixel_stride,
            sub_x: 0,
            sub_y: 0,
        };
        let mut components = [base; 3];
        components[0].offset = offsets[0];
        components[1].offset = offsets[1];
        components[2].offset = offsets[2];
        Self {
            width,
            height,
            model: ColorModel::Rgb { range: Range::Full },
            transfer: Transfer::Sdr,
            samples: SampleFormat::Byte,
            components,
            count: 3,
        }
    }

    /// Planar Y′CbCr 4:2:0 in three planes (I420).
    pub const fn i420(width: u32, height: u32, matrix: Matrix, range: Range) -> Self {
        Self::yuv420(width, height, matrix, range, [(1, 0), (2, 0)], 1)
    }

    /// Y′CbCr 4:2:0 with interleaved chroma in a second plane (NV12).
    pub const fn nv12(width: u32, height: u32, matrix: Matrix, range: Range) -> Self {
        Self::yuv420(width, height, matrix, range, [(1, 0), (1, 1)], 2)
    }

    const fn yuv420(
        width: u32,
        height: u32,
        matrix: Matrix,
        range: Range,
        chroma: [(usize, usize); 2],
        pixel_stride: usize,
    ) -> Self {
        let luma = Component {
            plane: 0,
            offset: 0,
            pixel_stride: 1,
            sub_x: 0,
            sub_y: 0,
        };
        let chroma_base = Component {
            plane: 0,
            offset: 0,
            pixel_stride,
            sub_x: 1,
            sub_y: 1,
        };
        let mut components = [luma, chroma_base, chroma_base];
        components[1].plane = chroma[0].0;
        components[1].offset = chroma[0].1;
        components[2].plane = chroma[1].0;
        components[2].offset = chroma[1].1;
        Self {
            width,
            height,
            model: ColorModel::Yuv { matrix, range },
            transfer: Transfer::Sdr,
            samples: SampleFormat::Byte,
            components,
            count: 3,
        }
    }

    /// R, G, B or Y′, Cb, Cr, in this order, or Y′ alone.
    pub fn components(&self) -> &[Component] {
        &self.components[..self.count]
    }

    /// How samples are stored.
    pub const fn samples(&self) -> SampleFormat {
        self.samples
    }

    /// Number of planes up to the last one that a component lies in.
    pub fn plane_count(&self) -> usize {
        let planes = self
            .components()
            .iter()
            .map(|component| component.plane + 1);
        planes.max().unwrap_or(0)
    }

    /// Width and height of component `index` in samples: odd sizes round up.
    pub const fn component_size(&self, index: usize) -> (usize, usize) {
        let component = &self.components[index];
        (
            (self.width as usize).div_ceil(1 << component.sub_x),
            (self.height as usize).div_ceil(1 << component.sub_y),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YUV: ColorModel = ColorModel::Yuv {
        matrix: Matrix::Bt709,
        range: Range::Limited,
    };
    const LUMA: Component = Component {
        plane: 0,
        offset: 0,
        pixel_stride: 2,
        sub_x: 0,
        sub_y: 0,
    };

    fn layout(
        model: ColorModel,
        depth: u32,
        shift: u32,
        components: &[Component],
    ) -> Option<Layout> {
        Layout::new(8, 4, model, SampleFormat::Word { depth, shift }, components)
    }

    #[test]
    fn chroma_may_be_missing_but_not_green() {
        assert_eq!(layout(YUV, 10, 6, &[LUMA]).unwrap().components(), [LUMA]);
        assert_eq!(layout(YUV, 10, 6, &[LUMA; 2]), None);
        assert_eq!(layout(YUV, 10, 6, &[]), None);
        let range = Range::Full;
        assert_eq!(layout(ColorModel::Rgb { range }, 10, 6, &[LUMA]), None);
    }

    #[test]
    fn senseless_descriptions_are_refused() {
        for (depth, shift) in [(8, 0), (17, 0), (10, 7), (10, u32::MAX)] {
            assert_eq!(layout(YUV, depth, shift, &[LUMA; 3]), None);
        }
        let broken = |change: fn(&mut Component)| {
            let mut component = LUMA;
            change(&mut component);
            layout(YUV, 16, 0, &[component])
        };
        assert_eq!(broken(|c| c.plane = 3), None);
        assert_eq!(broken(|c| c.pixel_stride = 1), None);
        assert_eq!(broken(|c| c.sub_x = 40), None);
        assert_eq!(broken(|c| c.sub_y = 40), None);
        assert_eq!(broken(|c| c.plane = 2).unwrap().plane_count(), 3);
    }
}
