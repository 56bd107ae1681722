//! Where the colour components of a picture lie in memory, and what their numbers mean.

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

/// Excursion of the code values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0–255.
    Full,
    /// Luma 16–235, chroma 16–240.
    Limited,
}

/// What the three components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorModel {
    /// Red, green, blue, 0–255.
    Rgb,
    /// Y′, Cb, Cr.
    Yuv {
        /// Luma coefficients.
        matrix: Matrix,
        /// Code value range.
        range: Range,
    },
}

/// Position of one 8-bit component.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the components are.
    pub model: ColorModel,
    /// R, G, B or Y′, Cb, Cr, in this order.
    pub components: [Component; 3],
}

impl Layout {
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
            model: ColorModel::Rgb,
            components,
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
            components,
        }
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
