//! The tables of properties in README.md and docs/properties.md are what the elements say of
//! themselves. After a change of a property, `UPDATE_README=1 cargo test --test element readme`
//! writes them anew. Tables of fields have those that messages, metas and statistics have.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::{FaceDepixelate, FacePixelate, MosaicDetect};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

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
        let range = match (spec.minimum(), spec.maximum()) {
            (0, u32::MAX) => String::new(),
            (least, u32::MAX) => format!(" ≥ {least}"),
            (least, most) => format!(" {least}–{most}"),
        };
        return format!("uint{range}, {}", spec.default_value());
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecInt>() {
        let (least, most, default) = (spec.minimum(), spec.maximum(), spec.default_value());
        return format!("int {least}–{most}, {default}");
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
fn table(element: &impl IsA<glib::Object>) -> String {
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

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The table behind the heading in the document `name` is that of the element; it is written anew
/// where that is wanted.
#[track_caller]
fn assert_documented(name: &str, of: &str, element: &impl IsA<glib::Object>) {
    let (expected, path) = (table(element), file(name));
    let heading = format!("## Properties of `{of}`\n");
    let document = std::fs::read_to_string(&path).unwrap();
    let found = document.split_once(&heading);
    let (before, section) = found.unwrap_or_else(|| panic!("{name} has no {heading}"));
    let start = section.find("| ").expect("a table follows the heading");
    let end = section.find("|\n\n").expect("an empty line ends the table") + 2;
    if section[start..end] == expected {
        return;
    }
    if std::env::var_os("UPDATE_README").is_some() {
        let (above, below) = (&section[..start], &section[end..]);
        let new = format!("{before}{heading}{above}{expected}{below}");
        std::fs::write(path, new).unwrap();
        return;
    }
    panic!(
        "{name}: the properties of {of} are others by now. Run UPDATE_README=1 cargo test --test element readme, or put in:\n\n{expected}"
    );
}

#[test]
fn documents_have_the_properties_that_the_elements_have() {
    init();
    let restorer = glib::Object::new::<FaceDepixelate>();
    assert_documented("README.md", "facedepixelate", &restorer);
    let page = "docs/properties.md";
    assert_documented(page, "facedepixelate", &restorer);
    assert_documented(page, "facepixelate", &glib::Object::new::<FacePixelate>());
    assert_documented(page, "mosaicdetect", &glib::Object::new::<MosaicDetect>());
}

#[test]
fn the_page_has_the_presets_of_the_file() {
    let presets = std::fs::read_to_string(file("presets/GstFaceDepixelate.prs")).unwrap();
    let mut expected = String::new();
    for section in presets.split("\n[").skip(1) {
        let (name, lines) = section.split_once("]\n").unwrap();
        let settings = lines
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('_'));
        let settings: Vec<_> = settings.collect();
        writeln!(expected, "| `{name}` | `{}` |", settings.join(" ")).unwrap();
    }
    let page = std::fs::read_to_string(file("docs/properties.md")).unwrap();
    assert!(
        page.contains(&expected),
        "docs/properties.md, presets:\n{expected}"
    );
}

/// Fields and their types in the tables of a section of docs/properties.md.
fn documented_fields(heading: &str) -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(file("docs/properties.md")).unwrap();
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (_, table) = section.split_once("| Field | Type |").unwrap();
    let mut fields = BTreeMap::new();
    for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
        let cells: Vec<_> = row.split(" | ").collect();
        let names = cells[0].split('`').skip(1).step_by(2);
        fields.extend(names.map(|name| (name.to_owned(), cells[1].to_owned())));
    }
    fields
}

fn fields(of: &gst::StructureRef) -> BTreeMap<String, String> {
    of.iter()
        .map(|(name, value)| (name.to_string(), value.type_().name().to_owned()))
        .collect()
}

/// What `element` tells of the pixelated face in the README's picture: its message, and the
/// parameters of its meta.
fn told(element: &impl IsA<gst::Element>) -> (gst::Structure, gst::Structure) {
    element.set_bus(Some(&gst::Bus::new()));
    let picture = image::open(file("docs/images/before-after.png")).unwrap();
    let picture = picture.crop_imm(0, 0, 640, 360).into_rgb8();
    let caps = caps_of(VideoFormat::Rgb, 640, 360);
    let mut buffer = gst::Buffer::from_mut_slice(picture.into_raw());
    stamp(buffer.get_mut().unwrap(), 0);
    let after = through(element, &caps, buffer);
    let meta = after
        .meta::<VideoRegionOfInterestMeta>()
        .expect("it has a meta");
    let parameters = meta.params().next().expect("the meta has parameters");
    let is_element = |message: &gst::Message| message.type_() == gst::MessageType::Element;
    let message = messages(element).into_iter().find(is_element);
    let message = message.expect("it posts a message");
    let details = message.structure().unwrap().to_owned();
    (details, parameters.to_owned())
}

#[test]
fn the_page_has_the_fields_that_are_told() {
    init();
    let restorer = glib::Object::new::<FaceDepixelate>();
    restorer.set_property("post-messages", true);
    restorer.set_property("add-roi-meta", true);
    let (message, parameters) = told(&restorer);
    assert_eq!(documented_fields("Messages"), fields(&message));
    let mut documented = documented_fields("Metas");
    assert!(documented.remove("turn").is_some());
    assert_eq!(documented, fields(&parameters));
    let stats: gst::Structure = restorer.property("stats");
    assert_eq!(documented_fields("Statistics"), fields(&stats));

    let (message, parameters) = told(&glib::Object::new::<MosaicDetect>());
    assert_eq!(documented_fields("Messages"), fields(&message));
    assert!(documented.remove("face-probability").is_some());
    assert_eq!(documented, fields(&parameters));
    let regions: gst::Array = message.get("regions").unwrap();
    let region: gst::Structure = regions.first().unwrap().get().unwrap();
    for side in ["x", "y", "width", "height"] {
        documented.insert(side.to_owned(), "gint".to_owned());
    }
    assert_eq!(documented, fields(&region));
}
