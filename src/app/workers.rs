//! The parts of a film, made by several workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::AppError;
use super::counters::Counters;
use super::cut::Part;
use super::folder::Folder;
use super::part::{Made, Maker};
use super::progress::Progress;

/// How often it is told how far the work is.
const TICK: Duration = Duration::from_millis(100);

/// What workers say.
enum Said {
    Warning(String),
    Made(usize, Result<Box<Made>, AppError>),
}

/// Parts to make.
pub(super) struct Workers<'a> {
    pub(super) maker: Maker<'a>,
    pub(super) parts: &'a [Part],
    pub(super) folder: &'a Folder,
    /// How many parts are made at a time.
    pub(super) jobs: usize,
    /// Frames of the film.
    pub(super) frames: u64,
}

impl Workers<'_> {
    /// Make the parts that are not finished, of those with the numbers `only` or of all; gives how
    /// many frames were made.
    pub(super) fn run(
        &self,
        only: Option<&[usize]>,
        cancel: &AtomicBool,
        stop: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, AppError> {
        let mut made: Vec<Option<Made>> = Vec::new();
        made.extend((0..self.parts.len()).map(|number| Some(self.folder.finished(number)?.made)));
        let counters: Vec<Arc<Counters>> = self.parts.iter().map(|_| Arc::default()).collect();
        let before: u64 = made.iter().flatten().map(|made| made.frames).sum();
        let is_asked = |number: &usize| only.is_none_or(|only| only.contains(number));
        let missing: Vec<usize> = (0..made.len())
            .filter(|number| made[*number].is_none() && is_asked(number))
            .collect();
        let (next, mut failure) = (AtomicUsize::new(0), None);
        std::thread::scope(|scope| {
            let (sender, said) = channel();
            for _ in 0..self.jobs.clamp(1, missing.len().max(1)) {
                let (sender, next, missing, counters) =
                    (sender.clone(), &next, &missing, &counters);
                scope.spawn(move || self.work(next, missing, counters, &sender));
            }
            drop(sender);
            loop {
                if cancel.load(Ordering::Relaxed) {
                    stop.store(true, Ordering::Relaxed);
                }
                match said.recv_timeout(TICK) {
                    Ok(Said::Warning(text)) => on_progress(Progress::Warning(text)),
                    Ok(Said::Made(number, Ok(part))) => made[number] = Some(*part),
                    Ok(Said::Made(_, Err(error))) => {
                        stop.store(true, Ordering::Relaxed);
                        failure.get_or_insert(error);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                let all =
                    |count: fn(&Counters) -> u64| counters.iter().map(|c| count(c)).sum::<u64>();
                let faces = made.iter().flatten().map(|made| made.faces.len() as u64);
                on_progress(Progress::At {
                    frames: before + all(|counters| counters.encoded.load(Ordering::Relaxed)),
                    total: self.frames,
                    faces: faces
                        .sum::<u64>()
                        .max(all(|c| c.faces.load(Ordering::Relaxed))),
                });
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        if missing.iter().any(|&number| made[number].is_none()) {
            return Err(AppError::Cancelled);
        }
        let frames: u64 = made.iter().flatten().map(|made| made.frames).sum();
        Ok(frames - before)
    }

    /// Make parts as long as there are any.
    fn work(
        &self,
        next: &AtomicUsize,
        missing: &[usize],
        counters: &[Arc<Counters>],
        said: &Sender<Said>,
    ) {
        // Nobody listens any more only where this thread's own scope has ended.
        while let Some(&number) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            let made = self.make(number, &counters[number], &mut |text| {
                _ = said.send(Said::Warning(text));
            });
            let failed = made.is_err();
            _ = said.send(Said::Made(number, made.map(Box::new)));
            if failed {
                break;
            }
        }
    }

    fn make(
        &self,
        number: usize,
        counters: &Arc<Counters>,
        on_warning: &mut dyn FnMut(String),
    ) -> Result<Made, AppError> {
        let path = self.folder.begin(number)?;
        let made = self
            .maker
            .make(&self.parts[number], &path, counters, on_warning)?;
        self.folder.finish(number, path, &made)?;
        Ok(made)
    }
}
