//! Ranges that numbers in recipes must lie in.

use anyhow::ensure;

/// An error unless all `values`, each with its name, lie in their ranges.
pub fn check_ranges(values: &[(&str, f64, [f64; 2])]) -> anyhow::Result<()> {
    for &(name, value, [low, high]) in values {
        ensure!(
            (low..=high).contains(&value),
            "{name} is {value}; it must lie in {low} … {high}"
        );
    }
    Ok(())
}

/// An error for decays that Adam cannot work with.
pub fn check_betas([beta1, beta2]: [f64; 2]) -> anyhow::Result<()> {
    check_ranges(&[
        ("train.betas[0]", beta1, [0.0, 0.999_999]),
        ("train.betas[1]", beta2, [0.0, 0.999_999]),
    ])
}

/// An error unless the `batch` pictures of a step can be worked off in `accumulate` equal parts;
/// both are keys of `section`.
pub fn check_parts(section: &str, batch: usize, accumulate: usize) -> anyhow::Result<()> {
    ensure!(batch > 0, "{section}.batch is 0; it must be at least 1");
    ensure!(
        accumulate > 0 && batch.is_multiple_of(accumulate),
        "{section}.accumulate is {accumulate}; it must divide {section}.batch, {batch}"
    );
    Ok(())
}

/// A step in one part: what recipes mean that do not say it.
pub fn one_part() -> usize {
    1
}

/// Whether recipes need not say it.
pub fn is_one_part(accumulate: &usize) -> bool {
    *accumulate == 1
}
