//! What a model says about itself, in the metadata of its file.

use std::ops::RangeInclusive;

use super::properties::Properties;
use super::{FRAME_BYTES, LoadError, MosaicInput, ValueRange, Window, key};
use crate::blocks::PLANES;
use crate::onnx::GraphBuilder;
use crate::onnx::proto::StringStringEntryProto;

/// Version of the metadata.
pub const FORMAT: u32 = 1;

/// Most regions of a frame, whoever names them.
const MAX_REGIONS: usize = 1024;
/// Input sides that a model may have, pixels.
const SIZES: RangeInclusive<usize> = 16..=1024;
/// The networks halve their pictures twice.
const SIZE_STEP: usize = 4;
const SCALES: RangeInclusive<usize> = 1..=8;
/// Most pixels of an output's side: 201 MB of numbers per face.
const MAX_OUTPUT_SIDE: usize = 4096;
const MARGINS: RangeInclusive<f64> = 1.0..=4.0;
const MULTIPLES: RangeInclusive<usize> = 1..=1024;
/// Fewest pixels of a side: what convolutions mirror at the edges must be there.
const LEAST_SIDE: usize = 16;
const COLOR: &str = "RGB";

/// What a model file says about itself; every fact that pre- and post-processing need.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMetadata {
    /// Side of the square input, pixels.
    pub size: usize,
    /// Output side ÷ input side.
    pub scale: usize,
    /// Range of the numbers at input and output.
    pub range: ValueRange,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// What the network is shown of the mosaic.
    pub mosaic: MosaicInput,
    /// Smallest and largest block of the training, in crop pixels.
    pub blocks: (f32, f32),
    /// What the weights were trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
    /// Of which number the sides of pictures must be multiples, where the network takes pictures of
    /// any such size, oblong ones too; none where it takes `size` × `size` alone.
    pub multiple: Option<usize>,
    /// Which frames around the crop's own it is told of.
    pub window: Window,
}

impl ModelMetadata {
    /// Side of the square output, pixels.
    pub fn output_size(&self) -> usize {
        self.size * self.scale
    }

    /// Bytes of the numbers of a crop of `sides` (height, width), of what it is told, and of what is
    /// made of it.
    pub(super) fn bytes_of(&self, sides: [usize; 2]) -> usize {
        let given = 3 + PLANES + self.window.planes();
        let made = 3 * self.scale * self.scale;
        let area = sides[0].saturating_mul(sides[1]);
        area.saturating_mul((given + made) * size_of::<f32>())
    }

    /// Most regions of a frame that are restored, so that their numbers have room in
    /// [`FRAME_BYTES`]: a model chooses how large they are.
    pub fn most_regions(&self) -> usize {
        (FRAME_BYTES / self.bytes_of([self.size; 2])).clamp(1, MAX_REGIONS)
    }

    /// Fewest pixels of a picture's side: `size`, or where sides are open, 16 or twice
    /// [`Self::multiple`].
    pub fn least_side(&self) -> usize {
        match self.multiple {
            Some(multiple) => LEAST_SIDE.max(2 * multiple).next_multiple_of(multiple),
            None => self.size,
        }
    }

    /// Whether the network takes pictures with such a side, pixels.
    pub fn takes_side(&self, side: usize) -> bool {
        let open = |multiple| side >= self.least_side() && side.is_multiple_of(multiple);
        side == self.size || self.multiple.is_some_and(open)
    }

    /// The facts in a model's metadata; `model` names it in errors.
    pub fn from_metadata(
        model: &str,
        entries: &[StringStringEntryProto],
    ) -> Result<Self, LoadError> {
        Self::read(&Properties::metadata(model, entries))
    }

    pub(super) fn read(properties: &Properties) -> Result<Self, LoadError> {
        properties.exactly(key::FORMAT, &FORMAT.to_string())?;
        properties.exactly(key::COLOR, COLOR)?;
        let (least, most) = (SIZES.start(), SIZES.end());
        let size = properties.number(
            key::SIZE,
            &format!("a multiple of {SIZE_STEP} from {least} to {most}"),
            |size: &usize| SIZES.contains(size) && size.is_multiple_of(SIZE_STEP),
        )?;
        let (least, most) = (SCALES.start(), SCALES.end());
        let scale = properties.number(
            key::SCALE,
            &format!(
                "a whole number from {least} to {most} with size · scale at most {MAX_OUTPUT_SIDE}"
            ),
            |scale: &usize| SCALES.contains(scale) && size * scale <= MAX_OUTPUT_SIDE,
        )?;
        let (least, most) = (MARGINS.start(), MARGINS.end());
        let margin = properties.number(
            key::MARGIN,
            &format!("a number from {least} to {most}"),
            |margin| MARGINS.contains(margin),
        )?;
        let mosaic = match properties.optional(key::MOSAIC, "one")? {
            Some(_) => properties.one_of(key::MOSAIC, &MosaicInput::NAMES)?,
            None => MosaicInput::of_scale(scale),
        };
        Ok(Self {
            size,
            scale,
            range: properties.one_of(key::RANGE, &ValueRange::NAMES)?,
            margin,
            mosaic,
            blocks: properties.span(key::BLOCKS, size)?,
            trained_on: properties.text(key::TRAINED_ON)?,
            license: properties.text(key::LICENSE)?,
            multiple: read_multiple(properties, size)?,
            window: Window::read(properties)?,
        })
    }

    /// The metadata that says these facts.
    pub fn to_metadata(&self) -> Vec<(&'static str, String)> {
        let (smallest, largest) = self.blocks;
        let multiple = self.multiple.map(|it| (key::MULTIPLE, it.to_string()));
        let mut facts = vec![
            (key::FORMAT, FORMAT.to_string()),
            (key::SIZE, self.size.to_string()),
            (key::SCALE, self.scale.to_string()),
            (key::RANGE, self.range.name().into()),
            (key::COLOR, COLOR.into()),
            (key::MARGIN, self.margin.to_string()),
            (key::MOSAIC, self.mosaic.name().into()),
            (key::BLOCKS, format!("{smallest}..{largest}")),
            (key::TRAINED_ON, self.trained_on.clone()),
            (key::LICENSE, self.license.clone()),
        ];
        facts.extend(multiple);
        facts.extend(self.window.to_metadata());
        facts
    }

    /// Put these facts into the model that `graph` builds.
    pub fn write_to(&self, graph: &mut GraphBuilder) {
        for (key, value) in self.to_metadata() {
            graph.metadata(key, &value);
        }
    }
}

/// The multiple of pictures' sides, if they are open; `size` must be such a side itself.
fn read_multiple(properties: &Properties, size: usize) -> Result<Option<usize>, LoadError> {
    let (least, most) = (MULTIPLES.start(), MULTIPLES.end());
    let expected = format!("a whole number from {least} to {most} that divides the size {size}");
    if properties.optional(key::MULTIPLE, &expected)?.is_none() {
        return Ok(None);
    }
    let fits = |it: &usize| MULTIPLES.contains(it) && size.is_multiple_of(*it);
    properties.number(key::MULTIPLE, &expected, fits).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::properties::shown;
    use super::*;

    fn metadata() -> ModelMetadata {
        ModelMetadata {
            size: 128,
            scale: 2,
            range: ValueRange::Unit,
            margin: 1.0 + 1.0 / 3.0,
            mosaic: MosaicInput::Smooth,
            blocks: (3.7, 16.0),
            trained_on: "drawn faces".into(),
            license: "CC0-1.0".into(),
            multiple: Some(16),
            window: Window {
                behind: 3,
                ahead: 1,
                step: 2,
            },
        }
    }

    fn entries(metadata: &ModelMetadata) -> Vec<StringStringEntryProto> {
        let entry = |(key, value): (&str, String)| StringStringEntryProto {
            key: key.into(),
            value,
        };
        metadata.to_metadata().into_iter().map(entry).collect()
    }

    #[test]
    fn round_trip() {
        let model_io = [
            (ValueRange::Unit, MosaicInput::Smooth),
            (ValueRange::Signed, MosaicInput::Blocks),
        ];
        for (range, mosaic) in model_io {
            let metadata = ModelMetadata {
                range,
                mosaic,
                ..metadata()
            };
            let back = ModelMetadata::from_metadata("m", &entries(&metadata)).unwrap();
            assert_eq!(back, metadata);
        }
    }

    #[test]
    fn each_wrong_value_is_named() {
        let long = "x".repeat(1001);
        let cases = [
            (key::FORMAT, "2"),
            (key::FORMAT, "01"),
            (key::SIZE, "12"),
            (key::SIZE, "1028"),
            (key::SIZE, "130"),
            (key::SIZE, "-128"),
            (key::SIZE, "99999999999999999999999"),
            (key::SCALE, "0"),
            (key::SCALE, "9"),
            (key::SCALE, "1.5"),
            (key::RANGE, "0..255"),
            (key::COLOR, "BGR"),
            (key::MOSAIC, "tiles"),
            (key::MARGIN, "0.9"),
            (key::MARGIN, "4.1"),
            (key::MARGIN, "NaN"),
            (key::MARGIN, "inf"),
            (key::BLOCKS, "4"),
            (key::BLOCKS, "16..4"),
            (key::BLOCKS, "0..4"),
            (key::BLOCKS, "4..129"),
            (key::BLOCKS, "NaN..NaN"),
            (key::BLOCKS, "4..inf"),
            (key::TRAINED_ON, " "),
            (key::LICENSE, &long),
            (key::MULTIPLE, "0"),
            (key::MULTIPLE, "48"),
            (key::MULTIPLE, "2048"),
            (key::MULTIPLE, "any"),
            (key::FRAMES, "0"),
            (key::FRAMES, "10"),
            (key::FRAMES_AHEAD, "5"),
            (key::FRAMES_AHEAD, "-1"),
            (key::FRAMES_STEP, "0"),
            (key::FRAMES_STEP, "3"),
        ];
        for (wrong_key, wrong_value) in cases {
            let mut entries = entries(&metadata());
            let entry = entries.iter_mut().find(|e| e.key == wrong_key);
            entry.unwrap().value = wrong_value.into();
            let error = ModelMetadata::from_metadata("m.onnx", &entries).unwrap_err();
            let LoadError::Metadata { key, found, .. } = &error else {
                panic!("{wrong_key} = {wrong_value}: {error}");
            };
            assert_eq!((*key, found), (wrong_key, &shown(wrong_value)));
            assert!(
                error
                    .to_string()
                    .starts_with("model m.onnx: metadata property")
            );
        }
    }

    #[test]
    fn each_missing_or_double_key_is_named() {
        for index in 0..entries(&metadata()).len() {
            let mut entries = entries(&metadata());
            entries.push(entries[index].clone());
            let twice = ModelMetadata::from_metadata("m", &entries).unwrap_err();
            entries.pop();
            let gone = entries.remove(index).key;
            let twice = twice.to_string();
            assert!(
                twice.contains(&format!("`{gone}` is there twice")),
                "{twice}"
            );
            let missing = ModelMetadata::from_metadata("m", &entries);
            if gone == key::MOSAIC {
                assert_eq!(missing, Ok(metadata()), "as fits the scale");
                continue;
            }
            if gone == key::MULTIPLE {
                assert_eq!(missing.unwrap().multiple, None);
                continue;
            }
            if gone == key::FRAMES {
                assert_eq!(missing.unwrap().window, Window::default());
                continue;
            }
            if gone == key::FRAMES_STEP {
                assert_eq!(missing.unwrap().window.step, 1);
                continue;
            }
            if gone == key::FRAMES_AHEAD {
                assert_eq!(missing.unwrap().window.behind, 4);
                continue;
            }
            let missing = missing.unwrap_err().to_string();
            assert!(
                missing.contains(&format!("`{gone}` is missing")),
                "{missing}"
            );
        }
    }

    #[test]
    fn sides_are_multiples_or_the_size_alone() {
        let takes = |multiple, sides: &[usize]| -> Vec<usize> {
            let metadata = ModelMetadata {
                multiple,
                ..metadata()
            };
            let sides = sides.iter().copied();
            sides.filter(|&side| metadata.takes_side(side)).collect()
        };
        let sides = [15, 16, 32, 33, 48, 96, 128, 144];
        assert_eq!(takes(None, &sides), [128]);
        assert_eq!(takes(Some(1), &sides), sides[1..]);
        assert_eq!(takes(Some(16), &sides), [32, 48, 96, 128, 144]);
        // A size that is smaller than what is mirrored elsewhere is still the trained one.
        assert_eq!(takes(Some(128), &sides), [128]);
    }

    #[test]
    fn the_output_has_a_limit() {
        let large = ModelMetadata {
            size: 1024,
            scale: 8,
            ..metadata()
        };
        let error = ModelMetadata::from_metadata("m", &entries(&large)).unwrap_err();
        assert!(error.to_string().contains(key::SCALE), "{error}");
    }
}
