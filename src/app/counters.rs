//! How far frames came.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;

use super::source::INPUT;

/// How many frames of a part came how far, and the faces in them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) packets: AtomicU64,
    pub(super) decoded: AtomicU64,
    pub(super) restored: AtomicU64,
    pub(super) encoded: AtomicU64,
    pub(super) faces: AtomicU64,
}

impl Counters {
    /// Count what passes `pad`.
    pub(super) fn count(self: &Arc<Self>, pad: &gst::Pad, counter: fn(&Self) -> &AtomicU64) {
        let counters = Arc::clone(self);
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            counter(&counters).fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
    }

    /// A number that grows while anything happens.
    pub(super) fn sum(&self) -> u64 {
        let all = [&self.packets, &self.decoded, &self.restored, &self.encoded];
        all.map(|count| count.load(Ordering::Relaxed)).iter().sum()
    }

    /// The part that frames wait for, once nothing happens any more.
    pub(super) fn stuck(&self) -> &'static str {
        /// Frames that a decoder, a filter and an encoder keep while they work.
        const KEPT: [u64; 3] = [32, 8, 128];
        let counts = [&self.packets, &self.decoded, &self.restored, &self.encoded];
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        let waits = |part: usize| counts[part].saturating_sub(counts[part + 1]) > KEPT[part];
        match () {
            () if waits(2) => "the encoder",
            () if waits(1) => "the restoration",
            () if waits(0) => "the decoder",
            () => INPUT,
        }
    }
}
