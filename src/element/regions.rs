//! Properties that are lists of rectangles: a `GstValueArray` of `GstValueArray`s of four ints, x, y,
//! width and height.

use crate::frame::Rect;
use gst::glib;
use gst::prelude::*;
use std::sync::{Arc, LazyLock};

/// The property's list, and what was wrong with the last value that was no such list.
#[derive(Clone, Debug, Default)]
pub(super) struct Regions {
    rects: Arc<[Rect]>,
    complaint: Option<String>,
}

impl Regions {
    /// The regions; shared, so that a copy of the settings allocates nothing.
    pub(super) fn rects(&self) -> &Arc<[Rect]> {
        &self.rects
    }

    /// Why the last value was not taken, if it was not.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Take a new list. One that is not well-formed leaves the former in place and is reported by
    /// the next state change: setters have no way to fail.
    pub(super) fn set(&mut self, value: &glib::Value) {
        match parse(value) {
            Ok(rects) => {
                *self = Self {
                    rects: rects.into(),
                    complaint: None,
                }
            }
            Err(complaint) => self.complaint = Some(complaint),
        }
    }

    /// The list as a property value.
    pub(super) fn to_value(&self) -> glib::Value {
        let list = self.rects.iter().map(|rect| {
            let size = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
            let numbers = [rect.x, rect.y, size(rect.width), size(rect.height)];
            gst::Array::new(numbers).to_send_value()
        });
        gst::Array::from_values(list).to_value()
    }
}

/// Copy a property's value, whose type GObject has checked, into the settings.
pub(super) fn store<'v, T: glib::value::FromValue<'v>>(field: &mut T, value: &'v glib::Value) {
    if let Ok(value) = value.get() {
        *field = value;
    }
}

/// The specification of such a property.
pub(super) fn param_spec(name: &str, nick: &str, blurb: &str) -> glib::ParamSpec {
    use gst::prelude::GstParamSpecBuilderExt;
    static NUMBER: LazyLock<glib::ParamSpec> = LazyLock::new(|| {
        glib::ParamSpecInt::builder("number")
            .nick("Number")
            .blurb("x, y, width or height in pixels")
            .build()
    });
    static REGION: LazyLock<glib::ParamSpec> = LazyLock::new(|| {
        gst::ParamSpecArray::builder("region")
            .element_spec(&*NUMBER)
            .nick("Region")
            .blurb("x, y, width, height in pixels")
            .build()
    });
    gst::ParamSpecArray::builder(name)
        .element_spec(&*REGION)
        .nick(nick)
        .blurb(blurb)
        .mutable_playing()
        .build()
}

fn parse(value: &glib::Value) -> Result<Vec<Rect>, String> {
    let list = value
        .get::<gst::ArrayRef>()
        .map_err(|_| "it is not an array".to_owned())?;
    list.iter().map(|item| parse_region(item)).collect()
}

fn parse_region(value: &glib::Value) -> Result<Rect, String> {
    let Ok(numbers) = value.get::<gst::ArrayRef>() else {
        return Err("a region is not an array of four ints".to_owned());
    };
    let numbers: Vec<i32> = numbers
        .iter()
        .filter_map(|number| number.get().ok())
        .collect();
    let &[x, y, width, height] = numbers.as_slice() else {
        return Err(format!("a region has {} ints, not four", numbers.len()));
    };
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) => Ok(Rect::new(x, y, width, height)),
        _ => Err(format!("a region has the size {width} × {height}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(numbers: &[i32]) -> glib::SendValue {
        gst::Array::new(numbers.iter().copied()).to_send_value()
    }

    #[test]
    fn regions_survive_the_round_trip() {
        gst::init().unwrap();
        let value = gst::Array::from_values([array(&[-3, 2, 10, 0]), array(&[1, 2, 3, 4])]);
        let mut regions = Regions::default();
        regions.set(&value.to_value());
        let expected = [Rect::new(-3, 2, 10, 0), Rect::new(1, 2, 3, 4)];
        assert_eq!(regions.rects()[..], expected);
        let mut again = Regions::default();
        again.set(&regions.to_value());
        assert_eq!(again.rects()[..], expected);
    }

    #[test]
    fn a_malformed_list_leaves_the_former() {
        gst::init().unwrap();
        let mut regions = Regions::default();
        regions.set(&gst::Array::from_values([array(&[1, 2, 3, 4])]).to_value());
        for bad in [&[1, 2, 3][..], &[1, 2, 3, 4, 5], &[1, 2, -3, 4]] {
            regions.set(&gst::Array::from_values([array(bad)]).to_value());
            assert!(regions.complaint().is_some());
            assert_eq!(regions.rects()[..], [Rect::new(1, 2, 3, 4)]);
        }
        regions.set(&gst::Array::default().to_value());
        assert!(regions.complaint().is_none() && regions.rects().is_empty());
    }
}
