//! Faces in pictures: found by a network that the user names, cut out, and put back.
//!
//! ```no_run
//! use gstdepixelate::cascade::runtime;
//! use gstdepixelate::faces::{FaceView, Finder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut finder = Finder::open(runtime::load_for_program()?, "yunet.onnx".as_ref())?;
//! let mut picture = image::open("people.jpg")?.into_rgb8();
//! for face in finder.find(&picture, 0.7)? {
//!     // Upright and of FFHQ's frame where there are landmarks, else a square around the box.
//!     let straight = face.landmarks.as_ref().and_then(FaceView::straightened);
//!     let view = straight.unwrap_or_else(|| FaceView::around(&face.rect, 1.6, picture.dimensions()));
//!     let crop = view.cut(&picture, 256);
//!     view.paste(&crop, &mut picture, 0.1);
//! }
//! # Ok(())
//! # }
//! ```

mod candidate;
mod finder;
mod overlap;
mod shown;
mod ultraface;
mod view;
mod yunet;

pub use finder::Finder;
pub use view::FaceView;

use crate::frame::Rect;

/// Five points of a face, pixels from the picture's top left corner: the eye on the picture's left,
/// the other eye, the tip of the nose, the corner of the mouth on the picture's left, the other
/// one.
pub type Landmarks = [[f32; 2]; 5];

/// A face in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Its box, from chin to forehead, as far as that lies in the picture.
    pub rect: Rect,
    /// How sure the finder is, 0–1.
    pub score: f32,
    /// Where its parts are, if the finder tells.
    pub landmarks: Option<Landmarks>,
}
