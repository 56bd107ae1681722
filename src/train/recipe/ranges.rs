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
