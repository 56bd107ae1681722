//! What is read: a film, an animated picture, numbered pictures, or what another program gives.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use image::{DynamicImage, ImageFormat, ImageReader};
use once_cell::sync::OnceCell;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::AppError;
use super::animation::as_film;
use super::lossless::{Picture, film};
use super::numbered::Numbered;
use super::stream::Stream;
use crate::files::note_unfinished;
use crate::stills::{Still, StillError};

/// The name of what another program gives, and of what another program takes.
pub const STANDARD: &str = "-";
/// Bytes at either end of a file that tell it apart from others.
const END: u64 = 1 << 20;
/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;
/// Pieces, or decoded pictures, that may wait.
const WAITING: usize = 4;
/// How often it is asked whether the work goes on.
const TICK: Duration = Duration::from_millis(100);

/// What is read: the file at a path, the pictures with the numbers that `%05d` stands for in their
/// name, or standard input, whose name is `-`.
///
/// What GStreamer cannot go back and forth in is made a film in a temporary file (where `TMPDIR`
/// says) when it is needed first; that goes with this.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    rate: gst::Fraction,
    made: OnceCell<Made>,
}

/// What is read instead of what was named.
#[derive(Debug, Default)]
struct Made {
    film: Option<TempPath>,
    /// A copy of standard input that the film was made of.
    _copy: Option<TempPath>,
    /// Number of the first picture.
    first: Option<u64>,
    /// What the colours of the pictures mean, as ICC has it.
    profile: Option<Vec<u8>>,
    /// What the film is told from others by.
    files: Vec<PathBuf>,
}

impl Input {
    /// Numbered pictures a second, where nobody says how many.
    pub const RATE: u32 = 25;

    /// What `path` names. Nothing is read yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            rate: gst::Fraction::new(Self::RATE as i32, 1),
            made: OnceCell::new(),
        }
    }

    /// The same, with so many pictures a second where they are numbered.
    pub fn with_rate(self, rate: gst::Fraction) -> Self {
        Self { rate, ..self }
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error where there is no such file.
    pub(super) fn check(&self) -> Result<(), AppError> {
        match Numbered::of(&self.path).filter(|_| !self.path.is_file()) {
            Some(numbered) => numbered.files().map(|_| ()),
            None if self.is_standard() || self.path.is_file() => Ok(()),
            None => Err(AppError::NoInput {
                path: self.path.clone(),
            }),
        }
    }

    /// What is there of it before anything is read.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let numbered = Numbered::of(&self.path).filter(|_| !self.path.is_file());
        let files = numbered.and_then(|numbered| numbered.files().ok());
        files.map_or_else(
            || vec![self.path.clone()],
            |files| files.into_iter().map(|(_, file)| file).collect(),
        )
    }

    /// The file to read.
    pub(super) fn file(&self, cancel: &AtomicBool) -> Result<&Path, AppError> {
        let made = self.made(cancel)?;
        Ok(made.film.as_deref().unwrap_or(&self.path))
    }

    /// The number of its first picture; None where it is no numbered pictures.
    pub(super) fn first(&self) -> Option<u64> {
        self.made.get().and_then(|made| made.first)
    }

    /// What the colours of its pictures mean, as ICC has it, if they say so.
    pub(super) fn profile(&self) -> Option<&[u8]> {
        self.made.get().and_then(|made| made.profile.as_deref())
    }

    /// A number that another film hardly has, of the sizes and ends of its files and the times of its
    /// packets.
    pub(super) fn identity(
        &self,
        stream: &Stream,
        cancel: &AtomicBool,
    ) -> Result<String, AppError> {
        let mut sum = Sha256::new();
        let made = self.made(cancel)?;
        let is_itself = made.film.as_deref().is_none_or(|film| made.files == [film]);
        // A film that was made has other names each time.
        sum.update(if is_itself { stream.id.as_bytes() } else { &[] });
        for file in &made.files {
            add(&mut sum, file).map_err(|error| self.unreadable(error))?;
        }
        for packet in &stream.index {
            sum.update(packet.time.unwrap_or_default().to_le_bytes());
        }
        let sum = sum.finalize();
        Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn is_standard(&self) -> bool {
        self.path == Path::new(STANDARD)
    }

    fn unreadable(&self, reason: impl ToString) -> AppError {
        AppError::Input {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }

    fn made(&self, cancel: &AtomicBool) -> Result<&Made, AppError> {
        self.made.get_or_try_init(|| {
            self.check()?;
            match Numbered::of(&self.path).filter(|_| !self.path.is_file()) {
                Some(numbered) => self.pictures(numbered.files()?, cancel),
                None if self.is_standard() => self.copy(io::stdin(), cancel),
                None => self.single(&self.path, cancel),
            }
        })
    }

    /// A file that is read as it is, or a picture.
    fn single(&self, path: &Path, cancel: &AtomicBool) -> Result<Made, AppError> {
        let film = as_film(path, cancel)?;
        let format = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
        let format = format.map_err(|error| self.unreadable(error))?.format();
        if film.is_none() && format == Some(ImageFormat::Png) {
            // GStreamer's decoder takes eight bits of each colour.
            let pictures = self.pictures(vec![(0, path.to_owned())], cancel)?;
            return Ok(Made {
                first: None,
                ..pictures
            });
        }
        Ok(Made {
            film,
            files: vec![path.to_owned()],
            ..Made::default()
        })
    }

    /// A copy of all that `source` gives.
    fn copy(
        &self,
        source: impl Read + Send + 'static,
        cancel: &AtomicBool,
    ) -> Result<Made, AppError> {
        let mut file = NamedTempFile::new().map_err(AppError::temporary)?;
        note_unfinished(file.path());
        let (sender, pieces) = sync_channel(WAITING);
        // It may wait for ever, and goes with the program.
        std::thread::spawn(move || send_all(source, &sender));
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(AppError::Cancelled);
            }
            let piece = match pieces.recv_timeout(TICK) {
                Ok(piece) => piece.map_err(|error| self.unreadable(error))?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            file.write_all(&piece).map_err(AppError::temporary)?;
        }
        let copy = file.into_temp_path();
        let mut made = self.single(&copy, cancel).map_err(|error| match error {
            AppError::Input { reason, .. } => self.unreadable(reason),
            error => error,
        })?;
        match made.film {
            None => made.film = Some(copy),
            // What it was made of tells it from others.
            Some(_) => made._copy = Some(copy),
        }
        Ok(made)
    }

    /// The film of pictures.
    fn pictures(&self, files: Vec<(u64, PathBuf)>, cancel: &AtomicBool) -> Result<Made, AppError> {
        let paths: Vec<PathBuf> = files.iter().map(|(_, path)| path.clone()).collect();
        let [rate, seconds] =
            [self.rate.numer().max(1), self.rate.denom()].map(|n| u64::from(n.unsigned_abs()));
        let lasts = gst::ClockTime::SECOND * seconds / rate;
        let (sender, pictures) = sync_channel(WAITING);
        let reading = std::thread::spawn({
            let paths = paths.clone();
            move || read_all(&paths, lasts, &sender)
        });
        let film = (pictures.recv().ok()).map(|first| film(first, pictures, self.rate, cancel));
        // What could not be read is nearer to the reason than what came of it.
        let profile = reading
            .join()
            .unwrap_or_else(|_| Err(self.unreadable("its reader failed")))?;
        Ok(Made {
            film: film.transpose().map_err(|error| match error {
                AppError::Element { reason, .. } => self.unreadable(reason),
                error => error,
            })?,
            first: files.first().map(|(number, _)| *number),
            profile,
            files: paths,
            _copy: None,
        })
    }
}

/// Read `source` to its end, and send all of it.
fn send_all(mut source: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = source.read(&mut piece);
        if read.as_ref().is_ok_and(|length| *length == 0) {
            return;
        }
        let failed = read.is_err();
        let read = read.map(|length| {
            piece.truncate(length);
            piece
        });
        // Whoever waits for them may have stopped.
        if pieces.send(read).is_err() || failed {
            return;
        }
    }
}

/// Read pictures and send them; returns the profile of the first one.
fn read_all(
    paths: &[PathBuf],
    lasts: gst::ClockTime,
    pictures: &SyncSender<Picture>,
) -> Result<Option<Vec<u8>>, AppError> {
    let mut profile = None;
    for (number, path) in paths.iter().enumerate() {
        let (picture, own) = read(path).map_err(|error| AppError::Input {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        if number == 0 {
            profile = own;
        }
        // Whoever waits for pictures may have stopped.
        if pictures.send(Picture { picture, lasts }).is_err() {
            break;
        }
    }
    Ok(profile)
}

/// A picture, upright, and its profile, which is one of red, green and blue: grey becomes these.
fn read(path: &Path) -> Result<(DynamicImage, Option<Vec<u8>>), StillError> {
    let still = Still::open(path)?;
    let profile = still
        .profile()
        .filter(|_| still.picture().color().has_color());
    let profile = profile.map(<[u8]>::to_vec);
    Ok((still.into_picture()?, profile))
}

/// Add size and ends of a file to a sum.
fn add(sum: &mut Sha256, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    sum.update(size.to_le_bytes());
    for start in [0, size.saturating_sub(END)] {
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(END).read_to_end(&mut end)?;
        sum.update(end);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageEncoder;
    use image::codecs::jpeg::JpegEncoder;

    #[test]
    fn pictures_are_read_whole_and_with_profiles_of_theirs() {
        let mut profile = vec![0; 128];
        profile[16..20].copy_from_slice(b"RGB ");
        let encoded = |picture: DynamicImage| {
            let mut bytes = Vec::new();
            let mut encoder = JpegEncoder::new(&mut bytes);
            encoder.set_icc_profile(profile.clone()).unwrap();
            picture.write_with_encoder(encoder).unwrap();
            bytes
        };
        let file = NamedTempFile::new().unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(file.path(), bytes).unwrap();
            read(file.path())
        };
        let color = encoded(DynamicImage::new_rgb8(64, 48));
        let (picture, own) = read(&color).unwrap();
        assert_eq!((picture.width(), own), (64, Some(profile.clone())));
        let (_, own) = read(&encoded(DynamicImage::new_luma8(64, 48))).unwrap();
        assert_eq!(own, None);
        let cut = read(&color[..color.len() - 2]);
        assert!(matches!(cut, Err(StillError::Cut)));
    }
}
