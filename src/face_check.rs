//! Whether a mosaic covers a face, and where that is: a plate, a logo or a screen may be pixelated
//! as well, and a mosaic may be larger than the face, or smaller.
//!
//! A small network looks at a small picture of the mosaic and what is around it; single pixels say
//! nothing that the blocks do not. Where few blocks are left nobody can tell, and the answer is
//! yes. `depixelate-train face-check` makes the weights.

use crate::cascade::{CpuSession, HostTensor, LoadError, RunError, Runtime};
use crate::detect::Region;
use crate::frame::{Cropper, FrameView, Rect, Square};

/// Side of the small picture, pixels.
pub const SIDE: usize = 32;
/// Side of what it shows ÷ longer side of the mosaic's box.
pub const MARGIN: f64 = 1.3;
/// Blocks across the shorter side of a mosaic from which on it is judged.
pub const FEWEST_BLOCKS: f32 = 8.0;
/// Probability from which on a mosaic counts as a face where nobody says another: hardly a face is
/// lost, five of six other mosaics are left alone; see docs/detection.md.
pub const THRESHOLD: f32 = 0.5;
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
    /// tell them by `place` where the square of the face is, as large as those of the cascade's
    /// training. Of what no question is asked, and of what has too few blocks, nothing is said.
    /// Returns how many went.
    pub fn retain<T>(
        &mut self,
        frame: &FrameView<'_>,
        threshold: f32,
        items: &mut Vec<T>,
        question: impl Fn(&T) -> Option<Question>,
        place: impl Fn(&mut T, Square),
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
            if let Some(face) = opinion.face(&region.rect) {
                place(item, face);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    use crate::cascade::runtime;
    use crate::degrade::cast::ColorCast;
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::detect::Outline;
    use crate::frame::{FrameViewMut, Lattice, Layout};

    const RECT: Rect = Rect::new(32, 32, 96, 96);

    fn region(block: u32) -> Region {
        Region {
            rect: RECT,
            lattice: Some(Lattice::square(block, 32, 32)),
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        }
    }

    /// Stripes of two colours behind a mosaic: nothing like a face.
    fn stripes(block: u32) -> Vec<u8> {
        let pixel = |i: usize| match (i % 160 / 20 + i / 160 / 30) % 2 {
            0 => [20, 60, 200],
            _ => [240, 240, 60],
        };
        let mut data: Vec<u8> = (0..160 * 160).flat_map(pixel).collect();
        let layout = Layout::rgb(160, 160);
        let mut frame = FrameViewMut::packed(&layout, &mut data, 480).unwrap();
        pixelate(
            &mut frame,
            &RECT,
            &Lattice::square(block, 32, 32),
            Fill::TileMean,
        );
        data
    }

    fn kept(threshold: f32, block: u32, id: Option<u32>) -> usize {
        kept_of(&stripes(block), threshold, block, id)
    }

    fn kept_of(data: &[u8], threshold: f32, block: u32, id: Option<u32>) -> usize {
        let layout = Layout::rgb(160, 160);
        let frame = FrameView::packed(&layout, data, 480).unwrap();
        let mut check = FaceCheck::bundled(runtime::load_for_program().unwrap()).unwrap();
        let mut regions = vec![region(block)];
        let question = |&region: &Region| {
            Some(Question {
                region,
                id,
                may_go: true,
            })
        };
        for _ in 0..2 {
            check
                .retain(&frame, threshold, &mut regions, question, |_, _| ())
                .unwrap();
        }
        regions.len()
    }

    #[test]
    fn a_region_keeps_its_verdict_until_much_speaks_against_it() {
        let says = |logit| Opinion {
            frames: 1,
            is_face: false,
            logit,
            place: [0.0; 3],
        };
        let mut opinion = says(3.0);
        assert!(opinion.decide(0.0));
        opinion.add(&says(-4.0));
        // Mean log-odds of −0.5: less than the threshold, but not by much.
        assert!((opinion.logit + 0.5).abs() < 1e-6 && opinion.decide(0.0));
        opinion.add(&says(-4.0));
        assert!((opinion.logit + 5.0 / 3.0).abs() < 1e-6 && !opinion.decide(0.0));
        // Four of six frames say that it is one.
        for _ in 0..3 {
            opinion.add(&says(3.0));
        }
        assert!((opinion.logit - 4.0 / 6.0).abs() < 1e-6 && opinion.decide(0.0));
    }

    #[test]
    fn stripes_are_no_face() {
        assert_eq!(kept(0.5, 8, None), 0);
        assert_eq!(kept(0.5, 8, Some(3)), 0);
    }

    /// A face in front of a wall: ellipses, each of a middle, two radii and a colour, the last one
    /// uppermost.
    fn drawn_face() -> RgbImage {
        const PARTS: [([f32; 4], [u8; 3]); 13] = [
            ([80.0, 166.0, 70.0, 44.0], [50, 60, 90]),    // shoulders
            ([80.0, 70.0, 44.0, 50.0], [60, 42, 32]),     // hair
            ([80.0, 116.0, 18.0, 30.0], [190, 145, 120]), // neck
            ([80.0, 86.0, 35.0, 44.0], [212, 166, 138]),  // face
            ([62.0, 90.0, 10.0, 20.0], [202, 154, 126]),  // cheek in shade
            ([66.0, 74.0, 9.0, 2.5], [78, 54, 40]),       // brows
            ([94.0, 74.0, 9.0, 2.5], [78, 54, 40]),
            ([66.0, 82.0, 7.0, 4.0], [52, 42, 38]), // eyes
            ([94.0, 82.0, 7.0, 4.0], [52, 42, 38]),
            ([80.0, 96.0, 5.0, 9.0], [226, 178, 150]), // nose
            ([80.0, 103.0, 7.0, 2.5], [160, 110, 92]), // its shadow
            ([80.0, 113.0, 14.0, 4.5], [168, 84, 80]), // mouth
            ([80.0, 112.5, 11.0, 1.5], [120, 54, 52]),
        ];
        RgbImage::from_fn(160, 160, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let inside = |[cx, cy, rx, ry]: [f32; 4]| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
            let mut parts = PARTS.iter().rev();
            let part = parts.find(|(ellipse, _)| inside(*ellipse));
            image::Rgb(part.map_or([128, 134, 140], |(_, color)| *color))
        })
    }

    #[test]
    fn a_face_is_one_in_any_light() {
        let casts = [
            ("plain", ColorCast::Saturation(1.0)),
            ("grey", ColorCast::Saturation(0.0)),
            ("green light", ColorCast::Light([0.6, 1.1, 0.6])),
            ("blue light", ColorCast::Light([0.5, 0.75, 1.3])),
            ("dark skin in dim light", ColorCast::Light([0.35, 0.3, 0.3])),
            ("night vision", ColorCast::Monochrome([0.25, 1.0, 0.35])),
            ("sepia", ColorCast::Monochrome([1.0, 0.85, 0.65])),
        ];
        for (name, cast) in casts {
            for block in [5, 8] {
                let mut face = drawn_face();
                cast.apply(&mut face);
                let layout = Layout::rgb(160, 160);
                let mut frame = FrameViewMut::packed(&layout, &mut face, 480).unwrap();
                let lattice = Lattice::square(block, 32, 32);
                pixelate(&mut frame, &RECT, &lattice, Fill::TileMean);
                assert_eq!(
                    kept_of(&face, 0.5, block, None),
                    1,
                    "{name}, blocks of {block}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_said_of_a_few_blocks_or_at_no_threshold() {
        assert_eq!(kept(0.5, 16, None), 1);
        assert_eq!(kept(0.0, 8, None), 1);
    }
}
