//! The presets that come with `facedepixelate`.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gstdepixelate::element::FaceDepixelate;

/// What the properties of `element` are, as text.
fn properties(element: &FaceDepixelate) -> Vec<String> {
    let all = element.list_properties();
    let settings = all.iter().filter(|spec| {
        spec.flags().contains(glib::ParamFlags::READWRITE)
            && !["name", "parent"].contains(&spec.name())
    });
    let text = |spec: &glib::ParamSpec| {
        let value = element.property_value(spec.name());
        format!("{} {:?}", spec.name(), value.serialize())
    };
    settings.map(text).collect()
}

#[test]
fn presets_load_and_change_something() {
    init();
    gst::Preset::set_app_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets")).unwrap();
    // Not the defaults: `faithful` asks for what they are, and shall do so when they change.
    let make = || {
        let element = glib::Object::new::<FaceDepixelate>();
        element.set_property("detail", 0.5f32);
        element
    };
    let fresh = properties(&make());
    let names = make().preset_names();
    for name in ["every-mosaic", "faithful", "live", "review", "sharp"] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} of {names:?}"
        );
        let element = make();
        element.load_preset(name).unwrap();
        assert_ne!(properties(&element), fresh, "{name}");
    }
    let element = make();
    element.load_preset("faithful").unwrap();
    assert_eq!(element.property::<f32>("detail"), 0.0);
    element.load_preset("sharp").unwrap();
    assert_eq!(element.property::<f32>("detail"), 1.0);
    assert!(element.load_preset("none of them").is_err());
}
