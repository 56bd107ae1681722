//! Rectangles on the command line.

use std::path::{Path, PathBuf};

use crate::frame::Rect;

/// Where something is told by hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Region {
    /// In all frames.
    Rectangle(Rect),
    /// As a table says.
    Table(PathBuf),
}

/// A rectangle, or the name of a table.
pub(super) fn region(text: &str) -> Result<Region, String> {
    match text.to_lowercase().ends_with(".csv") {
        true => Ok(Region::Table(text.into())),
        false => rectangle(text).map(Region::Rectangle),
    }
}

fn rectangle(text: &str) -> Result<Rect, String> {
    let wrong =
        || "four whole numbers are needed, x,y,width,height, or the name of a .csv".to_owned();
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    let &[x, y, width, height] = parts.as_slice() else {
        return Err(wrong());
    };
    let number = |text: &str| text.parse::<i32>().map_err(|_| wrong());
    let size = |text: &str| match text.parse::<u32>() {
        Ok(size @ 1..=0x7fff_ffff) => Ok(size),
        _ => Err(wrong()),
    };
    Ok(Rect::new(
        number(x)?,
        number(y)?,
        size(width)?,
        size(height)?,
    ))
}

/// The rectangles among `regions`.
pub(super) fn rectangles(regions: &[Region]) -> Vec<Rect> {
    let rectangles = regions.iter().filter_map(|region| match region {
        Region::Rectangle(rect) => Some(*rect),
        Region::Table(_) => None,
    });
    rectangles.collect()
}

/// The tables among `regions`.
pub(super) fn tables(regions: &[Region]) -> impl Iterator<Item = &Path> {
    regions.iter().filter_map(|region| match region {
        Region::Rectangle(_) => None,
        Region::Table(path) => Some(PathBuf::as_path(path)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles() {
        assert_eq!(rectangle("-3, 4,5,6"), Ok(Rect::new(-3, 4, 5, 6)));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,-3,4", "a,2,3,4"] {
            assert!(rectangle(wrong).is_err(), "{wrong}");
        }
    }
}
