//! The README's table of properties is what `facedepixelate` says of itself. After a change of a
//! property, `UPDATE_README=1 cargo test --test element readme` writes it anew.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gstdepixelate::element::FaceDepixelate;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
/// The line that the table follows.
const HEADING: &str = "## Properties of `facedepixelate`";

/// Values of an enumeration, by the names that pipelines use.
fn nicks(of: &glib::EnumClass) -> String {
    let nicks: Vec<_> = of.values().iter().map(|value| value.nick()).collect();
    nicks.join(", ")
}

/// Type, range and default.
fn kind(spec: &glib::ParamSpec) -> String {
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecEnum>() {
        let class = spec.enum_class();
        let default = class.value(spec.default_value_as_i32());
        let default = default.expect("the default is one of the values").nick();
        return format!("{}; {default}", nicks(&class));
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecUInt>() {
        let least = match spec.minimum() {
            0 => String::new(),
            least => format!(" ≥ {least}"),
        };
        return format!("uint{least}, {}", spec.default_value());
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecUInt64>() {
        return format!("uint64, {}", spec.default_value());
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecFloat>() {
        let (least, most, default) = (spec.minimum(), spec.maximum(), spec.default_value());
        return format!("float {least}–{most}, {default}");
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecBoolean>() {
        return format!("bool, {}", spec.default_value());
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecString>() {
        return format!("string, {}", spec.default_value().unwrap_or("NULL"));
    }
    if spec.is::<gst::ParamSpecArray>() {
        return "array, empty".to_owned();
    }
    if spec.value_type() == gst::Structure::static_type() {
        return "structure".to_owned();
    }
    panic!(
        "{}: tell this test how to describe a {}",
        spec.name(),
        spec.type_()
    );
}

/// When a value may be set, and whether it may follow the time.
fn changeable(spec: &glib::ParamSpec) -> String {
    let flags = spec.flags();
    if !flags.contains(glib::ParamFlags::WRITABLE) {
        return "read-only".to_owned();
    }
    let when = match flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING) {
        true => "always",
        false => "READY",
    };
    let controllable = flags.contains(gst::PARAM_FLAG_CONTROLLABLE);
    format!("{when}{}", if controllable { ", controllable" } else { "" })
}

/// The table, as it should be.
fn table(element: &FaceDepixelate) -> String {
    let mut table =
        "| Property | Type, default | Changeable | Meaning |\n|---|---|---|---|\n".to_owned();
    for spec in element.list_properties() {
        if spec.owner_type() != element.type_() {
            continue;
        }
        // What looks like a tag would not be shown.
        let meaning = spec.blurb().unwrap_or_default().replace('<', "\\<");
        let (kind, changeable) = (kind(&spec), changeable(&spec));
        table += &format!(
            "| `{}` | {kind} | {changeable} | {meaning} |\n",
            spec.name()
        );
    }
    table
}

#[test]
fn the_readme_has_the_properties_that_the_element_has() {
    init();
    let expected = table(&glib::Object::new::<FaceDepixelate>());
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, section) = readme.split_once(HEADING).expect("README has the heading");
    let start = section.find("| ").expect("README has the table");
    let end = section.find("|\n\n").expect("an empty line ends the table") + 2;
    if section[start..end] == expected {
        return;
    }
    if std::env::var_os("UPDATE_README").is_some() {
        let (above, below) = (&section[..start], &section[end..]);
        let new = format!("{before}{HEADING}{above}{expected}{below}");
        std::fs::write(README, new).unwrap();
        return;
    }
    panic!(
        "README.md: the properties of facedepixelate are others by now. Run UPDATE_README=1 cargo test --test element readme, or put in:\n\n{expected}"
    );
}
