//! Event logs for TensorBoard.
//!
//! A file of records: length (u64), its checksum, an `Event` message, its checksum; all
//! little-endian. The checksum is a rotated and shifted CRC-32C (TensorFlow, `lib/hash/crc32c.h`
//! and `util/event.proto`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use image::RgbImage;
use prost::{Message, Oneof};

/// Appends scalars and pictures to a new event file.
pub(super) struct EventLog {
    file: File,
}

impl EventLog {
    /// A new event file in `folder`; earlier ones stay, TensorBoard reads them together.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let now = since_epoch();
        let name = format!(
            "events.out.tfevents.{}.{}",
            now.as_secs(),
            std::process::id()
        );
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(name))?;
        let mut log = Self { file };
        log.write(Event {
            file_version: Some("brain.Event:2".to_owned()),
            ..Event::default()
        })?;
        Ok(log)
    }

    /// Record numbers by name.
    pub(super) fn scalars(&mut self, step: u64, values: &[(String, f64)]) -> io::Result<()> {
        let values = values.iter().map(|(tag, value)| Value {
            tag: tag.clone(),
            content: Some(Content::Scalar(*value as f32)),
        });
        self.summary(step, values.collect())
    }

    /// Record a picture.
    pub(super) fn picture(
        &mut self,
        step: u64,
        tag: &str,
        picture: &RgbImage,
    ) -> anyhow::Result<()> {
        let mut png = io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png)?;
        let content = Content::Picture(Picture {
            height: picture.height() as i32,
            width: picture.width() as i32,
            colorspace: 3,
            encoded: png.into_inner(),
        });
        let tag = tag.to_owned();
        let value = Value {
            tag,
            content: Some(content),
        };
        Ok(self.summary(step, vec![value])?)
    }

    fn summary(&mut self, step: u64, values: Vec<Value>) -> io::Result<()> {
        self.write(Event {
            step: step as i64,
            summary: Some(Summary { values }),
            ..Event::default()
        })
    }

    fn write(&mut self, mut event: Event) -> io::Result<()> {
        event.wall_time = since_epoch().as_secs_f64();
        self.file.write_all(&record(&event.encode_to_vec()))
    }
}

fn since_epoch() -> Duration {
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_checksum(&length).to_le_bytes());
    record.extend(message);
    record.extend(masked_checksum(message).to_le_bytes());
    record
}

fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Content", tags = "2, 4")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "4")]
    Picture(Picture),
}

#[derive(Clone, PartialEq, Message)]
struct Picture {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// 3 = RGB.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    encoded: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_tensorflow() {
        // CRC-32C of "123456789" is 0xe3069283 (RFC 3720); masking as in crc32c.h.
        let rotated = 0xe306_9283_u32.rotate_right(15);
        let expected = rotated.wrapping_add(0xa282_ead8);
        assert_eq!(masked_checksum(b"123456789"), expected);
    }

    #[test]
    fn the_file_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::create(folder.path()).unwrap();
        log.scalars(7, &[("loss/a".to_owned(), 1.5)]).unwrap();
        log.picture(8, "faces", &RgbImage::new(3, 2)).unwrap();
        let path = folder.path().read_dir().unwrap().next().unwrap().unwrap();
        let bytes = std::fs::read(path.path()).unwrap();
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while let Some((head, tail)) = rest.split_first_chunk::<12>() {
            let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
            let sum = u32::from_le_bytes(head[8..].try_into().unwrap());
            assert_eq!(sum, masked_checksum(&head[..8]));
            let (message, tail) = tail.split_at(length);
            events.push(Event::decode(message).unwrap());
            rest = &tail[4..];
        }
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        assert_eq!(events[1].step, 7);
        let value = &events[1].summary.as_ref().unwrap().values[0];
        assert_eq!(value.content, Some(Content::Scalar(1.5)));
        let value = &events[2].summary.as_ref().unwrap().values[0];
        assert!(matches!(&value.content, Some(Content::Picture(p)) if p.width == 3));
    }
}
