//! Recipes as text: read, changed key by key, written.

use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;
use toml::{Table, Value};

use super::bundled::{BUNDLED, bundled};
use crate::train::data::held_out::HeldOut;

/// The keys that all recipes may have.
const DATA: &str = "data = { held_out = [], group_by = '' }";
/// That section.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    data: HeldOut,
}

impl HeldOut {
    /// The rule of a recipe file of any system, or of the default recipe: of the section `[data]`,
    /// others may hold what they like.
    pub fn of_recipe(path: Option<&Path>) -> anyhow::Result<Self> {
        let (name, mut written) = table_with(path, BUNDLED, &[])?;
        written.retain(|section, _| section == "data");
        let read: Result<Data, toml::de::Error> = written.clone().try_into();
        let read = read
            .map_err(|error| meant_key(&error, &written, DATA).unwrap_or_else(|| anyhow!(error)));
        Ok(read.context(name)?.data)
    }
}

/// Keys that were called otherwise before: their old dotted names, or the ends of those, and what
/// the last part is now.
const RENAMED: &[(&str, &str)] = &[
    ("damage", "degradation"),
    ("data.held_back", "held_out"),
    ("judge", "discriminator"),
    ("train.judge", "discriminator_weight"),
    ("judge_rate", "discriminator_lr"),
    ("decoder_rate", "decoder_lr"),
    ("rate", "learning_rate"),
    ("constant", "constant_share"),
    ("stage1.alone", "warmup_share"),
    ("train.alone", "warmup_steps"),
    ("stage1.judge_pairs", "paired_discriminator"),
    ("stage2.colour", "color"),
];

/// What the last part of a dotted key is called now.
fn present_name(key: &str) -> String {
    let matches = |old: &str| {
        key == old
            || key
                .strip_suffix(old)
                .is_some_and(|before| before.ends_with('.'))
    };
    // The longest name that fits says most.
    let found = RENAMED.iter().filter(|(old, _)| matches(old));
    let found = found.max_by_key(|(old, _)| old.len());
    let last = key.rsplit('.').next().unwrap_or(key);
    found.map_or(last, |(_, new)| new).to_owned()
}

/// Recipes that extend each other, at most: more are a ring.
const LONGEST_CHAIN: usize = 8;

/// The keys of a recipe's text, by their present names, and where it `extends` another recipe those
/// of that one that it does not have itself. Such a recipe lies in `folder`, or is one that comes
/// with the program.
pub(super) fn table_of(text: &str, folder: Option<&Path>) -> anyhow::Result<Table> {
    extended(text, folder, LONGEST_CHAIN)
}

fn extended(text: &str, folder: Option<&Path>, chain: usize) -> anyhow::Result<Table> {
    let mut table = renew(text.parse()?, "");
    let Some(base) = table.remove("extends") else {
        return Ok(table);
    };
    let name = base
        .as_str()
        .context("extends must be the name of a recipe file")?;
    ensure!(
        chain > 0,
        "extends = \"{name}\": recipes extend each other in a ring"
    );
    let beside = folder.map(|folder| folder.join(name));
    let text = match beside.filter(|file| file.exists()) {
        Some(file) => std::fs::read_to_string(&file)
            .with_context(|| format!("recipe {} cannot be read", file.display()))?,
        None => bundled(name)
            .with_context(|| format!("extends = \"{name}\": there is no such recipe"))?
            .to_owned(),
    };
    let base = extended(&text, folder, chain - 1).with_context(|| format!("recipe {name}"))?;
    Ok(merged(base, table))
}

/// `base` with what `over` has in its place. A table that says its kind is taken as it is.
fn merged(mut base: Table, over: Table) -> Table {
    for (name, value) in over {
        let value = match (base.remove(&name), value) {
            (Some(Value::Table(base)), Value::Table(over)) if !over.contains_key("kind") => {
                Value::Table(merged(base, over))
            }
            (_, value) => value,
        };
        base.insert(name, value);
    }
    base
}

/// Give the keys of `table`, which stands under `prefix`, their present names.
fn renew(table: Table, prefix: &str) -> Table {
    let mut renewed = Table::new();
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        let present = present_name(&key);
        let value = match value {
            Value::Table(inner) => Value::Table(renew(inner, &format!("{prefix}{present}."))),
            other => other,
        };
        // Where an old recipe names a discriminator in place of its own, that one counts.
        if present == name || !renewed.contains_key(&present) {
            renewed.insert(present, value);
        }
    }
    renewed
}

/// The keys of the recipe file, or of `default`, with single keys changed, see
/// [`RecipeText::read_with`]; and a name for error messages.
pub(super) fn table_with(
    path: Option<&Path>,
    default: &str,
    changes: &[String],
) -> anyhow::Result<(String, Table)> {
    let (name, text) = match path {
        Some(path) => {
            let name = format!("recipe {}", path.display());
            let text =
                std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
            (name, text)
        }
        None => ("the default recipe".to_owned(), default.to_owned()),
    };
    let folder = path.and_then(Path::parent);
    let mut table = table_of(&text, folder).with_context(|| name.clone())?;
    for change in changes {
        apply(&mut table, change).with_context(|| format!("--set {change}"))?;
    }
    Ok((name, table))
}

/// Set one key, in a section that may be new. Whether recipes have such a key is seen when the
/// table is read.
fn apply(table: &mut Table, change: &str) -> anyhow::Result<()> {
    let (key, value) = change
        .split_once('=')
        .context("a change is written key=value, such as stage1.steps=100")?;
    let value = parse_value(value.trim());
    let mut parts: Vec<String> = Vec::new();
    for part in key.trim().split('.') {
        let key = parts.iter().map(String::as_str).chain([part]);
        parts.push(present_name(&key.collect::<Vec<_>>().join(".")));
    }
    let last = parts.pop().unwrap_or_default();
    let mut inner = &mut *table;
    for part in parts {
        let next = inner.entry(&part).or_insert_with(|| Table::new().into());
        inner = match next {
            Value::Table(next) => next,
            _ => bail!("{part} is no section"),
        };
    }
    inner.insert(last, value);
    Ok(())
}

/// A TOML value; what is none is a string, so that `stage2.loss=l1` needs no quotes.
fn parse_value(text: &str) -> Value {
    let line = format!("value = {text}");
    let parsed = line.parse::<Table>().ok();
    parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// For `error` about an unknown key: the key, as `written` has it, and the one that was probably
/// meant. The recipe `default` tells apart keys of the same name in other sections.
pub(super) fn meant_key(
    error: &toml::de::Error,
    written: &Table,
    default: &str,
) -> Option<anyhow::Error> {
    let message = error.message().strip_prefix("unknown field")?;
    // The wrong name and those that the section has, optional ones among them, are in quotes.
    let mut names = message.split('`').skip(1).step_by(2);
    let name = names.next()?;
    let (mut found, mut known) = (Vec::new(), Vec::new());
    collect(written, "", &mut found);
    collect(&table_of(default, None).ok()?, "", &mut known);
    let wrong = found.iter().filter(|key| !known.contains(key));
    // The wrong name may be a section's.
    let section = |key: &String| {
        let parts: Vec<&str> = key.split('.').collect();
        let place = parts.iter().position(|part| *part == name)?;
        Some(
            parts[..place]
                .iter()
                .map(|part| format!("{part}."))
                .collect::<String>(),
        )
    };
    let section = wrong.into_iter().find_map(section)?;
    let known: Vec<String> = names.map(|known| format!("{section}{known}")).collect();
    meant(&format!("{section}{name}"), &known)
}

/// The error about the key `wrong`: which of the `known` ones was probably meant.
fn meant(wrong: &str, known: &[String]) -> Option<anyhow::Error> {
    let nearest = known.iter().max_by(|a, b| {
        let likeness = |key: &str| strsim::jaro_winkler(key, wrong);
        likeness(a).total_cmp(&likeness(b))
    })?;
    Some(anyhow!("unknown key {wrong}; did you mean {nearest}?"))
}

/// The dotted names of all values in `table`.
fn collect(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => collect(inner, &format!("{key}."), keys),
            _ => keys.push(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_recipe_says_what_is_held_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipe.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            HeldOut::of_recipe(Some(&file)).map_err(|error| format!("{error:#}"))
        };
        let stylegan = include_str!("../../../recipes/stylegan2.toml");
        assert_eq!(read(stylegan).unwrap(), HeldOut::default());
        let rule = "[data]\nheld_out = ['a_']\ngroup_by = '_'\n";
        let expected = HeldOut {
            held_out: vec!["a_".to_owned()],
            group_by: Some("_".to_owned()),
        };
        for other in [stylegan, BUNDLED, "nothing = 'that we know'"] {
            assert_eq!(read(&format!("{other}\n{rule}")).unwrap(), expected);
        }
        let error = read("[train]\nhold_out = 1\n[data]\nhold_out = ['a_']\n").unwrap_err();
        assert!(
            error.contains("data.hold_out; did you mean data.held_out?"),
            "{error}"
        );
        assert!(error.contains("recipe.toml"), "{error}");
        assert!(read("data = 3").unwrap_err().contains("integer"));
        assert!(read("[data\nheld_out").unwrap_err().contains("line 1"));
        let missing = HeldOut::of_recipe(Some(&folder.path().join("no.toml"))).unwrap_err();
        assert!(format!("{missing:#}").contains("no.toml"), "{missing:#}");
        assert_eq!(HeldOut::of_recipe(None).unwrap(), HeldOut::default());
    }

    fn table(text: &str) -> Table {
        table_of(text, None).unwrap()
    }

    #[test]
    fn a_recipe_says_only_what_is_special_about_it() {
        let folder = tempfile::tempdir().unwrap();
        let base = "a = 1\n[b]\nc = 2\nd = 3\n[e]\nkind = 'x'\nf = 4\n";
        std::fs::write(folder.path().join("base.toml"), base).unwrap();
        let text = "extends = 'base.toml'\n[b]\nd = 5\n[e]\nkind = 'y'\n";
        let expected = "a = 1\n[b]\nc = 2\nd = 5\n[e]\nkind = 'y'\n";
        let found = table_of(text, Some(folder.path())).unwrap();
        assert_eq!(found, table(expected));
        let small = table("extends = 'dcgan.toml'\n[network]\nwidth = 3\n");
        assert_eq!(small["network"]["width"].as_integer(), Some(3));
        assert!(small.contains_key("train"));
        let missing = table_of("extends = 'nothing.toml'", None).unwrap_err();
        assert!(missing.to_string().contains("nothing.toml"), "{missing}");
        std::fs::write(folder.path().join("ring.toml"), "extends = 'ring.toml'").unwrap();
        let ring = table_of("extends = 'ring.toml'", Some(folder.path())).unwrap_err();
        assert!(format!("{ring:#}").contains("in a ring"), "{ring:#}");
    }

    #[test]
    fn keys_of_older_recipes_are_known() {
        let old = "[damage]\nblur = 1\n[stage1]\nrate = 2\nalone = 3\njudge_pairs = true\n\
                   [train]\nalone = 4\njudge = 5\njudge_rate = 6\n[judge]\nwidth = 7\n";
        let new = "[degradation]\nblur = 1\n[stage1]\nlearning_rate = 2\nwarmup_share = 3\n\
                   paired_discriminator = true\n[train]\nwarmup_steps = 4\n\
                   discriminator_weight = 5\ndiscriminator_lr = 6\n[discriminator]\nwidth = 7\n";
        assert_eq!(table(old), table(new));
        let projected = "[judge]\nwidth = 7\n[discriminator]\nkind = 'projected'\n";
        let expected = "[discriminator]\nkind = 'projected'\n";
        assert_eq!(table(projected), table(expected));
        let mut table = table(new);
        apply(&mut table, "damage.blur=9").unwrap();
        apply(&mut table, "train.judge=8").unwrap();
        assert_eq!(table["degradation"]["blur"].as_integer(), Some(9));
        assert_eq!(table["train"]["discriminator_weight"].as_integer(), Some(8));
    }
}
