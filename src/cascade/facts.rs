//! What a model says about itself, in the metadata of its file.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::CascadeError;
use crate::onnx::GraphBuilder;
use crate::onnx::proto::StringStringEntryProto;

/// Version of the metadata.
pub const FORMAT: u32 = 1;

/// Names of the metadata properties.
pub mod key {
    /// Version of the metadata.
    pub const FORMAT: &str = "depixelate.format";
    /// Side of the input, pixels.
    pub const SIZE: &str = "depixelate.size";
    /// Output side ÷ input side.
    pub const SCALE: &str = "depixelate.scale";
    /// Range of the numbers.
    pub const RANGE: &str = "depixelate.range";
    /// Order of the channels.
    pub const COLOR: &str = "depixelate.color";
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub const MARGIN: &str = "depixelate.margin";
    /// Smallest and largest block of the training, crop pixels.
    pub const BLOCKS: &str = "depixelate.blocks";
    /// What the weights were trained on.
    pub const TRAINED_ON: &str = "depixelate.trained-on";
    /// Licence of the weights.
    pub const LICENSE: &str = "depixelate.license";
}

/// Input sides that a model may have, pixels.
const SIZES: RangeInclusive<usize> = 16..=1024;
/// The networks halve their pictures twice.
const SIZE_STEP: usize = 4;
const SCALES: RangeInclusive<usize> = 1..=8;
/// Most pixels of an output's side: 201 MB of numbers per face.
const MAX_OUTPUT_SIDE: usize = 4096;
const MARGINS: RangeInclusive<f64> = 1.0..=4.0;
const COLOR: &str = "RGB";
/// Most characters of a free text, and of a wrong value in a message.
const MAX_TEXT: usize = 1000;
const MAX_SHOWN: usize = 60;

/// Range of a network's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRange {
    /// −1 … 1.
    Signed,
    /// 0 … 1.
    Unit,
}

impl ValueRange {
    /// Turn grey levels 0–255 into this range.
    pub fn normalise(self, values: &mut [f32]) {
        let (factor, offset) = match self {
            Self::Signed => (1.0 / 127.5, -1.0),
            Self::Unit => (1.0 / 255.0, 0.0),
        };
        for value in values {
            // The border values themselves must not leave the range by a rounding.
            *value = (*value * factor + offset).clamp(offset, 1.0);
        }
    }

    /// Turn this range into grey levels, cut to 0–255. What is no number becomes 0.
    pub fn denormalise(self, values: &mut [f32]) {
        let (factor, offset) = match self {
            Self::Signed => (127.5, 127.5),
            Self::Unit => (255.0, 0.0),
        };
        for value in values {
            let level = *value * factor + offset;
            *value = if level.is_nan() {
                0.0
            } else {
                level.clamp(0.0, 255.0)
            };
        }
    }

    /// Grey levels of one step of this range.
    pub fn unit(self) -> f32 {
        match self {
            Self::Signed => 127.5,
            Self::Unit => 255.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Signed => "-1..1",
            Self::Unit => "0..1",
        }
    }
}

/// What a model file says about itself; every fact that pre- and post-processing need.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// Side of the square input, pixels.
    pub size: usize,
    /// Output side ÷ input side.
    pub scale: usize,
    /// Range of the numbers at input and output.
    pub range: ValueRange,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// Smallest and largest block of the training, in crop pixels.
    pub blocks: (f32, f32),
    /// What the weights were trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

impl ModelFacts {
    /// Side of the square output, pixels.
    pub fn output_size(&self) -> usize {
        self.size * self.scale
    }

    /// The facts in a model's metadata; `model` names it in errors.
    pub fn from_metadata(
        model: &str,
        metadata: &[StringStringEntryProto],
    ) -> Result<Self, CascadeError> {
        let reader = Reader { model, metadata };
        reader.exactly(key::FORMAT, &FORMAT.to_string())?;
        reader.exactly(key::COLOR, COLOR)?;
        let size = reader.number(
            key::SIZE,
            &format!(
                "a multiple of {SIZE_STEP} from {} to {}",
                SIZES.start(),
                SIZES.end()
            ),
            |size: &usize| SIZES.contains(size) && size.is_multiple_of(SIZE_STEP),
        )?;
        let scale = reader.number(
            key::SCALE,
            &format!(
                "a whole number from {} to {} with size · scale at most {MAX_OUTPUT_SIDE}",
                SCALES.start(),
                SCALES.end()
            ),
            |scale: &usize| SCALES.contains(scale) && size * scale <= MAX_OUTPUT_SIDE,
        )?;
        let margin = reader.number(
            key::MARGIN,
            &format!("a number from {} to {}", MARGINS.start(), MARGINS.end()),
            |margin| MARGINS.contains(margin),
        )?;
        Ok(Self {
            size,
            scale,
            range: reader.range()?,
            margin,
            blocks: reader.blocks(size)?,
            trained_on: reader.text(key::TRAINED_ON)?,
            license: reader.text(key::LICENSE)?,
        })
    }

    /// The metadata that says these facts.
    pub fn to_metadata(&self) -> Vec<(&'static str, String)> {
        let (smallest, largest) = self.blocks;
        vec![
            (key::FORMAT, FORMAT.to_string()),
            (key::SIZE, self.size.to_string()),
            (key::SCALE, self.scale.to_string()),
            (key::RANGE, self.range.name().into()),
            (key::COLOR, COLOR.into()),
            (key::MARGIN, self.margin.to_string()),
            (key::BLOCKS, format!("{smallest}..{largest}")),
            (key::TRAINED_ON, self.trained_on.clone()),
            (key::LICENSE, self.license.clone()),
        ]
    }

    /// Put these facts into the model that `graph` builds.
    pub fn write_to(&self, graph: &mut GraphBuilder) {
        for (key, value) in self.to_metadata() {
            graph.metadata(key, &value);
        }
    }
}

/// Reads properties and words the errors.
struct Reader<'a> {
    model: &'a str,
    metadata: &'a [StringStringEntryProto],
}

impl<'a> Reader<'a> {
    fn get(&self, key: &'static str, expected: &str) -> Result<&'a str, CascadeError> {
        let mut values = self.metadata.iter().filter(|entry| entry.key == key);
        match (values.next(), values.next()) {
            (Some(entry), None) => Ok(&entry.value),
            (None, _) => Err(self.wrong(key, "missing".into(), expected)),
            (Some(_), Some(_)) => Err(self.wrong(key, "there twice".into(), expected)),
        }
    }

    fn exactly(&self, key: &'static str, expected: &str) -> Result<(), CascadeError> {
        let quoted = format!("`{expected}`");
        let value = self.get(key, &quoted)?;
        if value == expected {
            return Ok(());
        }
        Err(self.wrong(key, shown(value), &quoted))
    }

    fn number<T: FromStr>(
        &self,
        key: &'static str,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T, CascadeError> {
        let value = self.get(key, expected)?;
        value
            .parse()
            .ok()
            .filter(fits)
            .ok_or_else(|| self.wrong(key, shown(value), expected))
    }

    fn range(&self) -> Result<ValueRange, CascadeError> {
        let expected = "`-1..1` or `0..1`";
        let value = self.get(key::RANGE, expected)?;
        [ValueRange::Signed, ValueRange::Unit]
            .into_iter()
            .find(|range| range.name() == value)
            .ok_or_else(|| self.wrong(key::RANGE, shown(value), expected))
    }

    fn blocks(&self, size: usize) -> Result<(f32, f32), CascadeError> {
        let expected =
            format!("two numbers above 0 and at most {size}, in rising order, such as `4..16`");
        let value = self.get(key::BLOCKS, &expected)?;
        // Comparisons with NaN are false, and an infinite block is not at most `size`.
        value
            .split_once("..")
            .and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)))
            .filter(|&(low, high): &(f32, f32)| 0.0 < low && low <= high && high <= size as f32)
            .ok_or_else(|| self.wrong(key::BLOCKS, shown(value), &expected))
    }

    fn text(&self, key: &'static str) -> Result<String, CascadeError> {
        let expected = format!("a text of 1 to {MAX_TEXT} characters");
        let value = self.get(key, &expected)?;
        // Counting stops at the limit, however long the value is.
        let length = value.chars().take(MAX_TEXT + 1).count();
        if value.trim().is_empty() || length > MAX_TEXT {
            return Err(self.wrong(key, shown(value), &expected));
        }
        Ok(value.into())
    }

    fn wrong(&self, key: &'static str, found: String, expected: &str) -> CascadeError {
        CascadeError::Metadata {
            model: self.model.into(),
            key,
            found,
            expected: expected.into(),
        }
    }
}

/// A value from a file, fit for a message: short and without control characters.
pub(super) fn shown(value: &str) -> String {
    let short: String = value.chars().take(MAX_SHOWN).collect();
    let dots = if short.len() < value.len() { "…" } else { "" };
    format!("`{}{dots}`", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> ModelFacts {
        ModelFacts {
            size: 128,
            scale: 2,
            range: ValueRange::Unit,
            margin: 1.0 + 1.0 / 3.0,
            blocks: (3.7, 16.0),
            trained_on: "drawn faces".into(),
            license: "CC0-1.0".into(),
        }
    }

    fn entries(facts: &ModelFacts) -> Vec<StringStringEntryProto> {
        let entry = |(key, value): (&str, String)| StringStringEntryProto {
            key: key.into(),
            value,
        };
        facts.to_metadata().into_iter().map(entry).collect()
    }

    #[test]
    fn round_trip() {
        for range in [ValueRange::Unit, ValueRange::Signed] {
            let facts = ModelFacts { range, ..facts() };
            let back = ModelFacts::from_metadata("m", &entries(&facts)).unwrap();
            assert_eq!(back, facts);
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
        ];
        for (wrong_key, wrong_value) in cases {
            let mut metadata = entries(&facts());
            let entry = metadata.iter_mut().find(|e| e.key == wrong_key);
            entry.unwrap().value = wrong_value.into();
            let error = ModelFacts::from_metadata("m.onnx", &metadata).unwrap_err();
            let CascadeError::Metadata { key, found, .. } = &error else {
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
        for index in 0..entries(&facts()).len() {
            let mut metadata = entries(&facts());
            metadata.push(metadata[index].clone());
            let twice = ModelFacts::from_metadata("m", &metadata).unwrap_err();
            metadata.pop();
            let gone = metadata.remove(index).key;
            let missing = ModelFacts::from_metadata("m", &metadata).unwrap_err();
            assert!(
                twice
                    .to_string()
                    .contains(&format!("`{gone}` is there twice"))
            );
            assert!(
                missing
                    .to_string()
                    .contains(&format!("`{gone}` is missing"))
            );
        }
    }

    #[test]
    fn the_output_has_a_limit() {
        let large = ModelFacts {
            size: 1024,
            scale: 8,
            ..facts()
        };
        let error = ModelFacts::from_metadata("m", &entries(&large)).unwrap_err();
        assert!(error.to_string().contains(key::SCALE), "{error}");
    }

    #[test]
    fn values_in_messages_are_short_and_plain() {
        assert_eq!(shown("a\n\u{1b}[31m"), "`a\\n\\u{1b}[31m`");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), MAX_SHOWN + 3);
    }
}
