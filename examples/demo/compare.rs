//! The clips side by side: figures inside the true face box, and the frames of a few moments.

use crate::scene::{self, BLOCK, FRAMES};
use anyhow::{Context, ensure};
use gst::prelude::*;
use gst_video::prelude::*;
use gstdepixelate::degrade::smooth::bicubic;
use gstdepixelate::frame::Rect;
use gstdepixelate::metrics::{Picture, psnr, ssim_gauss};
use image::RgbImage;
use image::imageops::{crop_imm, replace};
use std::path::Path;

/// Frames that are drawn.
pub const MOMENTS: [u32; 3] = [0, FRAMES / 2, FRAMES - 1];

/// What is compared with the original.
pub const VERSIONS: [&str; 3] = ["pixelated", "bicubic", "restored"];

/// Mean figures of a version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    /// Peak signal-to-noise ratio in dB.
    pub psnr: f64,
    /// Structural similarity with the Gaussian window.
    pub ssim: f64,
}

/// A moment in all versions, the original first.
pub struct Moment {
    /// The face's box.
    pub face: Rect,
    /// Whole frames.
    pub frames: [RgbImage; 4],
}

/// Compare the clips frame by frame as a player would show them: all are decoded from their files.
pub fn compare(
    original: &Path,
    pixelated: &Path,
    restored: &Path,
) -> anyhow::Result<([Score; 3], Vec<Moment>)> {
    let mut original = Frames::open(original)?;
    let mut pixelated = Frames::open(pixelated)?;
    let mut restored = Frames::open(restored)?;
    let (mut scores, mut moments) = ([Score::default(); 3], Vec::new());
    for index in 0..FRAMES {
        let (original, restored) = (original.next()?, restored.next()?);
        let pixelated = pixelated.next()?;
        let face = scene::face(index);
        let mut smoothed = pixelated.clone();
        let patch = bicubic(&part(&pixelated, &face), BLOCK).context("the face's box is empty")?;
        replace(&mut smoothed, &patch, face.x.into(), face.y.into());
        let frames = [original, pixelated, smoothed, restored];
        let truth = part(&frames[0], &face);
        for (score, frame) in scores.iter_mut().zip(&frames[1..]) {
            let face = part(frame, &face);
            score.psnr += psnr(&picture(&truth)?, &picture(&face)?)? / f64::from(FRAMES);
            score.ssim += ssim_gauss(&picture(&truth)?, &picture(&face)?)? / f64::from(FRAMES);
        }
        if MOMENTS.contains(&index) {
            moments.push(Moment { face, frames });
        }
    }
    Ok((scores, moments))
}

fn picture(image: &RgbImage) -> anyhow::Result<Picture<'_>> {
    let (width, height) = image.dimensions();
    Ok(Picture::new(width as usize, height as usize, image)?)
}

fn part(frame: &RgbImage, rect: &Rect) -> RgbImage {
    crop_imm(frame, rect.x as u32, rect.y as u32, rect.width, rect.height).to_image()
}

/// The frames of a clip, decoded to RGB.
struct Frames {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    info: gst_video::VideoInfo,
}

impl Frames {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let uri = gst::glib::filename_to_uri(path.canonicalize()?, None)?;
        let line = format!(
            "uridecodebin uri=\"{uri}\" ! videoconvert ! video/x-raw,format=RGB \
             ! appsink name=sink sync=false max-buffers=2"
        );
        let pipeline = gst::parse::launch(&line)?;
        let pipeline = pipeline.downcast::<gst::Pipeline>();
        let pipeline = pipeline.ok().context("not a pipeline")?;
        let sink = pipeline.by_name("sink").and_downcast::<gst_app::AppSink>();
        let sink = sink.context("not an appsink")?;
        pipeline.set_state(gst::State::Playing)?;
        let first = sink.pull_preroll();
        let caps = first.ok().and_then(|sample| sample.caps_owned());
        let caps = caps.with_context(|| format!("{} cannot be decoded", path.display()))?;
        let info = gst_video::VideoInfo::from_caps(&caps)?;
        ensure!(
            (info.width(), info.height()) == scene::SIZE,
            "a clip has another size"
        );
        Ok(Self {
            pipeline,
            sink,
            info,
        })
    }

    fn next(&mut self) -> anyhow::Result<RgbImage> {
        let sample = self.sink.pull_sample().context("a clip is too short")?;
        let buffer = sample.buffer().context("a sample without a frame")?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &self.info)?;
        let row = 3 * self.info.width() as usize;
        let rows = frame
            .plane_data(0)?
            .chunks(frame.plane_stride()[0] as usize);
        let data = rows.flat_map(|padded| &padded[..row]).copied().collect();
        RgbImage::from_raw(self.info.width(), self.info.height(), data).context("a short frame")
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        // Stopping a pipeline that only reads: nothing is lost when it fails.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
