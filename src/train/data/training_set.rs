//! What a training has pictures of, and which of them are large enough.

use super::dataset::Dataset;

/// What a training has pictures of.
pub struct Pictures {
    /// One face each.
    pub faces: Dataset,
    /// None, for what is to tell the two apart.
    pub others: Option<Dataset>,
}

impl Pictures {
    /// Faces alone.
    pub fn of(faces: Dataset) -> Self {
        Self {
            faces,
            others: None,
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
