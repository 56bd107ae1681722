//! A finder of faces for tests, which answers as YuNet does.

use gstdepixelate::onnx::{Conv2d, GraphBuilder, Weights, encode};

/// Side of what the tiny finder is shown, pixels.
pub const FINDER_SIDE: usize = 64;

/// A network that takes red for a face: the score of a cell of 8 × 8 pixels is the square root of
/// its mean red less its mean blue. Its box is 24 pixels wide and 32 high, around the cell's middle;
/// eyes lie 6 pixels above that and 5 to either side, the corners of the mouth 8 below and 4 to
/// either side. Its coarser grids find nothing.
pub fn tiny_finder() -> Vec<u8> {
    let mut g = GraphBuilder::new("finder");
    let side = FINDER_SIDE as i64;
    let x = g.input_f32("input", &[1.into(), 3.into(), side.into(), side.into()]);
    let one = 1.0 / (64.0 * 255.0);
    // Channels are blue, green, red.
    let taken: Vec<f32> = [-one, 0.0, one]
        .into_iter()
        .flat_map(|it| [it; 64])
        .collect();
    let weight = Weights {
        name: "red",
        dims: &[1, 3, 8, 8],
        data: &taken,
    };
    let red = g.conv(&x, &weight, None, Conv2d::new(8, 0));
    let red = g.clip(&red, 0.0, 1.0);
    for stride in [8, 16, 32] {
        let cells = (side / stride) * (side / stride);
        let mut constant = |name: &str, row: &[f32]| {
            let data = row.repeat(cells as usize);
            let dims = [1, cells, row.len() as i64];
            g.initializer_f32(&format!("{name}_{stride}_of_all"), &dims, &data)
        };
        let part = |pixels: f32| 0.5 + pixels / 8.0;
        let points = [-5.0, -6.0, 5.0, -6.0, 0.0, 0.0, -4.0, 8.0, 4.0, 8.0].map(part);
        let object = constant("obj", &[if stride == 8 { 1.0 } else { 0.0 }]);
        let sides = [3.0f32.ln(), 4.0f32.ln()];
        let bbox = constant("bbox", &[0.5, 0.5, sides[0], sides[1]]);
        let kps = constant("kps", &points);
        let class = match stride {
            8 => g.reshape(&red, &[cells, 1]),
            _ => g.initializer_f32(
                &format!("cls_{stride}_of_all"),
                &[1, cells, 1],
                &vec![1.0; cells as usize],
            ),
        };
        for (name, value, each) in [
            ("cls", class, 1),
            ("obj", object, 1),
            ("bbox", bbox, 4),
            ("kps", kps, 10),
        ] {
            let name = format!("{name}_{stride}");
            g.output_f32(&name, &value, &[1.into(), cells.into(), each.into()]);
        }
    }
    encode(&g.finish().expect("a tiny finder is well-formed"))
}
