//! The steps of a stage: a progress bar, a log, checkpoints, validation, and a stop that loses one
//! long step at most.

use std::time::{Duration, Instant};

use anyhow::Context;
use image::RgbImage;

use super::checkpoint;
use super::log::Log;
use super::options::{Options, Outcome, bar};
use super::stop::Stop;
use super::train_step::TrainStep;
use super::validation::Validation;
use crate::files;
use crate::train::data::loader::Loader;
use crate::train::optim::parts::{GivenUp, Parts};

/// How a run looks at a stage between its steps.
pub trait Validator {
    /// A line of text and a picture; numbers go into `log`.
    fn validate(&self, stage: &dyn TrainStep, log: &mut Log) -> anyhow::Result<(String, RgbImage)>;
}

impl Validator for Validation {
    fn validate(&self, stage: &dyn TrainStep, log: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let (validated, strip) = self.run(stage);
        log.held_out(stage.progress().0, &validated)?;
        let text = format!(
            "held-out faces {:.2} dB, degraded {:.2} dB",
            validated.psnr, validated.pixelated
        );
        Ok((text, strip))
    }
}

/// Train `stage` from where its checkpoint left off; `start` gives the batches from a step on, and
/// `note` is for the log.
pub fn train(
    stage: &mut dyn TrainStep,
    options: &Options,
    view: &dyn Validator,
    note: &str,
    start: impl FnOnce(u64) -> anyhow::Result<Loader>,
) -> anyhow::Result<Outcome> {
    let file = checkpoint::file(&options.out, stage.name());
    if file.exists() {
        stage
            .load(&checkpoint::load(&file)?)
            .with_context(|| format!("checkpoint {}", file.display()))?;
    } else if let Some(model) = &options.start_from {
        stage.start_from(model)?;
    }
    let warnings = stage.warnings(file.exists() || options.start_from.is_some())?;
    let (first_step, steps) = stage.progress();
    if first_step > 0 {
        options.stop.kept(&file, first_step);
    }
    let mut loader = start(first_step)?;
    let progress = bar(options.progress, steps, stage.name());
    progress.set_position(first_step);
    let mut log = Log::open(&options.out, stage.name())?;
    log.note(first_step, note, &warnings)?;
    let say = |line: String| match progress.is_hidden() {
        true => eprintln!("{line}"),
        false => progress.println(line),
    };
    if first_step == 0 {
        // What all later looks are to be compared with.
        options.stop.doing("the first look at held-out pictures");
        say(validate(stage, options, view, &mut log)?);
    }
    let given_up = || options.stop.cannot_wait();
    let mut saved = Instant::now();
    let (mut kept, mut lasted) = (first_step, Duration::ZERO);
    while stage.progress().0 < steps {
        if Stop::outlasts(lasted) && kept < stage.progress().0 {
            // Were the next one given up, those before it would be lost.
            kept = stage.progress().0;
            let save = || checkpoint::save_stage(stage, &file);
            options.stop.keep(&file, kept, save)?;
        }
        options
            .stop
            .doing(format!("step {}", stage.progress().0 + 1));
        let asked = Instant::now();
        let batch = loader.next_batch()?;
        let waited = asked.elapsed().as_secs_f64();
        let begun = Instant::now();
        let losses = match stage.step(&Parts::new(&batch, &given_up)) {
            Ok(losses) => losses,
            Err(error) if error.is::<GivenUp>() => {
                progress.abandon();
                eprintln!("{}", options.stop.standing_now());
                return Ok(Outcome::Stopped);
            }
            Err(error) => return Err(error),
        };
        lasted = begun.elapsed();
        let step = stage.progress().0;
        let pictures = batch.iter().map(|part| part.input.size()[0] as usize).sum();
        if let Some(line) = log.take(step, &losses, pictures, waited)? {
            progress.set_message(line);
        }
        progress.set_position(step);
        let stop = must_stop(options);
        if stop || step == steps || saved.elapsed() >= options.checkpoint_interval {
            let save = || checkpoint::save_stage(stage, &file);
            options.stop.keep(&file, step, save)?;
            (saved, kept) = (Instant::now(), step);
            options.stop.doing("a look at held-out pictures");
            let line = validate(stage, options, view, &mut log)?;
            match progress.is_hidden() {
                true => say(format!("{line}; {}", progress.message())),
                false => say(line),
            }
        }
        if stop && step < steps {
            progress.abandon();
            return Ok(Outcome::Stopped);
        }
    }
    progress.finish();
    options.stop.doing("the model files");
    Ok(Outcome::Finished)
}

fn must_stop(options: &Options) -> bool {
    let late = options.deadline.is_some_and(|end| Instant::now() >= end);
    late || options.stop.is_asked()
}

/// Look at what the stage makes: a line of text, something in the log, a picture in the folder.
fn validate(
    stage: &dyn TrainStep,
    options: &Options,
    view: &dyn Validator,
    log: &mut Log,
) -> anyhow::Result<String> {
    let (name, step) = (stage.name(), stage.progress().0);
    let (text, picture) = view.validate(stage, log)?;
    log.picture(step, &picture)?;
    let file = options.out.join(format!("{name}-{step:07}.png"));
    files::write_picture(&file, &picture)?;
    Ok(format!("{name} step {step}: {text}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use tch::{Device, Tensor};

    use super::super::stop::Stop;
    use super::*;
    use crate::train::data::loader::{Batch, Inputs};
    use crate::train::data::samples::Sample;
    use crate::train::nn::layers::Parameters;
    use crate::train::optim::losses::Losses;

    /// Its weights are no number after the third step, whose loss is one.
    #[derive(Default)]
    struct Overflowing {
        step: u64,
    }

    impl TrainStep for Overflowing {
        fn name(&self) -> &'static str {
            "overflowing"
        }

        fn progress(&self) -> (u64, u64) {
            (self.step, 9)
        }

        fn step(&mut self, _: &Parts<'_>) -> anyhow::Result<Losses> {
            self.step += 1;
            let mut losses = Losses::default();
            losses.add("loss", Tensor::from(1.0));
            Ok(losses)
        }

        fn start_from(&mut self, _: &Path) -> anyhow::Result<()> {
            Ok(())
        }

        fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
            inputs.input.shallow_clone()
        }

        fn save(&self, out: &mut Vec<(String, Tensor)>) {
            let weight = if self.step < 3 { 1.0 } else { f32::NAN };
            out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
            out.push(("weight".to_owned(), Tensor::from_slice(&[weight])));
        }

        fn load(&mut self, _: &Parameters) -> anyhow::Result<()> {
            Ok(())
        }
    }

    struct Blank;

    impl Validator for Blank {
        fn validate(&self, _: &dyn TrainStep, _: &mut Log) -> anyhow::Result<(String, RgbImage)> {
            Ok((String::new(), RgbImage::new(1, 1)))
        }
    }

    fn options(out: &Path) -> Options {
        Options {
            out: out.to_owned(),
            start_from: None,
            device: Device::Cpu,
            // After every step.
            checkpoint_interval: Duration::ZERO,
            deadline: None,
            force: false,
            stop: Stop::default(),
            progress: false,
        }
    }

    /// Asks to stop in its second step, whose other half would come too late.
    #[derive(Default)]
    struct Slow {
        step: u64,
        stop: Stop,
    }

    impl TrainStep for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn progress(&self) -> (u64, u64) {
            (self.step, 9)
        }

        fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
            let half = |_: usize, _: &Batch| Ok(Losses::default());
            parts.backward(half)?;
            if self.step == 1 {
                self.stop.ask_long_ago();
            }
            let losses = parts.backward(half)?;
            self.step += 1;
            Ok(losses)
        }

        fn start_from(&mut self, _: &Path) -> anyhow::Result<()> {
            Ok(())
        }

        fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
            inputs.input.shallow_clone()
        }

        fn save(&self, out: &mut Vec<(String, Tensor)>) {
            out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        }

        fn load(&mut self, _: &Parameters) -> anyhow::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_step_that_takes_too_long_is_given_up_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let mut stage = Slow {
            step: 0,
            stop: options.stop.clone(),
        };
        let outcome = train(&mut stage, &options, &Blank, "a note", |first| {
            Loader::of(|_| Ok(vec![Sample::default()]), 1, first, Device::Cpu)
        });
        assert_eq!(outcome.unwrap(), Outcome::Stopped);
        let saved = checkpoint::load(&folder.path().join("slow.safetensors")).unwrap();
        assert_eq!(saved["step"].int64_value(&[0]), 1);
        let said = options.stop.standing_now();
        assert!(said.contains("not finished: step 2"), "{said}");
        assert!(said.contains("goes on from step 1"), "{said}");
    }

    #[test]
    fn a_run_ends_with_the_last_good_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let mut stage = Overflowing::default();
        let outcome = train(&mut stage, &options, &Blank, "a note", |first| {
            Loader::of(|_| Ok(vec![Sample::default()]), 1, first, Device::Cpu)
        });
        let error = outcome.unwrap_err().to_string();
        assert!(error.starts_with("weight has"), "{error}");
        assert_eq!(stage.step, 3);
        let saved = checkpoint::load(&folder.path().join("overflowing.safetensors")).unwrap();
        assert_eq!(saved["step"].int64_value(&[0]), 2);
    }
}
