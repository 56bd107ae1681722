//! A text file beside a model that says what the model does not say about itself: `face.toml`
//! beside `face.onnx`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::metadata::FORMAT;
use super::properties::{PREFIX, Properties, brief, shown};
use super::{LoadError, ModelMetadata, key};

/// Largest file that is read, bytes.
const MAX_BYTES: u64 = 1 << 16;

/// All keys that a description may have.
const KEYS: [&str; 12] = [
    "size",
    "scale",
    "range",
    "color",
    "margin",
    "mosaic",
    "input",
    "output",
    "blocks",
    "trained-on",
    "license",
    "multiple",
];

/// What a description says of a model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Description {
    /// The file.
    pub file: String,
    /// What other models have in their metadata.
    pub metadata: ModelMetadata,
    /// The channels go blue, green, red.
    pub bgr: bool,
    /// Name of the graph's input; without it there is only one.
    pub input: Option<String>,
    /// Name of the graph's output; without it there is only one.
    pub output: Option<String>,
}

/// Where the description of `model` lies if it has one.
pub(super) fn place(model: &Path) -> PathBuf {
    model.with_extension("toml")
}

/// The description of `model`, if there is one.
pub(super) fn beside(model: &Path) -> Result<Option<Description>, LoadError> {
    let path = place(model);
    let file = path.display().to_string();
    let wrong = |reason: String| LoadError::Description {
        file: file.clone(),
        reason,
    };
    // Opening a named pipe would wait for its writer, so look first.
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(wrong("not a regular file".into())),
        Err(_) => return Ok(None),
    }
    let mut text = String::new();
    fs::File::open(&path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(wrong(format!("larger than {MAX_BYTES} bytes")));
    }
    parse(&file, &text).map(Some)
}

/// The description in `text`; `file` names it in errors.
fn parse(file: &str, text: &str) -> Result<Description, LoadError> {
    let wrong = |reason: String| LoadError::Description {
        file: file.into(),
        reason,
    };
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| wrong(complaint(&error)))?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let (key, nearest) = (shown(key), nearest(key));
        return Err(wrong(format!(
            "there is no key {key}; did you mean `{nearest}`?"
        )));
    }
    let value = |key: &str| table.get(key).map(text_of);
    let mut entries: Vec<(String, String)> = table
        .iter()
        .map(|(key, value)| (format!("{PREFIX}{key}"), text_of(value)))
        .collect();
    let mut default = |key: &str, value: String| {
        if !entries.iter().any(|(name, _)| name == key) {
            entries.push((key.into(), value));
        }
    };
    default(key::FORMAT, FORMAT.to_string());
    default(key::SCALE, "1".into());
    // Others seldom say; whoever looks is told the widest span.
    let size = value("size").unwrap_or_default();
    default(key::BLOCKS, format!("1..{size}"));
    default(key::TRAINED_ON, "not stated".into());
    default(key::LICENSE, "not stated".into());
    let mut properties = Properties::description(file, entries);
    let bgr = properties.one_of(key::COLOR, &[("RGB", false), ("BGR", true)])?;
    properties.set(key::COLOR, "RGB");
    Ok(Description {
        file: file.into(),
        metadata: ModelMetadata::read(&properties)?,
        bgr,
        input: value("input"),
        output: value("output"),
    })
}

/// A value as it would stand in a model's metadata.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The key that `wrong` was probably meant to be.
fn nearest(wrong: &str) -> &'static str {
    let likeness = |key: &&str| strsim::jaro_winkler(key, wrong);
    let best = KEYS
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.unwrap_or_default()
}

/// What is wrong with a table, with its line unless that is a long one.
fn complaint(error: &toml::de::Error) -> String {
    const LONG: usize = 600;
    let whole = error.to_string();
    match whole.len() > LONG {
        true => brief(error.message()),
        false => whole.trim_end().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::{MosaicInput, ValueRange};

    const LEAST: &str = "size = 512\nrange = '-1..1'\ncolor = 'RGB'\nmargin = 1.5\n";

    fn reason(text: &str) -> String {
        match parse("m.toml", text) {
            Err(LoadError::Description { file, reason }) => {
                assert_eq!(file, "m.toml");
                reason
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_least_and_all_that_can_be_said() {
        let least = parse("m.toml", LEAST).unwrap();
        assert_eq!((least.metadata.size, least.metadata.scale), (512, 1));
        assert_eq!(least.metadata.range, ValueRange::Signed);
        assert_eq!(least.metadata.mosaic, MosaicInput::Blocks);
        assert_eq!((least.bgr, &least.input), (false, &None));
        let all = "size = 64\nscale = 4\nrange = '0..1'\ncolor = 'BGR'\nmargin = 2\nmosaic = 'blocks'\n\
            input = 'x'\noutput = 'y'\nblocks = '4..16'\ntrained-on = 'faces'\nlicense = 'MIT'\nmultiple = 8\n";
        let all = parse("m.toml", all).unwrap();
        assert_eq!(
            (all.metadata.output_size(), all.metadata.margin),
            (256, 2.0)
        );
        assert_eq!(
            (least.metadata.multiple, all.metadata.multiple),
            (None, Some(8))
        );
        assert_eq!(all.metadata.mosaic, MosaicInput::Blocks);
        assert_eq!(all.metadata.blocks, (4.0, 16.0));
        assert!(all.bgr && all.input.as_deref() == Some("x"));
        assert_eq!(all.output.as_deref(), Some("y"));
        let enlarging = parse("m.toml", &format!("{LEAST}scale = 2")).unwrap();
        assert_eq!(enlarging.metadata.mosaic, MosaicInput::Smooth);
    }

    #[test]
    fn mistakes_are_named() {
        let with = |line: &str| reason(&format!("{LEAST}{line}"));
        assert_eq!(
            with("scal = 2"),
            "there is no key `scal`; did you mean `scale`?"
        );
        assert_eq!(
            with("colour_order = 'RGB'"),
            "there is no key `colour_order`; did you mean `color`?"
        );
        assert_eq!(
            with("scale = 'two'"),
            "`scale` is `two`, expected a whole number from 1 to 8 with size · scale at most 4096"
        );
        assert!(with("scale = [1, 2]").starts_with("`scale` is `[1, 2]`"));
        assert!(with("mosaic = 'tiles'").contains("`blocks` or `smooth`"));
        assert!(with("size = 3").contains("line 5"), "twice");
        for key in ["size", "range", "color", "margin"] {
            let without: String = LEAST
                .lines()
                .filter(|line| !line.starts_with(key))
                .map(|line| format!("{line}\n"))
                .collect();
            let reason = reason(&without);
            assert!(
                reason.starts_with(&format!("`{key}` is missing")),
                "{reason}"
            );
        }
        assert!(reason(&LEAST.replace("RGB", "YUV")).contains("`RGB` or `BGR`"));
        assert!(reason("size = ").contains("line 1"));
    }
}
