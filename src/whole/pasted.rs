//! The faces in a picture, each through a network that restores one, and back into their places.

use super::{Network, Picture, WholeError};
use crate::faces::{Face, FaceView, Finder};

/// Side of the square around a face's box ÷ the box's longer side, where there are no landmarks.
const MARGIN: f64 = 1.6;
/// Share of the square's side over which a restored face fades in from each edge.
const BORDER: f64 = 0.1;

impl Picture {
    /// The faces that `finder` finds with a score of `min_score` (0–1) at least as `network`
    /// restores them, all else as it was; and how many there are. With landmarks a face is shown
    /// upright, its eyes and mouth where FFHQ has them, else as a square around its box. Nothing
    /// but the change is of eight bits.
    pub fn with_faces(
        &self,
        finder: &mut Finder,
        network: &mut Network,
        min_score: f32,
    ) -> Result<(Self, usize), WholeError> {
        let before = self.rgb8();
        let mut after = before.clone();
        let faces = finder.find(&before, min_score)?;
        let size = network.metadata().size as u32;
        for face in &faces {
            let view = view(face, before.dimensions());
            let restored = network.restore(&view.cut(&before, size))?;
            view.paste(&restored.picture(), &mut after, BORDER);
        }
        Ok((self.changed(&before, &after), faces.len()))
    }
}

fn view(face: &Face, size: (u32, u32)) -> FaceView {
    let straight = face.landmarks.as_ref().and_then(FaceView::straightened);
    straight.unwrap_or_else(|| FaceView::around(&face.rect, MARGIN, size))
}
