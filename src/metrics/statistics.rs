//! Numbers that sum up a list.

/// Arithmetic mean; not a number for an empty list.
pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut count = 0.0;
    let mut sum = 0.0;
    for value in values {
        count += 1.0;
        sum += value;
    }
    sum / count
}

/// Mean squared deviation from the mean (biased), in two passes.
pub(super) fn variance(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - centre).powi(2)))
}

/// The value below which `share` (0–1) of an ascending list lies, interpolated linearly between its
/// neighbours. The list must not be empty.
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let position = share * (ascending.len() - 1) as f64;
    let below = ascending[position.floor() as usize];
    let above = ascending[position.ceil() as usize];
    below + (above - below) * position.fract()
}

/// `a` / `b` of two numbers not below zero; two zeros are as 1 to 1.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a == b { 1.0 } else { a / b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_small_lists() {
        assert_eq!(mean([1.0, 2.0, 6.0]), 3.0);
        assert_eq!(variance(&[1.0, 2.0, 6.0]), 14.0 / 3.0);
        assert_eq!(ratio(3.0, 2.0), 1.5);
        assert_eq!(ratio(0.0, 0.0), 1.0);
        assert_eq!(ratio(1.0, 0.0), f64::INFINITY);
    }

    #[test]
    fn quantiles_interpolate() {
        let list = [1.0, 2.0, 4.0, 8.0];
        assert_eq!([0.0, 0.5, 1.0].map(|q| quantile(&list, q)), [1.0, 3.0, 8.0]);
        assert!((quantile(&list, 0.95) - 7.4).abs() < 1e-12);
        assert_eq!(quantile(&[5.0], 0.95), 5.0);
    }
}
