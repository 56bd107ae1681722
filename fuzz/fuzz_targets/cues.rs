//! See `tests/hostile/targets.rs`.

#![no_main]

#[allow(dead_code, reason = "each program has one target")]
#[path = "../../tests/hostile/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::cues(data));
