//! Named texts that say what a model is, and what is said about wrong ones.

use std::str::FromStr;

use super::LoadError;
use crate::onnx::proto::StringStringEntryProto;

/// Most characters of a free text, and of a wrong value in a message.
pub(super) const MAX_TEXT: usize = 1000;
/// Longest message of ONNX Runtime in one of ours, characters.
const MAX_SAID: usize = 600;
pub(super) const MAX_SHOWN: usize = 60;

/// What the names in a model's metadata begin with; in a description they stand alone.
pub(super) const PREFIX: &str = "depixelate.";

/// Where the texts stand.
enum Place {
    /// In the metadata of this model.
    Metadata(String),
    /// In this file beside a model.
    Description(String),
}

/// The texts, by the names that they have in metadata.
pub(super) struct Properties {
    place: Place,
    entries: Vec<(String, String)>,
}

impl Properties {
    /// The metadata of `model`.
    pub(super) fn metadata(model: &str, entries: &[StringStringEntryProto]) -> Self {
        let pair = |entry: &StringStringEntryProto| (entry.key.clone(), entry.value.clone());
        Self {
            place: Place::Metadata(model.into()),
            entries: entries.iter().map(pair).collect(),
        }
    }

    /// What stands in the file `file`; names have [`PREFIX`] already.
    pub(super) fn description(file: &str, entries: Vec<(String, String)>) -> Self {
        Self {
            place: Place::Description(file.into()),
            entries,
        }
    }

    /// Put `value` in the place of what is under `key`.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.entries.retain(|(name, _)| name != key);
        self.entries.push((key.into(), value.into()));
    }

    /// The text under `key`, if there is one.
    pub(super) fn optional(
        &self,
        key: &'static str,
        expected: &str,
    ) -> Result<Option<&str>, LoadError> {
        let mut values = self.entries.iter().filter(|(name, _)| name == key);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(Some(value)),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(self.wrong(key, "there twice".into(), expected)),
        }
    }

    fn required(&self, key: &'static str, expected: &str) -> Result<&str, LoadError> {
        let value = self.optional(key, expected)?;
        value.ok_or_else(|| self.wrong(key, "missing".into(), expected))
    }

    /// An error unless `key` is `expected`.
    pub(super) fn exactly(&self, key: &'static str, expected: &str) -> Result<(), LoadError> {
        self.one_of(key, &[(expected, ())])
    }

    /// A number that `fits`.
    pub(super) fn number<T: FromStr>(
        &self,
        key: &'static str,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T, LoadError> {
        let value = self.required(key, expected)?;
        let number = value.parse().ok().filter(fits);
        number.ok_or_else(|| self.wrong(key, shown(value), expected))
    }

    /// What stands behind a name of `choices`.
    pub(super) fn one_of<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, LoadError> {
        let names = choices.iter().map(|(name, _)| format!("`{name}`"));
        let expected = names.collect::<Vec<_>>().join(" or ");
        let value = self.required(key, &expected)?;
        let found = choices.iter().find(|(name, _)| *name == value);
        found
            .map(|&(_, choice)| choice)
            .ok_or_else(|| self.wrong(key, shown(value), &expected))
    }

    /// Two numbers in rising order, above 0 and at most `most`.
    pub(super) fn span(&self, key: &'static str, most: usize) -> Result<(f32, f32), LoadError> {
        let expected =
            format!("two numbers above 0 and at most {most}, in rising order, such as `4..16`");
        let value = self.required(key, &expected)?;
        // Comparisons with NaN are false, and infinity is not at most `most`.
        value
            .split_once("..")
            .and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)))
            .filter(|&(low, high): &(f32, f32)| 0.0 < low && low <= high && high <= most as f32)
            .ok_or_else(|| self.wrong(key, shown(value), &expected))
    }

    /// A text that says something.
    pub(super) fn text(&self, key: &'static str) -> Result<String, LoadError> {
        let expected = format!("a text of 1 to {MAX_TEXT} characters");
        let value = self.required(key, &expected)?;
        // Counting stops at the limit, however long the value is.
        let length = value.chars().take(MAX_TEXT + 1).count();
        if value.trim().is_empty() || length > MAX_TEXT {
            return Err(self.wrong(key, shown(value), &expected));
        }
        Ok(value.into())
    }

    fn wrong(&self, key: &'static str, found: String, expected: &str) -> LoadError {
        match &self.place {
            Place::Metadata(model) => LoadError::Metadata {
                model: model.clone(),
                key,
                found,
                expected: expected.into(),
            },
            Place::Description(file) => {
                let key = key.strip_prefix(PREFIX).unwrap_or(key);
                LoadError::Description {
                    file: file.clone(),
                    reason: format!("`{key}` is {found}, expected {expected}"),
                }
            }
        }
    }
}

/// A value from a file, fit for a message: short and without control characters.
pub(super) fn shown(value: &str) -> String {
    let short: String = value.chars().take(MAX_SHOWN).collect();
    let dots = if short.len() < value.len() { "…" } else { "" };
    format!("`{}{dots}`", short.escape_debug())
}

/// What ONNX Runtime says, fit for a message: it quotes names from files.
pub(super) fn said(error: &ort::Error) -> String {
    brief(&error.to_string())
}

pub(super) fn brief(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let short: String = text.chars().take(MAX_SAID).map(plain).collect();
    let dots = if text.chars().nth(MAX_SAID).is_some() {
        "…"
    } else {
        ""
    };
    format!("{short}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_messages_are_short_and_plain() {
        assert_eq!(shown("a\n\u{1b}[31m"), "`a\\n\\u{1b}[31m`");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), MAX_SHOWN + 3);
        assert_eq!(brief("no\n\u{1b}op"), "no  op");
        assert_eq!(brief(&"é".repeat(10_000)).chars().count(), MAX_SAID + 1);
    }
}
