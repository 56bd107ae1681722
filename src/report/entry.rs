//! What a page says of one face.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use maud::{Markup, html};

use super::clock::clock;
use super::pictures::Wanted;
use crate::app::{FaceBox, RestoredFace};

/// Quality of pictures, 1–100.
const QUALITY: u8 = 88;

/// A face at one moment, before and after.
pub(super) struct Moment {
    pub(super) wanted: Wanted,
    pub(super) pictures: [Option<RgbImage>; 2],
}

/// The entry of face number `number`, counted from 1.
pub(super) fn entry(number: usize, face: &RestoredFace, moments: &[Moment]) -> Markup {
    html! {
        article id=(format!("face-{number}")) tabindex="-1" {
            h3 { "Face " (number) }
            p {
                (when(face)) ". " (sizes(face)) "."
                @if let Some(probability) = face.probability {
                    " A mosaic like this covers a face with a probability of "
                    (format!("{:.0}", 100.0 * probability)) " %."
                }
            }
            div .moments {
                @for moment in moments { (at(number, moment)) }
            }
            @if moments.is_empty() { p { "It is nowhere to be seen." } }
        }
    }
}

/// The row of a face that is shown without pictures.
pub(super) fn row(number: usize, face: &RestoredFace) -> Markup {
    html! {
        tr id=(format!("face-{number}")) {
            th scope="row" { (number) }
            td { (clock(face.times[0])) }
            td { (clock(face.times[1])) }
            td { (face.frames[0]) "–" (face.frames[1]) }
            td { (sizes(face)) }
        }
    }
}

/// First and last time and frame.
fn when(face: &RestoredFace) -> String {
    let ([from, to], [first, last]) = (face.times.map(clock), face.frames);
    format!("{from} to {to}, frames {first} to {last}")
}

/// The sizes of its boxes.
fn sizes(face: &RestoredFace) -> String {
    let size = |place: &FaceBox| (place.width, place.height);
    let area = |(width, height): &(u32, u32)| u64::from(*width) * u64::from(*height);
    let (least, most) = (
        face.boxes.iter().map(size).min_by_key(area),
        face.boxes.iter().map(size).max_by_key(area),
    );
    let sides = |(width, height): (u32, u32)| format!("{width} × {height}");
    match least.zip(most) {
        None => "Nowhere".to_owned(),
        Some((least, most)) if least == most => format!("{} pixels", sides(most)),
        Some((least, most)) => format!("{} to {} pixels", sides(least), sides(most)),
    }
}

/// One moment: both pictures beside each other, which a script lays over each other.
fn at(number: usize, moment: &Moment) -> Markup {
    let Wanted { time, place } = moment.wanted;
    let time = clock(time);
    let [before, after] = &moment.pictures;
    html! {
        figure .moment {
            @match before.as_ref().and_then(jpeg).zip(after.as_ref().and_then(jpeg)) {
                None => p { "This frame cannot be shown: one of the files does not have it." },
                Some((before, after)) => {
                    div .pair {
                        span .side { img src=(before) alt=(format!("Face {number}, pixelated, at {time}")); b { "pixelated" } }
                        span .side { img src=(after) alt=(format!("Face {number}, invented, at {time}")); b { "invented" } }
                    }
                    label .slider hidden {
                        "How much of the invented face is shown"
                        input type="range" min="0" max="100" value="50" step="1";
                    }
                }
            }
            figcaption { (time) ", frame " (place.frame) ", " (place.width) " × " (place.height) " pixels" }
        }
    }
}

/// A picture within the page; None for one without pixels.
fn jpeg(picture: &RgbImage) -> Option<String> {
    let mut data = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut data, QUALITY);
    picture.write_with_encoder(encoder).ok()?;
    Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(data)))
}
