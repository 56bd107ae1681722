//! Model files from strangers: whatever they hold, reading them ends, in a model or in an error.

#![no_main]

use gstdepixelate::cascade::Model;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Model::from_bytes("fuzz", data.to_vec());
});
