//! What light the values of a picture mean, and how networks that know ordinary video are shown
//! another.
//!
//! PQ says how bright a display shines, HLG how bright the scene is. Both become what ordinary
//! video would hold of the same light, with the same white: 203 cd/m² of PQ, 75 % of HLG (ITU-R
//! BT.2408, HDR reference white). Primaries stay: what a network is shown of BT.2020 is a little
//! paler than it was trained with, and each of R′, G′, B′ comes back by itself, without loss.

/// How light becomes values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// That of ordinary video, whichever: networks are trained with it.
    #[default]
    Sdr,
    /// Perceptual quantiser, SMPTE ST 2084.
    Pq,
    /// Hybrid log-gamma, ARIB STD-B67.
    Hlg,
}

/// Gamma of the display of ordinary video. Source: ITU-R BT.1886.
const GAMMA: f32 = 2.4;
/// The brightest light of PQ ÷ diffuse white.
const PQ_PEAK: f32 = 10_000.0 / 203.0;
/// Exponents and factors of PQ. Source: ITU-R BT.2100, table 4.
const PQ_M1: f32 = 2610.0 / 16384.0;
const PQ_M2: f32 = 2523.0 / 4096.0 * 128.0;
const PQ_C1: f32 = 3424.0 / 4096.0;
const PQ_C2: f32 = 2413.0 / 4096.0 * 32.0;
const PQ_C3: f32 = 2392.0 / 4096.0 * 32.0;
/// Factors of HLG. Source: ITU-R BT.2100, table 5.
const HLG_A: f32 = 0.178_832_77;
const HLG_B: f32 = 1.0 - 4.0 * HLG_A;
const HLG_C: f32 = 0.559_910_7;
/// HLG's diffuse white: the light of a signal of 75 %, of which 1 is the brightest.
const HLG_WHITE: f32 = 0.264_962_56;

impl Transfer {
    /// What ordinary video would hold for the light of `signal` (0–1); diffuse white is 1, and the
    /// brightest is more.
    ///
    /// HLG's light is the scene's. The display of a grey shines with the power 1.2 of it (BT.2100's
    /// system gamma at 1000 cd/m²), of which the inverse of [`GAMMA`] leaves a square root. Here
    /// each of R, G, B has that power by itself, as on the displays of ordinary video.
    fn ordinary(self, signal: f32) -> f32 {
        match self {
            Self::Sdr => signal,
            Self::Pq => {
                let root = signal.powf(1.0 / PQ_M2);
                let light = (root - PQ_C1).max(0.0) / (PQ_C2 - PQ_C3 * root);
                // Both powers at once: light^(1 / m1), and that of the display.
                PQ_PEAK.powf(1.0 / GAMMA) * light.powf(1.0 / (PQ_M1 * GAMMA))
            }
            Self::Hlg if signal <= 0.5 => signal / (3.0 * HLG_WHITE).sqrt(),
            Self::Hlg => {
                let light = (((signal - HLG_C) / HLG_A).exp() + HLG_B) / 12.0;
                (light / HLG_WHITE).sqrt()
            }
        }
    }

    /// The inverse of [`Self::ordinary`], for values from 0 on; 1 at most.
    fn signal(self, ordinary: f32) -> f32 {
        match self {
            Self::Sdr => ordinary,
            Self::Pq => {
                let light = PQ_PEAK.powf(-PQ_M1) * ordinary.powf(PQ_M1 * GAMMA);
                let root = (PQ_C1 + PQ_C2 * light) / (1.0 + PQ_C3 * light);
                root.powf(PQ_M2).min(1.0)
            }
            Self::Hlg => {
                let light = ordinary * ordinary * HLG_WHITE;
                if light <= 1.0 / 12.0 {
                    return (3.0 * light).sqrt();
                }
                (HLG_A * (12.0 * light - HLG_B).ln() + HLG_C).min(1.0)
            }
        }
    }
}

/// Values up to this, of diffuse white, are shown as they are, where there are brighter ones.
const KNEE: f32 = 0.75;

/// How a region of PQ or HLG is shown to a network, and its answer brought back.
///
/// What is brighter than diffuse white is pressed between `KNEE` and white, no more than the
/// region needs: where nothing is brighter, white is diffuse white, and else the brightest of the
/// region. So nothing that is there is cut off, and no answer is brighter than it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    transfer: Transfer,
    /// What is shown as white, 1 or more, of diffuse white.
    white: f32,
}

impl Tone {
    /// For a region with these R′, G′, B′ (0–255), in any order; None where nothing is to be done.
    pub fn of(transfer: Transfer, region: &[f32]) -> Option<Self> {
        if transfer == Transfer::Sdr {
            return None;
        }
        // Unlike `clamp`, `max` and `min` turn NaN into a number.
        let brightest = region.iter().copied().fold(0.0, f32::max).min(255.0);
        let white = transfer.ordinary(brightest / 255.0).max(1.0);
        Some(Self { transfer, white })
    }

    /// R′, G′, B′ of the frame (0–255) as ordinary video has them, in place; what lies beyond is
    /// cut.
    pub fn show(&self, values: &mut [f32]) {
        let bend = self.bend();
        for value in values {
            let signal = (*value / 255.0).clamp(0.0, 1.0);
            let shown = self.transfer.ordinary(signal).min(self.white);
            let over = (shown - KNEE).max(0.0);
            *value = 255.0 * (shown.min(KNEE) + over / (1.0 + bend * over));
        }
    }

    /// The inverse of [`Self::show`].
    pub fn bring_back(&self, values: &mut [f32]) {
        let bend = self.bend();
        for value in values {
            let shown = (*value / 255.0).clamp(0.0, 1.0);
            let over = (shown - KNEE).max(0.0);
            let ordinary = shown.min(KNEE) + over / (1.0 - bend * over);
            *value = 255.0 * self.transfer.signal(ordinary);
        }
    }

    /// How strongly values above the knee are pressed, so that `white` becomes 1: over / (1 + bend ·
    /// over), which begins with a slope of 1.
    fn bend(&self) -> f32 {
        1.0 / (1.0 - KNEE) - 1.0 / (self.white - KNEE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Light of ordinary video in cd/m².
    fn nits(ordinary: f32) -> f32 {
        203.0 * ordinary.powf(GAMMA)
    }

    #[test]
    fn published_levels() {
        // ITU-R BT.2408, table 1: levels of a test card, nominal peak 1000 cd/m².
        for (light, pq, hlg) in [
            (26.0, 0.38, 0.38),
            (162.0, 0.56, 0.71),
            (179.0, 0.57, 0.73),
            (203.0, 0.58, 0.75),
        ] {
            let ordinary = (light / 203.0f32).powf(1.0 / GAMMA);
            assert!((Transfer::Pq.signal(ordinary) - pq).abs() < 0.005);
            assert!((Transfer::Hlg.signal(ordinary) - hlg).abs() < 0.005);
        }
        // The same document names PQ's 100 and 1000 cd/m²; BT.2100 its ends.
        for (signal, light) in [(0.0, 0.0), (0.508, 100.0), (0.7518, 1000.0), (1.0, 1e4)] {
            let found = nits(Transfer::Pq.ordinary(signal));
            assert!((found - light).abs() <= 0.005 * light, "{signal}: {found}");
        }
        let brightest = nits(Transfer::Hlg.ordinary(1.0));
        assert!((brightest - 1000.0).abs() < 5.0, "{brightest}");
    }

    #[test]
    fn each_code_comes_back() {
        for transfer in [Transfer::Pq, Transfer::Hlg] {
            for white in [0.0, 130.0, 160.0, 200.0, 255.0] {
                let tone = Tone::of(transfer, &[0.0, white, 9.0]).unwrap();
                let least = tone.transfer.signal(tone.white) * 1023.0;
                let codes: Vec<f32> = (0..=least as u32).map(|code| code as f32).collect();
                let mut values: Vec<f32> = codes.iter().map(|code| code * 255.0 / 1023.0).collect();
                tone.show(&mut values);
                assert!(values.is_sorted() && values.iter().all(|v| (0.0..=255.0).contains(v)));
                tone.bring_back(&mut values);
                for (value, code) in values.iter().zip(&codes) {
                    let found = value * 1023.0 / 255.0;
                    assert!(
                        (found - code).abs() < 0.1,
                        "{transfer:?} {white}: {code} {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn white_is_no_brighter_than_it_must_be() {
        for transfer in [Transfer::Pq, Transfer::Hlg] {
            let white = |brightest: f32| {
                let mut white = [255.0];
                Tone::of(transfer, &[brightest])
                    .unwrap()
                    .bring_back(&mut white);
                white[0]
            };
            let diffuse = 255.0 * transfer.signal(1.0);
            assert!((white(0.0) - diffuse).abs() < 0.01);
            assert!((white(f32::NAN) - diffuse).abs() < 0.01);
            assert!((white(230.0) - 230.0).abs() < 0.01);
            assert!((white(900.0) - 255.0).abs() < 0.01);
        }
        assert_eq!(Tone::of(Transfer::Sdr, &[255.0]), None);
    }

    #[test]
    fn what_lies_beyond_is_cut() {
        let tone = Tone::of(Transfer::Pq, &[]).unwrap();
        let mut values = [-9.0, 300.0, f32::INFINITY];
        tone.show(&mut values);
        assert_eq!(values, [0.0, 255.0, 255.0]);
        let mut values = [-9.0, 300.0];
        tone.bring_back(&mut values);
        assert!((0.0..0.001).contains(&values[0]));
        assert!((values[1] - 148.0).abs() < 1.0);
    }
}
