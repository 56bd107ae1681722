//! Counters, and the decision which frames come too late.

use std::time::Duration;

/// A frame's place in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FrameTimes {
    /// Time since the pipeline ran; unset where the frame has no time or lies before the segment.
    pub running_time: Option<gst::ClockTime>,
    /// Position in the stream, by which controlled properties are found.
    pub stream_time: Option<gst::ClockTime>,
}

/// What the property `stats` tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Stats {
    /// Frames that came in.
    pub frames_in: u64,
    /// Frames handed on, whatever became of them downstream.
    pub frames_out: u64,
    /// Frames in which something was restored.
    pub frames_restored: u64,
    /// Frames handed on unrestored because they were late.
    pub frames_skipped_qos: u64,
    /// Regions restored.
    pub regions: u64,
    /// Mosaics left as they are, as they do not seem to cover faces, counted in each frame.
    pub regions_refused: u64,
    /// Regions left as they are, as the model's answer was no number, counted in each frame.
    pub regions_unsound: u64,
    /// Runs of the model that regions were part of.
    pub batches: u64,
    /// Crops in those runs, other streams' among them.
    crops: u64,
    /// Where the model runs.
    pub execution_provider: String,
    /// Time inside the model, all runs together.
    inference_time: Duration,
    /// The longest run.
    inference_time_max: Duration,
}

impl Stats {
    /// Nothing counted yet.
    pub(super) fn new(execution_provider: String) -> Self {
        Self {
            execution_provider,
            ..Self::default()
        }
    }

    /// Count a frame of which `regions` regions were restored, in a run of `in_run` crops.
    pub(super) fn count_restored(
        &mut self,
        regions: usize,
        in_run: usize,
        inference_time: Duration,
    ) {
        self.frames_restored += 1;
        self.regions += regions as u64;
        self.batches += 1;
        self.crops += in_run as u64;
        self.inference_time += inference_time;
        self.inference_time_max = self.inference_time_max.max(inference_time);
    }

    /// The property's value.
    pub(super) fn to_structure(&self, queue_level: usize) -> gst::Structure {
        let per_batch = |total: f64| total / (self.batches.max(1) as f64);
        let nanoseconds = |time: f64| time as u64;
        gst::Structure::builder("facedepixelate-stats")
            .field("frames-in", self.frames_in)
            .field("frames-out", self.frames_out)
            .field("frames-restored", self.frames_restored)
            .field("frames-skipped-qos", self.frames_skipped_qos)
            .field("regions", self.regions)
            .field("regions-refused", self.regions_refused)
            .field("regions-unsound", self.regions_unsound)
            .field("batches", self.batches)
            .field("batch-fill-mean", per_batch(self.crops as f64))
            .field(
                "queue-level",
                u32::try_from(queue_level).unwrap_or(u32::MAX),
            )
            .field(
                "inference-time-mean",
                nanoseconds(per_batch(self.inference_time.as_nanos() as f64)),
            )
            .field(
                "inference-time-max",
                nanoseconds(self.inference_time_max.as_nanos() as f64),
            )
            .field("execution-provider", self.execution_provider.as_str())
            .build()
    }
}

/// What downstream said about its lateness, and how many frames were judged by it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Qos {
    /// A frame up to this running time would be late.
    earliest: Option<gst::ClockTime>,
    proportion: f64,
    processed: u64,
    skipped: u64,
}

impl Qos {
    /// Take note of a QoS event.
    pub(super) fn update(&mut self, event: &gst::event::Qos) {
        let (_, proportion, diff, timestamp) = event.get();
        self.proportion = proportion;
        self.earliest = timestamp.map(|timestamp| {
            let late = gst::ClockTime::from_nseconds(diff.unsigned_abs());
            if diff > 0 {
                timestamp.saturating_add(late)
            } else {
                timestamp.saturating_sub(late)
            }
        });
    }

    /// Forget what downstream said; the counts stay.
    pub(super) fn forget(&mut self) {
        self.earliest = None;
    }

    /// Judge a frame and count it. For a late one: by how many nanoseconds.
    pub(super) fn lateness(&mut self, times: &FrameTimes) -> Option<i64> {
        let lateness = match (self.earliest, times.running_time) {
            (Some(earliest), Some(time)) if time <= earliest => Some(earliest - time),
            _ => None,
        };
        match lateness {
            Some(_) => self.skipped += 1,
            None => self.processed += 1,
        }
        lateness.map(|late| i64::try_from(late.nseconds()).unwrap_or(i64::MAX))
    }

    /// The bus message about a frame that is `late` nanoseconds too late.
    pub(super) fn message(
        &self,
        source: &gst::Object,
        buffer: &gst::BufferRef,
        times: &FrameTimes,
        late: i64,
    ) -> gst::Message {
        let count = |frames| gst::format::Buffers::from_u64(frames);
        gst::message::Qos::builder(false)
            .src(source)
            .running_time(times.running_time)
            .stream_time(times.stream_time)
            .timestamp(buffer.pts())
            .duration(buffer.duration())
            .values(late, self.proportion, QUALITY)
            .stats(count(self.processed), count(self.skipped))
            .build()
    }
}

/// Quality in QoS messages: a frame is restored or it is not, there is nothing in between.
const QUALITY: i32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> FrameTimes {
        FrameTimes {
            running_time: Some(gst::ClockTime::from_mseconds(milliseconds)),
            stream_time: None,
        }
    }

    #[test]
    fn a_frame_is_late_up_to_the_time_downstream_has_reached() {
        gst::init().unwrap();
        let mut qos = Qos::default();
        assert_eq!(qos.lateness(&at(0)), None);
        let event = |diff| {
            gst::event::Qos::new(
                gst::QOSType::Underflow,
                1.5,
                diff,
                gst::ClockTime::from_mseconds(100),
            )
        };
        let mut update = |diff| match event(diff).view() {
            gst::EventView::Qos(event) => qos.update(event),
            _ => unreachable!(),
        };
        update(20_000_000);
        assert_eq!(qos.lateness(&at(120)), Some(0));
        assert_eq!(qos.lateness(&at(110)), Some(10_000_000));
        assert_eq!(qos.lateness(&at(121)), None);
        assert_eq!(qos.lateness(&FrameTimes::default()), None);
        assert_eq!((qos.processed, qos.skipped), (3, 2));
    }

    #[test]
    fn an_early_frame_moves_the_time_back() {
        gst::init().unwrap();
        let mut qos = Qos::default();
        let early = gst::event::Qos::new(
            gst::QOSType::Overflow,
            0.5,
            -60_000_000,
            gst::ClockTime::from_mseconds(60),
        );
        if let gst::EventView::Qos(event) = early.view() {
            qos.update(event);
        }
        assert_eq!(qos.lateness(&at(0)), Some(0));
        assert_eq!(qos.lateness(&at(1)), None);
        qos.forget();
        assert_eq!(qos.lateness(&at(0)), None);
    }
}
