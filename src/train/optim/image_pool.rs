//! Image pool: a discriminator also sees older fakes (Shrivastava et al., 2017, as used by
//! CycleGAN).

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tch::Tensor;

use crate::train::nn::layers::Parameters;

/// Up to `capacity` fakes of one domain.
pub(crate) struct ImagePool {
    capacity: usize,
    /// Stored fakes, each `[1, 3, S, S]`.
    stored: Vec<Tensor>,
}

impl ImagePool {
    /// An empty pool.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            stored: Vec::new(),
        }
    }

    /// What the discriminator sees instead of `fakes` (`[N, 3, S, S]`).
    ///
    /// While the pool fills, the fakes themselves; later each with probability ½ a stored one,
    /// whose place it takes. Randomness depends on `seed` alone, so that a resumed run repeats it.
    pub(crate) fn exchange(&mut self, fakes: &Tensor, seed: u64) -> Tensor {
        if self.capacity == 0 {
            return fakes.detach();
        }
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut shown = Vec::new();
        for fake in fakes.detach().split(1, 0) {
            if self.stored.len() < self.capacity {
                self.stored.push(fake.copy());
                shown.push(fake);
            } else if random.random_bool(0.5) {
                shown.push(fake);
            } else {
                let slot = random.random_range(0..self.stored.len());
                shown.push(std::mem::replace(&mut self.stored[slot], fake.copy()));
            }
        }
        Tensor::cat(&shown, 0)
    }

    /// Everything that a resumed run needs; `name` is the discriminator's.
    pub(crate) fn save(&self, name: &str, out: &mut Vec<(String, Tensor)>) {
        for (i, picture) in self.stored.iter().enumerate() {
            out.push((format!("pool.{name}.{i:04}"), picture.shallow_clone()));
        }
    }

    /// Take back what [`Self::save`] gave.
    pub(crate) fn load(&mut self, name: &str, saved: &Parameters) {
        // Names are in the order of the slots.
        let prefix = format!("pool.{name}.");
        let pictures = saved.iter().filter(|(key, _)| key.starts_with(&prefix));
        self.stored = pictures.map(|(_, picture)| picture.copy()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(value: f64) -> Tensor {
        Tensor::full([1, 3, 2, 2], value, (tch::Kind::Float, tch::Device::Cpu))
    }

    #[test]
    fn fills_then_exchanges_about_half() {
        let mut pool = ImagePool::new(50);
        for i in 0..50 {
            let shown = pool.exchange(&fake(f64::from(i)), 0);
            assert_eq!(shown.double_value(&[0, 0, 0, 0]), f64::from(i));
        }
        let old = (50..1050)
            .filter(|&i| {
                let shown = pool.exchange(&fake(f64::from(i)), i as u64);
                shown.double_value(&[0, 0, 0, 0]) != f64::from(i)
            })
            .count();
        assert!((420..580).contains(&old), "{old}");
        assert_eq!(pool.stored.len(), 50);
    }
}
