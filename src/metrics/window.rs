//! Filters of a plane: a square window that slides over it, and halving.

/// Sum under a window at every position where it lies inside the plane; `weights` are those of one
/// axis. The result is smaller than the plane by the window less one, so the plane must be at least
/// as large as the window.
pub(super) fn windowed(data: &[f64], width: usize, weights: &[f64]) -> Vec<f64> {
    let size = weights.len();
    let rows: Vec<f64> = data
        .chunks_exact(width)
        .flat_map(|row| row.windows(size))
        .map(|part| part.iter().zip(weights).map(|(v, w)| v * w).sum())
        .collect();
    let width = width + 1 - size;
    let height = rows.len() / width + 1 - size;
    (0..height * width)
        .map(|at| {
            let column = rows[at..].iter().step_by(width);
            column.zip(weights).map(|(v, w)| v * w).sum()
        })
        .collect()
}

/// Product of two planes, sample by sample.
pub(super) fn product(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x * y).collect()
}

/// The plane of half the width and height whose samples are the means of 2×2; a last odd row or
/// column is left out.
pub(super) fn halved(data: &[f64], width: usize) -> Vec<f64> {
    let pairs: Vec<_> = data.chunks_exact(width).collect();
    pairs
        .chunks_exact(2)
        .flat_map(|rows| {
            let columns = rows[0].chunks_exact(2).zip(rows[1].chunks_exact(2));
            columns.map(|(upper, lower)| (upper[0] + upper[1] + lower[0] + lower[1]) / 4.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides_over_both_axes() {
        let data: Vec<f64> = (0..12).map(f64::from).collect();
        assert_eq!(
            windowed(&data, 4, &[1.0, 2.0]),
            [0, 1, 2, 4, 5, 6].map(|i| f64::from(9 * i + 30))
        );
    }

    #[test]
    fn halving_drops_what_is_odd() {
        let data: Vec<f64> = (0..15).map(f64::from).collect();
        assert_eq!(halved(&data, 5), [3.0, 5.0]);
    }
}
