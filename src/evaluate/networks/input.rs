//! How a picture is fed to a network that does not say it.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use image::RgbImage;
use serde::Deserialize;

use crate::cascade::HostTensor;
use crate::degrade::smooth::resize_bilinear;
use crate::onnx::ElementType;
use crate::onnx::proto::{GraphProto, ValueInfoProto};

/// Sides that a network's input may have, pixels.
const SIDES: std::ops::RangeInclusive<i64> = 8..=1024;

/// What a network wants to be fed.
pub(super) struct Input {
    /// Name of the input.
    pub name: String,
    /// Side of the square picture, pixels; None where the network takes any.
    side: Option<u32>,
    description: Description,
    range: Range,
}

/// The text file beside a network, `face.toml` beside `face.onnx`. All of it may be left out.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Description {
    range: Option<Range>,
    color: Color,
    /// Taken off the numbers in `range`, channel by channel in the order of `color`.
    mean: Option<[f32; 3]>,
    /// What is left is divided by this.
    std: Option<[f32; 3]>,
}

/// Range of the numbers that grey levels become.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
enum Range {
    #[serde(rename = "-1..1")]
    Signed,
    #[serde(rename = "0..1")]
    Unit,
    #[serde(rename = "0..255")]
    Levels,
}

/// Order of the channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
enum Color {
    #[default]
    #[serde(rename = "RGB")]
    Rgb,
    #[serde(rename = "BGR")]
    Bgr,
}

impl Input {
    /// The only input of the network in `file`, as its graph and the description beside it have it.
    ///
    /// Where no range is described, it is 0 … 255 for a graph that begins with arithmetic (it
    /// brings the mean and the scale of its training along), else −1 … 1.
    pub(super) fn of(file: &Path, graph: &GraphProto) -> anyhow::Result<Self> {
        let is_weight = |name: &String| graph.initializer.iter().any(|it| it.name == *name);
        // Old files list their weights among the inputs.
        let mut inputs = graph.input.iter().filter(|it| !is_weight(&it.name));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            bail!("it must have one input, for pictures [N, 3, S, S]");
        };
        let description = Description::beside(file)?;
        let assumed = match begins_with_arithmetic(graph, &input.name) {
            true => Range::Levels,
            false => Range::Signed,
        };
        Ok(Self {
            name: input.name.clone(),
            side: side(input)?,
            range: description.range.unwrap_or(assumed),
            description,
        })
    }

    /// A picture, scaled to the network's side, or to `open` where the network takes any.
    pub(super) fn feed(&self, picture: &RgbImage, open: (u32, u32)) -> anyhow::Result<HostTensor> {
        let (width, height) = self.side.map_or(open, |side| (side, side));
        let scaled;
        let picture = if picture.dimensions() == (width, height) {
            picture
        } else {
            scaled = resize_bilinear(picture, (width, height)).context("a picture is empty")?;
            &scaled
        };
        let order = match self.description.color {
            Color::Rgb => [0, 1, 2],
            Color::Bgr => [2, 1, 0],
        };
        let mean = self.description.mean.unwrap_or([0.0; 3]);
        let std = self.description.std.unwrap_or([1.0; 3]);
        let channel = |i: usize| {
            let number = move |level| (self.range.number(level) - mean[i]) / std[i];
            picture.pixels().map(move |pixel| number(pixel.0[order[i]]))
        };
        Ok(HostTensor {
            shape: vec![1, 3, i64::from(height), i64::from(width)],
            data: (0..3).flat_map(channel).collect(),
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.side {
            Some(side) => write!(f, "{side} px")?,
            None => f.write_str("any size")?,
        }
        write!(
            f,
            ", {}, {}",
            self.description.color.name(),
            self.range.name()
        )?;
        if let Some(mean) = self.description.mean {
            write!(f, " − {mean:?}")?;
        }
        if let Some(std) = self.description.std {
            write!(f, ", ÷ {std:?}")?;
        }
        Ok(())
    }
}

impl Color {
    fn name(self) -> &'static str {
        match self {
            Self::Rgb => "RGB",
            Self::Bgr => "BGR",
        }
    }
}

impl Range {
    fn number(self, level: u8) -> f32 {
        let level = f32::from(level);
        match self {
            Self::Signed => level / 127.5 - 1.0,
            Self::Unit => level / 255.0,
            Self::Levels => level,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Signed => "−1 … 1",
            Self::Unit => "0 … 1",
            Self::Levels => "0 … 255",
        }
    }
}

impl Description {
    /// That of the network in `file`; an empty one where there is none.
    fn beside(file: &Path) -> anyhow::Result<Self> {
        let place = file.with_extension("toml");
        if !place.exists() {
            return Ok(Self::default());
        }
        let shown = place.display();
        let text = std::fs::read_to_string(&place)
            .with_context(|| format!("its description {shown} cannot be read"))?;
        let description: Self =
            toml::from_str(&text).with_context(|| format!("its description {shown} is wrong"))?;
        let std = description.std.unwrap_or([1.0; 3]);
        ensure!(
            std.iter().all(|v| v.is_finite() && *v > 0.0),
            "its description {shown} is wrong: std must be above 0"
        );
        Ok(description)
    }
}

/// Side of the pictures that `input` takes, None where it is open.
fn side(input: &ValueInfoProto) -> anyhow::Result<Option<u32>> {
    let side = match input.sides() {
        Some((ElementType::Float, sides)) => match sides[..] {
            [-1 | 1, 3, -1, -1] => Some(None),
            [-1 | 1, 3, height, width] if height == width && SIDES.contains(&height) => {
                Some(u32::try_from(height).ok())
            }
            _ => None,
        },
        _ => None,
    };
    side.with_context(|| {
        format!(
            "its input `{}` is {}, expected Float[N, 3, S, S] with N of 1 or open, S open or from {} to {}",
            input.name,
            input.described(),
            SIDES.start(),
            SIDES.end()
        )
    })
}

/// Whether all that reads `input` is plain arithmetic.
fn begins_with_arithmetic(graph: &GraphProto, input: &str) -> bool {
    let mut readers = graph
        .node
        .iter()
        .filter(|node| node.input.iter().any(|it| it == input));
    readers.all(|node| ["Sub", "Add", "Mul", "Div"].contains(&node.op_type.as_str()))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::onnx::{Dim, GraphBuilder, batch_of};

    /// A graph over pictures of `dims` that begins with `operator` on a constant.
    fn graph(dims: &[Dim], operator: &str) -> GraphProto {
        let mut g = GraphBuilder::new("tiny");
        let x = g.input_f32("x", dims);
        let one = g.initializer_f32("one", &[1], &[1.0]);
        let y = g.node(operator, &[&x, &one], vec![]);
        g.output_f32("y", &y, dims);
        g.finish().unwrap().graph.unwrap()
    }

    /// The input of a network beside whose file stands `description`.
    fn described(description: &str) -> anyhow::Result<Input> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("face.toml"), description)?;
        let graph = graph(&batch_of(&[3, 8, 8]), "PRelu");
        Input::of(&folder.path().join("face.onnx"), &graph)
    }

    fn fed(input: &Input) -> Vec<f32> {
        let picture = RgbImage::from_pixel(8, 8, Rgb([255, 51, 0]));
        let numbers = input.feed(&picture, (8, 8)).unwrap();
        assert_eq!(numbers.shape, [1, 3, 8, 8]);
        numbers.data.into_iter().step_by(64).collect()
    }

    #[test]
    fn what_begins_with_arithmetic_takes_grey_levels() {
        let of = |operator| {
            Input::of(
                Path::new("none.onnx"),
                &graph(&batch_of(&[3, 8, 8]), operator),
            )
        };
        let (plain, scaling) = (of("PRelu").unwrap(), of("Sub").unwrap());
        assert_eq!(fed(&plain), [1.0, -0.6, -1.0]);
        assert_eq!(fed(&scaling), [255.0, 51.0, 0.0]);
        assert_eq!(plain.to_string(), "8 px, RGB, −1 … 1");
    }

    #[test]
    fn a_description_has_the_last_word() {
        let bgr = described("color = 'BGR'\nrange = '0..1'").unwrap();
        assert_eq!(fed(&bgr), [0.0, 0.2, 1.0]);
        let scaled = described("range = '0..255'\nmean = [55, 51, 50]\nstd = [2, 1, 10]").unwrap();
        assert_eq!(fed(&scaled), [100.0, 0.0, -5.0]);
        for (wrong, said) in [
            ("colour = 'BGR'", "unknown field `colour`"),
            (
                "range = '0..2'",
                "expected one of `-1..1`, `0..1`, `0..255`",
            ),
            ("std = [1, 0, 1]", "std must be above 0"),
        ] {
            let error = format!("{:#}", described(wrong).err().unwrap());
            assert!(
                error.contains(said) && error.contains("face.toml"),
                "{error}"
            );
        }
    }

    #[test]
    fn pictures_are_scaled_to_what_is_asked_for() {
        let open: [Dim; 4] = ["N".into(), 3.into(), "H".into(), "W".into()];
        let none = Path::new("none.onnx");
        let input = Input::of(none, &graph(&open, "Relu")).unwrap();
        let picture = RgbImage::new(20, 10);
        assert_eq!(
            input.feed(&picture, (20, 10)).unwrap().shape,
            [1, 3, 10, 20]
        );
        assert_eq!(
            input.feed(&picture, (16, 16)).unwrap().shape,
            [1, 3, 16, 16]
        );
        for sides in [[1, 8, 8], [3, 8, 9], [3, 4, 4], [3, 2048, 2048]] {
            let error = Input::of(none, &graph(&batch_of(&sides), "Relu"))
                .err()
                .unwrap();
            let error = error.to_string();
            assert!(error.contains("input `x` is Float[open, "), "{error}");
        }
    }
}
