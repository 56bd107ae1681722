//! A first look at a film: which faces there are to restore.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::container::Container;
use super::counters::Counters;
use super::cut::Part;
use super::part::{Found, Maker};
use super::progress::Progress;
use super::record::joined;
use super::transcode::Transcode;
use super::{AppError, RestoredFace};

/// What would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Frames that were looked at.
    pub frames: u64,
    /// The faces in them; times are those of the input.
    pub faces: Vec<RestoredFace>,
    /// Why the input is taken for damaged.
    pub damage: Option<String>,
}

impl Transcode<'_> {
    /// Look at all frames for faces to restore, and make nothing.
    pub fn look(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Looked, AppError> {
        self.input.check()?;
        let container = Container::of(self.output)?;
        self.survey(cancel, &mut |source, survey, window| {
            let plan = self.plan(survey, container, window, on_progress)?;
            let parts = window.cut(vec![Part::all()]);
            let maker = Maker {
                is_sound: survey.damage().is_none(),
                ..self.maker(source, plan.restored(), container, &self.encoding, cancel)
            };
            let found = look(&maker, &parts[0], false, on_progress)?;
            Ok(Looked {
                frames: found.frames,
                faces: joined([(found.frames, &found.faces[..])].into_iter(), 0),
                damage: survey.damage(),
            })
        })
    }
}

/// Look for faces, and tell how far that is.
pub(super) fn look(
    maker: &Maker<'_>,
    part: &Part,
    quickly: bool,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Found, AppError> {
    let counters = Arc::new(Counters::default());
    let total = maker.stream.packets;
    maker.look(part, quickly, &counters, &mut |told| {
        on_progress(match told {
            Some(text) => Progress::Warning(text),
            None => Progress::Looked {
                frames: counters.packets.load(Ordering::Relaxed).min(total),
                total,
            },
        });
    })
}
