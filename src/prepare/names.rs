//! What crops are called.

use std::collections::BTreeMap;
use std::path::Path;

/// Names for one picture.
#[derive(Debug, PartialEq)]
pub(super) struct Names {
    /// The picture's path within its source.
    pub picture: String,
    /// What the names of its crops begin with: the same without the ending, unless another picture
    /// has that, too.
    pub crop: String,
}

/// Names for the pictures of `source`, in their order.
pub(super) fn of(source: &Path, pictures: &[&str]) -> Vec<Names> {
    let within: Vec<String> = pictures.iter().map(|name| inside(source, name)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in &within {
        *counts.entry(without_ending(name)).or_default() += 1;
    }
    let named = |picture: String| {
        let short = without_ending(&picture);
        let crop = if counts[&short] == 1 {
            short
        } else {
            picture.clone()
        };
        Names { picture, crop }
    };
    within.into_iter().map(named).collect()
}

/// The path within the source. A step out of it, which a list or an archive may name, becomes a
/// folder `up`, so that no two pictures get one name.
fn inside(source: &Path, name: &str) -> String {
    let path = Path::new(name);
    let path = path.strip_prefix(source).unwrap_or(path);
    let parts = path.components().filter_map(|part| match part {
        std::path::Component::Normal(part) => Some(part.to_string_lossy()),
        std::path::Component::ParentDir => Some("up".into()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn without_ending(name: &str) -> String {
    Path::new(name)
        .with_extension("")
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_crops_have_one_name() {
        let pictures = [
            "in/a/x.jpg",
            "in/x.jpg",
            "in/x.png",
            "../y.jpg",
            "/etc/z.png",
        ];
        let names = of(Path::new("in"), &pictures);
        let crops: Vec<&str> = names.iter().map(|names| names.crop.as_str()).collect();
        assert_eq!(crops, ["a/x", "x.jpg", "x.png", "up/y", "etc/z"]);
        assert_eq!(names[0].picture, "a/x.jpg");
    }
}
