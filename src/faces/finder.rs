//! A network that finds faces, from an ONNX file.

use std::path::Path;

use image::RgbImage;
use sha2::{Digest, Sha256};

use super::candidate::Output;
use super::overlap::without_doubles;
use super::shown::{Colors, Input};
use super::{Face, ultraface, yunet};
use crate::cascade::{CpuSession, LoadError, RunError, Runtime, read_model};
use crate::onnx::decode;
use crate::onnx::proto::GraphProto;

/// Overlap (intersection over union) above which two boxes are the same face.
const IOU: f64 = 0.3;
/// Best candidates that are looked at, and so the most faces of a picture.
const MOST: usize = 1000;

/// The network, open.
///
/// Two families are known, by the names of their outputs:
///
/// - YuNet (OpenCV's `face_detection_yunet_2023mar` and its like): `cls_8`, `obj_8`, `bbox_8`,
///   `kps_8` and the same of 16 and 32; boxes and landmarks;
/// - UltraFace (`version-RFB-320` and its like): `scores` and `boxes`; no landmarks.
#[derive(Debug)]
pub struct Finder {
    session: CpuSession,
    name: String,
    input: Input,
    family: Family,
    hash: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    YuNet,
    UltraFace,
}

impl Family {
    const ALL: [Self; 2] = [Self::YuNet, Self::UltraFace];

    fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::YuNet => &yunet::OUTPUTS,
            Self::UltraFace => &ultraface::OUTPUTS,
        }
    }

    fn colors(self) -> Colors {
        match self {
            Self::YuNet => yunet::COLORS,
            Self::UltraFace => ultraface::COLORS,
        }
    }

    /// The one that has the outputs of `graph`.
    fn of(model: &str, graph: &GraphProto) -> Result<Self, LoadError> {
        let has = |name: &&str| graph.output.iter().any(|it| it.name == *name);
        let known = Self::ALL
            .into_iter()
            .find(|it| it.outputs().iter().all(has));
        known.ok_or_else(|| {
            let names = graph.output.iter().take(6).map(|it| it.name.as_str());
            LoadError::Shape {
                model: model.to_owned(),
                value: "outputs".to_owned(),
                found: names.collect::<Vec<_>>().join(", "),
                expected:
                    "those of YuNet (cls_8, obj_8, bbox_8, kps_8 …) or of UltraFace (scores, boxes)"
                        .to_owned(),
                advice: "name a finder of faces of one of these families, such as \
                         face_detection_yunet_2023mar.onnx of OpenCV's model zoo"
                    .to_owned(),
            }
        })
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Finder {
    /// Open the network in an ONNX file, on all processors.
    pub fn open(runtime: &Runtime, path: &Path) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        let bytes = read_model(path)?;
        let unreadable = |reason: String| LoadError::ModelUnreadable {
            model: name.clone(),
            reason,
        };
        let graph = decode(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let graph = graph.graph.unwrap_or_default();
        let family = Family::of(&name, &graph)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            input: Input::of(&name, &graph)?,
            session: CpuSession::open(runtime, &name, &bytes, threads)?,
            family,
            name,
            hash: hex(&Sha256::digest(&bytes)),
        })
    }

    /// SHA-256 of its file, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The faces of a picture that have a score of `min_score` (0–1) at least, the surest first.
    ///
    /// A picture that is larger than the network's input is made smaller, in proportion, until it
    /// fits; a smaller one stays as it is; beside both it is black. Networks without a size of their
    /// own are shown 640 pixels along the longer side at most. So small faces in large pictures are
    /// lost: in one of 4,000 pixels YuNet finds hardly any that is narrower than 60.
    pub fn find(&mut self, picture: &RgbImage, min_score: f32) -> Result<Vec<Face>, RunError> {
        let frame = self.input.frame(picture.dimensions());
        let Some(shown) = frame.shown(picture, self.family.colors()) else {
            return Ok(Vec::new());
        };
        let wanted = self.family.outputs();
        let inputs = [(self.input.name.as_str(), &shown)];
        let outputs = self.session.run_for(&inputs, wanted)?;
        let outputs: Vec<Output<'_>> = (wanted.iter().zip(&outputs))
            .map(|(name, numbers)| Output {
                model: &self.name,
                name,
                numbers,
            })
            .collect();
        let mut candidates = match self.family {
            Family::YuNet => yunet::candidates(&outputs, frame.canvas, min_score)?,
            Family::UltraFace => ultraface::candidates(&outputs, frame.canvas, min_score)?,
        };
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(MOST);
        let faces = candidates.iter();
        let faces = faces.filter_map(|it| it.face(frame.scale, picture.dimensions()));
        Ok(without_doubles(faces.collect(), IOU))
    }
}
