//! What a training has pictures of, and which of them are large enough.

use super::dataset::Dataset;

/// What a training has pictures of.
pub struct Pictures {
    /// One face each.
    pub faces: Dataset,
    /// Of another kind: without faces, for what is to tell the two apart; or what networks see,
    /// where that is not made of faces.
    pub others: Option<Dataset>,
}

impl Pictures {
    /// Faces, then perhaps others. None of either is none at all, so that there is always a set.
    pub fn of_kinds(kinds: Vec<Dataset>) -> Self {
        let mut kinds = kinds.into_iter();
        Self {
            faces: kinds.next().unwrap_or_default(),
            others: kinds.next(),
        }
    }
}

/// Sides below which pictures are of no or less use, pixels.
pub struct Smallest {
    /// Shorter pictures are left out.
    pub useful: u32,
    /// Shorter ones teach no detail of the restored picture's own size.
    pub sharp: u32,
}

impl Smallest {
    /// The pictures that are large enough; says how many are not.
    pub fn leave_out(&self, dataset: Dataset) -> Dataset {
        let (useful, sharp) = (self.useful, self.sharp);
        let count = dataset.smaller_than(useful);
        if count > 0 {
            eprintln!("{count} are smaller than {useful} pixels and left out");
        }
        let dataset = dataset.without_smaller(useful);
        let count = dataset.smaller_than(sharp);
        if count > 0 {
            eprintln!("{count} are smaller than {sharp} pixels and teach no detail of full size");
        }
        dataset
    }
}
