//! Changes of size as ONNX nodes. Definitions: see [`super::layers`].

use super::attr;
use super::graph::GraphBuilder;

impl GraphBuilder {
    /// Bilinear enlargement by a whole factor; the corners' centres meet, or else the picture's
    /// edges.
    pub fn enlarge_bilinear(&mut self, x: &str, factor: i64, align_corners: bool) -> String {
        let factor = factor as f32;
        let scales = self.constant_f32(&format!("scales_{factor}"), &[1.0, 1.0, factor, factor]);
        let mode = if align_corners {
            "align_corners"
        } else {
            "half_pixel"
        };
        let attrs = vec![
            attr::string("coordinate_transformation_mode", mode),
            attr::string("mode", "linear"),
        ];
        self.node("Resize", &[x, "", &scales], attrs)
    }

    /// `factor`² channels become the `factor` × `factor` pixels of one, as PyTorch's
    /// `pixel_shuffle`.
    pub fn pixel_shuffle(&mut self, x: &str, factor: i64) -> String {
        let attrs = vec![attr::int("blocksize", factor), attr::string("mode", "CRD")];
        self.node("DepthToSpace", &[x], attrs)
    }

    /// The inverse for `channels` channels.
    ///
    /// `SpaceToDepth` orders its channels in another way. A convolution whose kernels each pick one
    /// pixel needs to know neither the batch nor the size.
    pub fn pixel_unshuffle(&mut self, x: &str, channels: i64, factor: i64) -> String {
        let pixels = factor * factor;
        let mut kernels = vec![0.0; (channels * pixels * channels * pixels) as usize];
        for channel in 0..channels {
            for pixel in 0..pixels {
                let output = channel * pixels + pixel;
                kernels[((output * channels + channel) * pixels + pixel) as usize] = 1.0;
            }
        }
        let dims = [channels * pixels, channels, factor, factor];
        let kernels = self.shared_f32(&format!("pick_{channels}_{factor}"), &dims, &kernels);
        let attrs = vec![
            attr::ints("kernel_shape", &[factor; 2]),
            attr::ints("strides", &[factor; 2]),
        ];
        self.node("Conv", &[x, &kernels], attrs)
    }

    /// The mean of each 2×2 pixels.
    pub fn mean_pool_2(&mut self, x: &str) -> String {
        let attrs = vec![
            attr::ints("kernel_shape", &[2, 2]),
            attr::ints("strides", &[2, 2]),
        ];
        self.node("AveragePool", &[x], attrs)
    }

    /// Each channel's convolution with `[1, 3, 3, 1]/8` in both directions, times `gain`, after
    /// `padding` zeros on every side.
    pub fn low_pass(&mut self, x: &str, channels: i64, padding: i64, gain: f32) -> String {
        let kernel = self.low_pass_kernel(channels, gain);
        let attrs = vec![
            attr::int("group", channels),
            attr::ints("kernel_shape", &[4, 4]),
            attr::ints("pads", &[padding; 4]),
            attr::ints("strides", &[1, 1]),
        ];
        self.node("Conv", &[x, &kernel], attrs)
    }

    /// Twice the size, with that filter between the pixels.
    pub fn low_pass_up(&mut self, x: &str, channels: i64) -> String {
        let kernel = self.low_pass_kernel(channels, 4.0);
        let attrs = vec![
            attr::int("group", channels),
            attr::ints("kernel_shape", &[4, 4]),
            attr::ints("pads", &[1; 4]),
            attr::ints("strides", &[2, 2]),
        ];
        self.node("ConvTranspose", &[x, &kernel], attrs)
    }

    fn low_pass_kernel(&mut self, channels: i64, gain: f32) -> String {
        let row = [1.0, 3.0, 3.0, 1.0];
        let square = row.map(|a| row.map(|b| a * b * gain / 64.0));
        let kernels = square.as_flattened().repeat(channels as usize);
        let key = format!("low_pass_{channels}_{gain}");
        self.shared_f32(&key, &[channels, 1, 4, 4], &kernels)
    }
}
