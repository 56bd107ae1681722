//! The wish that a run should stop, and how long it may go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long after the wish, or after its own start, a step may go on to its end, where a checkpoint
/// keeps it; then it is given up at the next part of it.
const TO_THE_STEPS_END: Duration = Duration::from_secs(15);
/// So long after the wish everything else may go on.
const TO_THE_RUNS_END: Duration = Duration::from_secs(40);

/// The exit status of a program that was stopped: what a shell expects after Ctrl-C.
pub const STOPPED: u8 = 130;

/// Somebody's wish that a run should stop, which all clones share.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<Standing>>);

/// How a run stands, for somebody who cannot wait for it.
#[derive(Default)]
struct Standing {
    asked: Option<Instant>,
    /// What would be left unfinished, and since when it goes on.
    doing: Option<(String, Instant)>,
    /// The last checkpoint and its step.
    checkpoint: Option<(PathBuf, u64)>,
}

impl Stop {
    /// Ask for it.
    pub fn ask(&self) {
        self.standing().asked.get_or_insert_with(Instant::now);
    }

    /// Whether somebody has asked for it.
    pub fn is_asked(&self) -> bool {
        self.standing().asked.is_some()
    }

    /// Whether a step that is not at its end by now is to be given up.
    pub fn cannot_wait(&self) -> bool {
        let standing = self.standing();
        let since = standing.doing.as_ref().map(|(_, since)| *since);
        let asked = standing
            .asked
            .map(|at| since.map_or(at, |since| at.max(since)));
        asked.is_some_and(|at| at.elapsed() >= TO_THE_STEPS_END)
    }

    /// Whether a step that takes so long may have to be given up.
    pub(super) fn outlasts(step: Duration) -> bool {
        step >= TO_THE_STEPS_END / 2
    }

    /// Say what would be left unfinished from now on.
    pub(super) fn doing(&self, what: impl Into<String>) {
        self.standing().doing = Some((what.into(), Instant::now()));
    }

    /// Work that nobody interrupts: write a checkpoint of `step` to `file`.
    pub(super) fn keep(
        &self,
        file: &Path,
        step: u64,
        write: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // Who wants to know how the run stands waits.
        let mut standing = self.standing();
        write()?;
        standing.checkpoint = Some((file.to_owned(), step));
        Ok(())
    }

    /// Note a checkpoint that was there before.
    pub(super) fn kept(&self, file: &Path, step: u64) {
        self.standing().checkpoint = Some((file.to_owned(), step));
    }

    /// What is not finished, and where a run would go on. No checkpoint is half written while this
    /// is said.
    pub fn standing_now(&self) -> String {
        let standing = self.standing();
        let doing = standing.doing.as_ref();
        let unfinished = doing.map_or("the start of the run", |(what, _)| what.as_str());
        format!("not finished: {unfinished}; {}", standing.goes_on())
    }

    /// Where a run would go on.
    pub fn goes_on(&self) -> String {
        self.standing().goes_on()
    }

    /// End the program where a run is still going on so long after the wish that nobody would wait
    /// for it; to be called on a thread of its own. Checkpoints and models appear as a whole or not
    /// at all, so that this costs what is not finished and nothing else.
    pub fn end_in_time(&self) {
        std::thread::sleep(TO_THE_RUNS_END);
        self.end_now();
    }

    /// The same at once.
    pub fn end_now(&self) -> ! {
        eprintln!("stopped; {}", self.standing_now());
        // Not by way of what runs at a program's end: libtorch's threads are still at work.
        signal_hook::low_level::exit(STOPPED.into())
    }

    /// Ask for it as if that had been so long ago that what goes on may do so no longer.
    #[cfg(test)]
    pub(super) fn ask_long_ago(&self) {
        let long_ago = Instant::now().checked_sub(TO_THE_STEPS_END);
        let mut standing = self.standing();
        standing.asked = long_ago;
        if let (Some((_, since)), Some(long_ago)) = (&mut standing.doing, long_ago) {
            *since = long_ago;
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn goes_on(&self) -> String {
        match &self.checkpoint {
            Some((file, step)) => format!(
                "the same command goes on from step {step} ({})",
                file.display()
            ),
            None => "there is no checkpoint yet: the same command begins anew".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_unfinished_is_said() {
        let stop = Stop::default();
        assert!(stop.standing_now().contains("begins anew"));
        stop.doing("step 7");
        let write = || Ok(());
        stop.keep(Path::new("out/a.safetensors"), 6, write).unwrap();
        let said = stop.standing_now();
        assert!(said.contains("not finished: step 7"), "{said}");
        assert!(said.contains("from step 6 (out/a.safetensors)"), "{said}");
    }

    #[test]
    fn a_step_may_go_on_for_a_while() {
        let stop = Stop::default();
        assert!(!stop.is_asked() && !stop.cannot_wait());
        stop.clone().ask();
        assert!(stop.is_asked() && !stop.cannot_wait());
        stop.ask_long_ago();
        assert!(stop.cannot_wait());
    }

    #[test]
    fn a_checkpoint_that_failed_is_none() {
        let stop = Stop::default();
        let failed = stop.keep(Path::new("a"), 1, || anyhow::bail!("no space"));
        assert!(failed.is_err());
        assert!(stop.standing_now().contains("no checkpoint yet"));
    }
}
