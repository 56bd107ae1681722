//! What the metrics compare.

/// A borrowed picture: packed 8-bit RGB, rows without padding.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    width: usize,
    height: usize,
    data: &'a [u8],
}

/// Why something cannot be measured.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MetricsError {
    /// The bytes do not make up the picture.
    #[error("an RGB picture of {width}×{height} pixels is not {actual} bytes long")]
    WrongLength {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes there.
        actual: usize,
    },
    /// One picture is larger than the other.
    #[error("pictures of different sizes cannot be compared: {a:?} and {b:?}")]
    DifferentSizes {
        /// Width and height of the first picture.
        a: (usize, usize),
        /// Width and height of the second picture.
        b: (usize, usize),
    },
    /// The picture has fewer pixels than the metric's window, or none.
    #[error("a picture of {width}×{height} pixels is smaller than the window of {window} pixels")]
    TooSmall {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Least width and height.
        window: usize,
    },
    /// Two lists that belong together, element by element, do not.
    #[error("lists of {a} and {b} elements do not pair up")]
    DifferentCounts {
        /// Elements of the first list.
        a: usize,
        /// Elements of the second list.
        b: usize,
    },
    /// The list has too few elements for the measure.
    #[error("{actual} elements are too few, {needed} are needed")]
    TooFew {
        /// Elements there.
        actual: usize,
        /// Least number of elements.
        needed: usize,
    },
    /// The mask has not one entry for each pixel.
    #[error("a mask of {actual} entries does not fit a picture of {expected} pixels")]
    MaskLength {
        /// Pixels of the picture.
        expected: usize,
        /// Entries of the mask.
        actual: usize,
    },
    /// No pixel of the picture lies where the measure was to look.
    #[error("the region holds nothing of the picture that could be measured")]
    EmptyRegion,
    /// A figure that goes into a statistic is infinite or not a number.
    #[error("figures that are not finite have no mean")]
    NotFinite,
    /// A vector of zeros was to be compared by its direction.
    #[error("a vector of zeros has no direction")]
    NoDirection,
    /// The numbers do not make up the feature map.
    #[error("{actual} numbers are no feature map of {channels} channels")]
    MapLength {
        /// Channels of the map.
        channels: usize,
        /// Numbers there.
        actual: usize,
    },
}

impl<'a> Picture<'a> {
    /// A picture of `width` × `height` pixels; `data` holds exactly three bytes for each.
    pub fn new(width: usize, height: usize, data: &'a [u8]) -> Result<Self, MetricsError> {
        let needed = width.checked_mul(height).and_then(|n| n.checked_mul(3));
        if needed != Some(data.len()) {
            return Err(MetricsError::WrongLength {
                width,
                height,
                actual: data.len(),
            });
        }
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes: R, G, B of each pixel, row by row.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// One channel (0 red, 1 green, 2 blue) as numbers 0–255.
    pub(super) fn channel(&self, index: usize) -> Vec<f64> {
        let samples = self.data.iter().skip(index).step_by(3);
        samples.map(|&v| f64::from(v)).collect()
    }

    /// The three bytes of a pixel, which must lie inside the picture.
    pub(super) fn pixel(&self, x: usize, y: usize) -> &'a [u8] {
        &self.data[(y * self.width + x) * 3..][..3]
    }

    /// Luma 0–255 with the weights of ITU-R BT.601, not rounded.
    pub(super) fn luma(&self) -> Vec<f64> {
        let weighted =
            |p: &[u8]| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
        self.data.chunks_exact(3).map(weighted).collect()
    }
}

/// Refuse pictures of different sizes, and such with a side below `window`.
pub(super) fn check(a: &Picture<'_>, b: &Picture<'_>, window: usize) -> Result<(), MetricsError> {
    if (a.width, a.height) != (b.width, b.height) {
        return Err(MetricsError::DifferentSizes {
            a: (a.width, a.height),
            b: (b.width, b.height),
        });
    }
    if a.width < window || a.height < window {
        return Err(MetricsError::TooSmall {
            width: a.width,
            height: a.height,
            window,
        });
    }
    Ok(())
}

/// Refuse lists of unequal length.
pub(super) fn check_counts<T>(a: &[T], b: &[T]) -> Result<(), MetricsError> {
    if a.len() != b.len() {
        return Err(MetricsError::DifferentCounts {
            a: a.len(),
            b: b.len(),
        });
    }
    Ok(())
}

/// Refuse lists of unequal length, with fewer than `least` (above zero) pictures, or with pictures
/// that [`check`] refuses.
pub(super) fn check_sets(
    a: &[Picture<'_>],
    b: &[Picture<'_>],
    least: usize,
    window: usize,
) -> Result<(), MetricsError> {
    check_counts(a, b)?;
    if a.len() < least {
        return Err(MetricsError::TooFew {
            actual: a.len(),
            needed: least,
        });
    }
    a.iter().chain(b).try_for_each(|p| check(&a[0], p, window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_must_fit() {
        assert!(Picture::new(2, 3, &[0; 18]).is_ok());
        let error = Picture::new(2, 3, &[0; 17]).unwrap_err();
        assert!(error.to_string().contains("17 bytes"), "{error}");
        assert!(Picture::new(usize::MAX, 2, &[]).is_err());
    }

    #[test]
    fn different_and_small_sizes_are_refused() {
        let a = Picture::new(2, 3, &[0; 18]).unwrap();
        let b = Picture::new(3, 2, &[0; 18]).unwrap();
        let empty = Picture::new(0, 0, &[]).unwrap();
        assert!(matches!(
            check(&a, &b, 1),
            Err(MetricsError::DifferentSizes { .. })
        ));
        assert!(matches!(
            check(&a, &a, 3),
            Err(MetricsError::TooSmall { window: 3, .. })
        ));
        assert!(check(&empty, &empty, 1).is_err());
    }

    #[test]
    fn lists_must_pair_up() {
        let a = Picture::new(2, 3, &[0; 18]).unwrap();
        let b = Picture::new(3, 2, &[0; 18]).unwrap();
        assert_eq!(check_sets(&[a, a], &[a, a], 2, 2), Ok(()));
        assert_eq!(
            check_sets(&[a], &[a, a], 1, 1),
            Err(MetricsError::DifferentCounts { a: 1, b: 2 })
        );
        assert!(matches!(
            check_sets(&[a], &[a], 2, 1),
            Err(MetricsError::TooFew { .. })
        ));
        assert!(matches!(
            check_sets(&[a, a], &[a, b], 1, 1),
            Err(MetricsError::DifferentSizes { .. })
        ));
    }
}
