//! Spectral normalisation (Miyato et al., 2018): every layer's weight is divided by its largest
//! singular value, so that a discriminator's score changes at most as fast as its picture.

use tch::{Tensor, no_grad};

use super::layers::Parameters;

/// Keeps a discriminator's singular values within an estimate by power iteration.
pub(crate) struct SpectralNorm {
    /// Per weight an estimate of its first left singular vector, of length 1.
    pub vectors: Parameters,
}

impl SpectralNorm {
    /// Estimates for the weights among `parameters`, from one iteration.
    pub(crate) fn new(parameters: &Parameters) -> Self {
        Self::of(parameters, |name| name.ends_with(".weight"))
    }

    /// As [`Self::new`], for those of the names that `chosen` takes.
    pub(crate) fn of(parameters: &Parameters, chosen: impl Fn(&str) -> bool) -> Self {
        let weights = parameters.iter().filter(|(name, _)| chosen(name));
        let start = |(name, weight): (&String, &Tensor)| {
            let vector = Tensor::randn([weight.size()[0]], (weight.kind(), weight.device()));
            (name.clone(), unit(&vector))
        };
        let mut spectral = Self {
            vectors: weights.map(start).collect(),
        };
        spectral.power_iteration(parameters);
        spectral
    }

    /// One power iteration; to be called once per step.
    pub(crate) fn power_iteration(&mut self, parameters: &Parameters) {
        no_grad(|| {
            for (name, left) in &mut self.vectors {
                let weight = matrix(&parameters[name]);
                *left = unit(&weight.mv(&unit(&weight.tr().mv(left))));
            }
        });
    }

    /// The parameters with normalised weights; gradients pass through to `parameters`.
    pub(crate) fn normalized(&self, parameters: &Parameters) -> Parameters {
        let normalize = |(name, tensor): (&String, &Tensor)| {
            let tensor = match self.vectors.get(name) {
                Some(left) => {
                    let weight = matrix(tensor);
                    let right = no_grad(|| unit(&weight.tr().mv(left)));
                    tensor / left.dot(&weight.mv(&right))
                }
                None => tensor.shallow_clone(),
            };
            (name.clone(), tensor)
        };
        parameters.iter().map(normalize).collect()
    }
}

fn matrix(weight: &Tensor) -> Tensor {
    weight.reshape([weight.size()[0], -1])
}

fn unit(vector: &Tensor) -> Tensor {
    vector / (vector.norm() + 1e-12)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn singular_values_become_one() {
        tch::manual_seed(5);
        let weight = Tensor::randn([6, 4, 3, 3], (Kind::Float, Device::Cpu)) * 3.0;
        let parameters = Parameters::from([
            ("a.weight".to_owned(), weight),
            (
                "a.bias".to_owned(),
                Tensor::ones([6], (Kind::Float, Device::Cpu)),
            ),
        ]);
        let mut spectral = SpectralNorm::new(&parameters);
        for _ in 0..100 {
            spectral.power_iteration(&parameters);
        }
        let normalized = spectral.normalized(&parameters);
        let weight = matrix(&normalized["a.weight"]);
        let largest = weight.mm(&weight.tr()).linalg_eigvalsh("L").max().sqrt();
        assert!((largest.double_value(&[]) - 1.0).abs() < 1e-3);
        assert_eq!(normalized["a.bias"], parameters["a.bias"]);
    }
}
