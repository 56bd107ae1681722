//! Bytes of strangers: files and texts that are well-formed at first, changed at random, for five
//! seconds altogether; `HOSTILE_SECONDS` is another time. `make fuzz` looks longer, and cleverer: it
//! begins with the same files and texts, which `HOSTILE_CORPUS` names a folder for.

#[path = "../helpers/mod.rs"]
mod helpers;
mod seeds;
mod targets;

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use rand_like::Numbers;

type Target = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

const TARGETS: [Target; 6] = [
    ("model", targets::model, seeds::models),
    ("description", targets::description, seeds::descriptions),
    ("cues", targets::cues, seeds::cues),
    ("still", targets::still, seeds::stills),
    ("caps", targets::caps, seeds::caps),
    ("structure", targets::structure, seeds::structures),
];

/// Longer than any target may take for one input on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn whatever_strangers_send_is_read_to_its_end() {
    gst::init().unwrap();
    gstdepixelate::plugin_register_static().unwrap();
    let seconds = std::env::var("HOSTILE_SECONDS").map(|text| text.parse().unwrap());
    let time = Duration::from_secs(seconds.unwrap_or(5)) / TARGETS.len() as u32;
    let mut numbers = Numbers::default();
    for (name, target, seeds) in TARGETS {
        let (seeds, start, mut runs) = (seeds(), Instant::now(), 0);
        for (number, seed) in seeds.iter().enumerate() {
            target(seed);
            if let Ok(corpus) = std::env::var("HOSTILE_CORPUS") {
                let folder = Path::new(&corpus).join(name);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
            }
        }
        while start.elapsed() < time {
            let input = numbers.changed(&seeds);
            let begun = Instant::now();
            let is_read = catch_unwind(|| target(&input)).is_ok();
            if !is_read || begun.elapsed() > LONGEST {
                let path = std::env::temp_dir().join(format!("hostile-{name}.bin"));
                std::fs::write(&path, &input).unwrap();
                panic!("{name}: {} after {:?}", path.display(), begun.elapsed());
            }
            runs += 1;
        }
        assert!(runs > 5, "{name}: {runs} inputs");
    }
}

mod rand_like {
    /// Numbers that look random, the same in each run of the test.
    pub struct Numbers(u64);

    impl Default for Numbers {
        fn default() -> Self {
            Self(0x9e37_79b9_7f4a_7c15)
        }
    }

    impl Numbers {
        /// One below `end`, which is no zero (xorshift64*, Vigna 2016).
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end as u64) as usize
        }

        /// One of `seeds` after some changes.
        pub fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
            let mut bytes = seeds[self.below(seeds.len())].clone();
            for _ in 0..1 + self.below(6) {
                self.change(&mut bytes, seeds);
            }
            bytes
        }

        fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
            const ODD: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'-', b'9', b'"'];
            let at = self.below(bytes.len().max(1));
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(7) {
                _ if bytes.is_empty() => bytes.push(ODD[self.below(ODD.len())]),
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = ODD[self.below(ODD.len())],
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let part = bytes[at..end].repeat(1 + self.below(40));
                    bytes.splice(at..at, part);
                }
                5 => bytes.insert(at, ODD[self.below(ODD.len())]),
                // The end of another one.
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len().max(1)).min(other.len());
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
    }
}
