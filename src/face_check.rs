//! Whether a mosaic covers a face, and where that is: a plate, a logo or a screen may be pixelated
//! as well, and a mosaic may be larger than the face, or smaller.
//!
//! A small network looks at a small picture of the mosaic and what is around it; single pixels say
//! nothing that the blocks do not. Where few blocks are left nobody can tell, and the answer is
//! yes. `depixelate-train face-check` makes the weights.

use crate::cascade::{CpuSession, HostTensor, LoadError, RunError, Runtime};
use crate::detect::Region;
use crate::frame::{Cropper, FrameView, Rect, Square, Tone};

#[cfg(test)]
mod tests;

/// Side of the small picture, pixels.
pub const SIDE: usize = 32;
/// Side of what it shows ÷ longer side of the mosaic's box.
pub const MARGIN: f64 = 1.3;
/// Blocks across the shorter side of a mosaic from which on it is judged.
pub const FEWEST_BLOCKS: f32 = 8.0;
/// Probability from which on a mosaic counts as a face where nobody says another: hardly a face is
/// lost, seven of eight other mosaics are left alone; see docs/detection.md.
pub const THRESHOLD: f32 = 0.65;
/// The bundled network.
pub const MODEL: &[u8] = include_bytes!("../models/face-check.onnx");

/// Names in the model's file.
const INPUT: &str = "picture";
const OUTPUT: &str = "output";
/// Numbers that it gives for a picture: the logit of a face; the place of its square's middle less
/// that of the picture's ÷ the picture's side, to the right and downwards; the logarithm of the
/// ratio of their sides.
const ANSWER: usize = 4;
/// Numbers of a place beyond which it is none.
const MAX_OFFSET: f32 = 2.0;
/// Least weight of a frame in the place of a face that is followed: faces move in their mosaics.
const EMA_WEIGHT: f32 = 0.15;
/// Frames that the opinion of a region is the mean of, at most; after that it is a moving one.
const MAX_FRAMES: u16 = 100;
/// How far the mean log-odds of a region must have fallen below the threshold until it is a face no
/// more: one verdict for a region, not one a frame.
const HYSTERESIS: f32 = 1.0;
/// Regions that are followed at a time; the oldest opinion goes first.
const MAX_TRACKED: usize = 256;

/// A mosaic to be judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// The mosaic.
    pub region: Region,
    /// Its identity, if it is followed.
    pub id: Option<u32>,
    /// Whether it goes if it is no face. If not, only the place of its face is asked for.
    pub may_go: bool,
}

/// What is said of a mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Probability that it covers a face, 0–1: by all of its frames so far, if it is followed.
    pub probability: f32,
    /// The square of the face, as large as those of the cascade's training, if there rather is one
    /// than not.
    pub face: Option<Square>,
}

/// What is thought of a region: means over its frames.
#[derive(Clone, Copy, Debug)]
struct Opinion {
    /// Frames seen, up to [`MAX_FRAMES`].
    frames: u16,
    /// The verdict after the last frame.
    is_face: bool,
    /// Log-odds of being a face.
    logit: f32,
    /// Middle of the face's square less that of the region's box, to the right and downwards, ÷ the
    /// box's longer side; and the logarithm of the ratio of their sides.
    place: [f32; 3],
}

/// Tells faces from anything else; keeps its memory from frame to frame.
pub struct FaceCheck {
    session: CpuSession,
    cropper: Cropper,
    input: HostTensor,
    /// Regions that are followed, with their identities.
    opinions: Vec<(u32, Opinion)>,
}

/// What the network sees of a region in a frame of `width` × `height` pixels.
fn view_of(region: &Region, width: u32, height: u32) -> Square {
    Square::around(&region.rect, MARGIN).inside(&region.rect, width, height)
}

impl Opinion {
    /// Of four numbers: the logit, and the place as above, but measured against `view`.
    fn of(numbers: &[f32], view: &Square, rect: &Rect) -> Self {
        let longer = f64::from(rect.width.max(rect.height));
        let middle = |start: i32, length: u32| f64::from(start) + f64::from(length) / 2.0;
        let off = |start: f64, number: f32, middle: f64| {
            let face = start + (0.5 + f64::from(number)) * view.side;
            ((face - middle) / longer) as f32
        };
        Self {
            frames: 1,
            is_face: false,
            logit: numbers[0],
            place: [
                off(view.x, numbers[1], middle(rect.x, rect.width)),
                off(view.y, numbers[2], middle(rect.y, rect.height)),
                numbers[3] + (view.side / longer).ln() as f32,
            ],
        }
    }

    /// Add what another frame says.
    fn add(&mut self, news: &Self) {
        self.frames = (self.frames + 1).min(MAX_FRAMES);
        let weight = 1.0 / f32::from(self.frames);
        self.logit += weight * (news.logit - self.logit);
        for (number, new) in self.place.iter_mut().zip(news.place) {
            *number += weight.max(EMA_WEIGHT) * (new - *number);
        }
    }

    /// Whether it is a face, with log-odds of `least` at least.
    fn decide(&mut self, least: f32) -> bool {
        let least = if self.is_face {
            least - HYSTERESIS
        } else {
            least
        };
        self.is_face = self.logit >= least;
        self.is_face
    }

    /// The face's square, if there rather is one than not.
    fn face(&self, rect: &Rect) -> Option<Square> {
        let longer = f64::from(rect.width.max(rect.height));
        let [across, down, size] = self.place.map(f64::from);
        let side = longer * size.exp();
        let start = |start: i32, length: u32, off: f64| {
            f64::from(start) + f64::from(length) / 2.0 + off * longer - side / 2.0
        };
        let face = Square {
            x: start(rect.x, rect.width, across),
            y: start(rect.y, rect.height, down),
            side,
        };
        let is_sound = self.place.iter().all(|number| number.abs() < MAX_OFFSET);
        (self.logit > 0.0 && is_sound).then_some(face)
    }
}

impl FaceCheck {
    /// The bundled network, on one thread of the CPU.
    pub fn bundled(runtime: &Runtime) -> Result<Self, LoadError> {
        Self::new(runtime, MODEL)
    }

    /// The network in the bytes of an ONNX file.
    pub fn new(runtime: &Runtime, onnx: &[u8]) -> Result<Self, LoadError> {
        Ok(Self {
            session: CpuSession::new(runtime, onnx)?,
            cropper: Cropper::default(),
            input: HostTensor {
                shape: vec![0, 3, SIDE as i64, SIDE as i64],
                data: Vec::new(),
            },
            opinions: Vec::new(),
        })
    }

    /// Keep those of `items` that are faces with a probability of `threshold` (0–1) at least, and
    /// tell them by `tell` what is thought of them. Of what no question is asked, and of what has too
    /// few blocks, nothing is said. Returns how many went.
    pub fn retain<T>(
        &mut self,
        frame: &FrameView<'_>,
        threshold: f32,
        items: &mut Vec<T>,
        question: impl Fn(&T) -> Option<Question>,
        tell: impl Fn(&mut T, Answer),
    ) -> Result<usize, RunError> {
        let ask = |item: &T| question(item).filter(|question| has_blocks(&question.region));
        self.input.data.clear();
        for question in items.iter().filter_map(ask) {
            self.add(frame, &question.region);
        }
        if self.input.data.is_empty() {
            return Ok(0);
        }
        self.input.shape[0] = (self.input.data.len() / (3 * SIDE * SIDE)) as i64;
        let output = self.session.run(&[(INPUT, &self.input)], OUTPUT)?;
        let expected = [self.input.shape[0], ANSWER as i64];
        if output.shape != expected {
            return Err(RunError::OutputShape {
                model: "face check".to_owned(),
                output: OUTPUT.to_owned(),
                found: output.shape,
                expected: expected.to_vec(),
            });
        }
        let mut answers = output.data.chunks_exact(ANSWER);
        let least = (threshold / (1.0 - threshold).max(1e-6)).ln();
        let (layout, before) = (frame.layout(), items.len());
        items.retain_mut(|item| {
            let Some(Question { region, id, may_go }) = ask(item) else {
                return true;
            };
            let Some(answer) = answers.next() else {
                return true;
            };
            let view = view_of(&region, layout.width, layout.height);
            let mut news = Opinion::of(answer, &view, &region.rect);
            let opinion = match id {
                Some(id) => self.opinion(id, news),
                None => &mut news,
            };
            let answer = Answer {
                probability: 1.0 / (1.0 + (-opinion.logit).exp()),
                face: opinion.face(&region.rect),
            };
            tell(item, answer);
            opinion.decide(least) || !may_go
        });
        Ok(before - items.len())
    }

    /// The next picture of the batch.
    fn add(&mut self, frame: &FrameView<'_>, region: &Region) {
        let layout = frame.layout();
        let start = self.input.data.len();
        self.input.data.resize(start + 3 * SIDE * SIDE, 0.0);
        let crop = &mut self.input.data[start..];
        let view = view_of(region, layout.width, layout.height);
        self.cropper.crop(frame, &view, SIDE, crop);
        if let Some(tone) = Tone::of(layout.transfer, &[]) {
            tone.show(crop);
        }
        for value in crop {
            *value = *value / 127.5 - 1.0;
        }
    }

    /// What is thought of the region `id` now that a frame says `news`.
    fn opinion(&mut self, id: u32, news: Opinion) -> &mut Opinion {
        let place = match self.opinions.iter().position(|(known, _)| *known == id) {
            Some(place) => {
                self.opinions[place].1.add(&news);
                place
            }
            None => {
                if self.opinions.len() == MAX_TRACKED {
                    self.opinions.remove(0);
                }
                self.opinions.push((id, news));
                self.opinions.len() - 1
            }
        };
        &mut self.opinions[place].1
    }
}

/// Whether a region has blocks enough to be judged.
fn has_blocks(region: &Region) -> bool {
    region.lattice.is_some_and(|lattice| {
        let across = region.rect.width as f32 / lattice.block_width;
        let down = region.rect.height as f32 / lattice.block_height;
        across.min(down) >= FEWEST_BLOCKS
    })
}
