//! How much memory a training wants, told before it begins.

use anyhow::bail;
use sysinfo::System as Machine;

use super::validation::COUNT;
use crate::train::data::loader::DEPTH;
use crate::train::nn::layers::Kept;

/// The program with libtorch and its threads before the first network, bytes.
const PROGRAM: f64 = 0.35e9;
/// Maps as large as the largest that a pass and its way back have at work at once, beside those
/// that are kept (a guess; what it leads to is measured, see docs/recipes.md).
const AT_WORK: i64 = 4;
/// Bytes of a number.
const NUMBER: f64 = 4.0;

/// How many copies of a network's parameters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights, gradients, two moments of Adam.
    Trained,
    /// The same and an average.
    Averaged,
    /// Weights alone.
    Fixed,
}

/// What the memory of a training goes to, in numbers of single precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Weights, gradients, moments, averages.
    weights: i64,
    /// Kept for the way back in the half of a step that keeps most, per picture.
    kept: i64,
    /// The largest map.
    largest: i64,
    /// A sample.
    sample: i64,
}

/// The same in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bytes {
    weights: f64,
    passes: f64,
    samples: f64,
}

impl Demand {
    /// A training on samples of so many numbers.
    pub fn of_samples(sample: i64) -> Self {
        Self {
            sample,
            ..Self::default()
        }
    }

    /// The same with a network.
    #[must_use]
    pub fn network(mut self, network: &Kept, role: Role) -> Self {
        let copies = match role {
            Role::Trained => 4,
            Role::Averaged => 5,
            Role::Fixed => 1,
        };
        self.weights += copies * network.measure.parameters;
        self.largest = self.largest.max(network.largest);
        self
    }

    /// The same with half a step that keeps so many passes of each of these networks at once.
    #[must_use]
    pub fn half(mut self, passes: &[(&Kept, f64)]) -> Self {
        let kept = passes.iter().map(|(network, times)| network.times(*times));
        self.kept = self.kept.max(kept.sum());
        self
    }

    /// What that is for steps of `batch` samples in so many parts.
    pub fn bytes(&self, batch: usize, parts: usize) -> Bytes {
        let part = (batch / parts.max(1)).max(1) as i64;
        // Batches that wait, the one that is made and the one that is used.
        let samples = (DEPTH as i64 + 2) * batch as i64 + COUNT as i64;
        let bytes = |numbers: i64| numbers as f64 * NUMBER;
        Bytes {
            weights: bytes(self.weights),
            passes: bytes(part * (self.kept + AT_WORK * self.largest)),
            samples: bytes(samples * self.sample),
        }
    }
}

impl Bytes {
    /// All of it, and the program.
    pub fn total(&self) -> f64 {
        self.weights + self.passes + self.samples + PROGRAM
    }
}

/// What of a step's size can be changed, and where.
#[derive(Clone, Copy, Debug)]
pub struct StepSize {
    /// Samples of a step.
    pub batch: usize,
    /// Parts that it has.
    pub parts: usize,
    /// What the samples of a part are a multiple of.
    pub least_part: usize,
    /// The section of the recipe that says so.
    pub section: &'static str,
}

/// A sentence about the memory that `demand` is of `free` bytes, if those are known.
///
/// Fails where it is more, unless it is `forced`: the error names the key to change.
pub fn check(
    demand: &Demand,
    step: StepSize,
    free: Option<f64>,
    forced: bool,
) -> anyhow::Result<String> {
    let bytes = demand.bytes(step.batch, step.parts);
    let wanted = bytes.total();
    let of = free.map_or(String::new(), |free| {
        format!(" of {} that are free", gigabytes(free))
    });
    let said = format!(
        "memory: about {}{of} (weights and their optimisers {}, passes and their way back {}, pictures that wait {}, the program {})",
        gigabytes(wanted),
        gigabytes(bytes.weights),
        gigabytes(bytes.passes),
        gigabytes(bytes.samples),
        gigabytes(PROGRAM)
    );
    match free {
        Some(free) if wanted > free && !forced => bail!(
            "{said}: {}, or --force to try it all the same",
            remedy(demand, step, free)
        ),
        _ => Ok(said),
    }
}

/// What to type where `free` bytes are too few.
fn remedy(demand: &Demand, step: StepSize, free: f64) -> String {
    let StepSize { batch, section, .. } = step;
    let fits = |&parts: &usize| batch.is_multiple_of(parts * step.least_part.max(1));
    let mut possible = (step.parts + 1..=batch).filter(fits);
    match possible.find(|&parts| demand.bytes(batch, parts).total() <= free) {
        Some(parts) => format!(
            "--set {section}.accumulate={parts} makes it about {}, in as many parts of a step",
            gigabytes(demand.bytes(batch, parts).total())
        ),
        None => format!(
            "the smallest part of a step alone wants about {}; take smaller pictures or networks, or a …-small recipe",
            gigabytes(demand.bytes(step.least_part, 1).total())
        ),
    }
}

/// Bytes that this program can still have: what the machine has free, or less where its container may
/// not have as much. Files that the container keeps in memory give way.
pub fn free() -> Option<f64> {
    let mut machine = Machine::new();
    machine.refresh_memory();
    let group = machine.cgroup_limits();
    let group = group.map(|limits| limits.total_memory.saturating_sub(limits.rss));
    let free = machine.available_memory();
    // A system that tells nothing says 0.
    (free > 0).then(|| group.map_or(free, |group| group.min(free)) as f64)
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.1} GB", bytes / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Layers;

    /// A network that keeps a million numbers of a picture.
    fn demand() -> Demand {
        let network = Kept::of(|l| {
            let picture = l.entry(&[1_000_000, 1, 1]);
            l.relu(&picture);
        });
        Demand::of_samples(0).half(&[(&network, 100.0)])
    }

    const STEP: StepSize = StepSize {
        batch: 12,
        parts: 1,
        least_part: 1,
        section: "train",
    };

    #[test]
    fn parts_want_less() {
        let total = |parts| demand().bytes(12, parts).total() - PROGRAM;
        assert!((total(1) - 4.8e9).abs() < 1.0, "{}", total(1));
        assert!((total(4) - 1.2e9).abs() < 1.0, "{}", total(4));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let checked = |free, forced| check(&demand(), STEP, free, forced);
        let refused = checked(Some(2e9), false).unwrap_err().to_string();
        assert!(
            refused.starts_with("memory: about 5.2 GB of 2.0 GB"),
            "{refused}"
        );
        assert!(refused.contains("--set train.accumulate=3 "), "{refused}");
        let never = checked(Some(0.5e9), false).unwrap_err().to_string();
        assert!(never.contains("smaller pictures"), "{never}");
        let pairs = StepSize {
            least_part: 4,
            ..STEP
        };
        let refused = check(&demand(), pairs, Some(1e9), false).unwrap_err();
        assert!(
            refused.to_string().contains("wants about 1.9 GB"),
            "{refused}"
        );
        let refused = check(&demand(), pairs, Some(2e9), false).unwrap_err();
        assert!(refused.to_string().contains("accumulate=3 "), "{refused}");
        for (free, forced) in [(Some(2e9), true), (Some(9e9), false), (None, false)] {
            let said = checked(free, forced).unwrap();
            assert!(said.starts_with("memory: about 5.2 GB"), "{said}");
        }
    }

    #[test]
    fn this_machine_has_some() {
        let free = free().unwrap();
        assert!(free > 1e8 && free < 1e14, "{free}");
    }
}
