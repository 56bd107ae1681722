//! A network that sees whole pictures.

use super::axis::{self, Axis};
use super::planes::mirrored;
use super::{Levels, MAX_SIDE, Planes, WholeError};
use crate::cascade::{
    Backend, Model, ModelMetadata, OrtBackend, Pictures, SessionSettings, runtime,
};

/// Pixels of a tile's side on the larger end of a network whose sides are open, where nobody says
/// another.
const TILE: usize = 512;
/// Pixels that neighbouring tiles share at the network's input, likewise.
const OVERLAP: usize = 32;
/// Largest side of a tile on either end, pixels.
const MAX_TILE: usize = 4096;
/// Tiles in one run on a GPU, where nobody says how many: large ones fill it soon.
const GPU_BATCH: usize = 4;
/// Most tiles in one run.
const MAX_BATCH: usize = 64;
/// Largest side of a picture that is one face, pixels.
const MAX_FACE: usize = 4096;

/// How a network is shown a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In tiles, pixel by pixel: what comes out is `scale` times as large.
    Tiles,
    /// As one face: scaled to the network's size, and what it makes is scaled back. A picture that
    /// is no square is mirrored at its right or lower edge until it is one.
    Face,
}

impl Way {
    /// What fits a model: restorers of one size and those that are told a lattice are for faces;
    /// what enlarges, or has open sides, is for pictures of any size.
    pub fn of(model: &Model) -> Self {
        let metadata = model.metadata();
        let one_size = metadata.multiple.is_none() && metadata.scale == 1;
        match one_size || model.takes_lattice() {
            true => Self::Face,
            false => Self::Tiles,
        }
    }
}

/// How a network runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where.
    pub session: SessionSettings,
    /// How it is shown pictures; none is [`Way::of`].
    pub way: Option<Way>,
    /// Side of a tile at the network's input, pixels, rounded up to what the network takes.
    pub tile: Option<usize>,
    /// Pixels that neighbouring tiles share, at most half of a tile; rounded likewise.
    pub overlap: Option<usize>,
    /// Tiles in one run; 0 is one on a CPU and a few on a GPU.
    pub batch: usize,
}

/// An open model, for whole pictures. It is told no lattice, and its output is not corrected.
#[derive(Debug)]
pub struct Network {
    backend: OrtBackend,
    way: Way,
    tile: usize,
    overlap: usize,
    batch: usize,
}

/// The tiles of a row that have not been run.
#[derive(Default)]
struct Waiting {
    /// First columns, as numbers of tiles.
    columns: Vec<usize>,
    /// Their pixels, in the model's range.
    data: Vec<f32>,
}

impl Network {
    /// Open `model` in the ONNX Runtime that a program finds.
    pub fn new(model: &Model, settings: &Settings) -> Result<Self, WholeError> {
        let metadata = model.metadata();
        let runtime = runtime::load_for_program()?;
        let mut backend = OrtBackend::new(runtime, model, &settings.session)?;
        backend.warm_up(1)?;
        let batch = match settings.batch {
            0 => backend.preferred_batch().min(GPU_BATCH),
            batch => batch,
        };
        let tile = tile(metadata, settings.tile)?;
        let overlap = settings.overlap.unwrap_or(OVERLAP);
        Ok(Self {
            way: settings.way.unwrap_or_else(|| Way::of(model)),
            tile: axis::taken(metadata, tile),
            overlap: axis::shared(metadata, tile, overlap),
            batch: batch.min(MAX_BATCH),
            backend,
        })
    }

    /// What the model says about itself.
    pub fn metadata(&self) -> &ModelMetadata {
        self.backend.metadata()
    }

    /// How it is shown pictures.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Pixels of a tile's side, at the network's input.
    pub fn tile(&self) -> usize {
        self.tile
    }

    /// Pixels that neighbouring tiles share.
    pub fn overlap(&self) -> usize {
        self.overlap
    }

    /// Side of what comes out ÷ side of the picture.
    pub fn scale(&self) -> usize {
        match self.way {
            Way::Tiles => self.metadata().scale,
            Way::Face => 1,
        }
    }

    /// Width and height of what comes out of a picture; an error where that cannot be made.
    pub fn output_size(&self, [width, height]: [usize; 2]) -> Result<[usize; 2], WholeError> {
        let scale = self.scale();
        let longest = width.max(height);
        if width == 0 || height == 0 {
            return Err(WholeError::Empty);
        }
        if self.way == Way::Face && longest > MAX_FACE {
            let most = MAX_FACE;
            return Err(WholeError::LargeFace {
                width,
                height,
                most,
            });
        }
        if longest > MAX_SIDE / scale {
            return Err(WholeError::TooLarge {
                width,
                height,
                scale,
                most: MAX_SIDE,
            });
        }
        Ok([width * scale, height * scale])
    }

    /// What the network makes of a picture, in grey levels.
    pub fn run(&mut self, picture: &impl Levels) -> Result<Planes, WholeError> {
        let [width, height] = self.output_size(picture.size())?;
        let mut made = Planes {
            width,
            height,
            data: vec![0.0; 3 * width * height],
        };
        self.run_rows(picture, &mut |y, row| {
            for (channel, values) in row.into_iter().enumerate() {
                made.data[(channel * height + y) * width..][..width].copy_from_slice(values);
            }
        })?;
        Ok(made)
    }

    /// As [`Self::run`], row by row from the top: `row` gets the number of each, and its red, green
    /// and blue levels. Tiles take memory for one row of them, however high the picture is.
    pub fn run_rows(
        &mut self,
        picture: &impl Levels,
        row: &mut impl FnMut(usize, [&[f32]; 3]),
    ) -> Result<(), WholeError> {
        let size = self.output_size(picture.size())?;
        match self.way {
            Way::Tiles => self.tiles(picture, size, row),
            Way::Face => {
                let made = self.face(picture)?;
                let line =
                    |c: usize, y: usize| &made.data[(c * size[1] + y) * size[0]..][..size[0]];
                (0..size[1]).for_each(|y| row(y, [0, 1, 2].map(|c| line(c, y))));
                Ok(())
            }
        }
    }

    fn face(&mut self, picture: &impl Levels) -> Result<Planes, WholeError> {
        let side = picture.size()[0].max(picture.size()[1]);
        let square = Planes::mirrored(picture, [side; 2]);
        let restored = self.restore(&square)?;
        let mut made = restored.at([side; 2])?.corner(picture.size());
        for value in &mut made.data {
            *value = value.clamp(0.0, 255.0);
        }
        Ok(made)
    }

    /// What the network makes of a square with one face, at the size that it gives.
    pub fn restore(&mut self, square: &impl Levels) -> Result<Planes, WholeError> {
        let (size, output) = (self.metadata().size, self.metadata().output_size());
        let range = self.metadata().range;
        let mut seen = Planes::of(square).seen([size; 2])?.data;
        range.normalize(&mut seen);
        let mut data = Vec::new();
        let pictures = Pictures {
            count: 1,
            sides: [size; 2],
            data: &seen,
        };
        self.backend.run_pictures(pictures, 0.0, &mut data)?;
        range.denormalise(&mut data);
        Ok(Planes {
            width: output,
            height: output,
            data,
        })
    }

    /// A row of tiles after the other. What they make is added up in a band as high as a tile; rows
    /// above the next row of tiles are finished.
    fn tiles(
        &mut self,
        picture: &impl Levels,
        [width, height]: [usize; 2],
        row: &mut impl FnMut(usize, [&[f32]; 3]),
    ) -> Result<(), WholeError> {
        let scale = self.scale();
        let axis = |length| Axis::new(length, self.metadata(), self.tile, self.overlap);
        let [across, down] = picture.size().map(axis);
        let mut band = Band::new(width, down.tile * scale);
        for (index, &top) in down.starts.iter().enumerate() {
            self.row_of_tiles(picture, [&across, &down], index, &mut band)?;
            let next = down.starts.get(index + 1).map(|next| next * scale);
            let finished = next.unwrap_or(height) - top * scale;
            for y in 0..finished {
                row(top * scale + y, band.row(y));
            }
            band.forget(finished);
        }
        Ok(())
    }

    fn row_of_tiles(
        &mut self,
        picture: &impl Levels,
        [across, down]: [&Axis; 2],
        index: usize,
        band: &mut Band,
    ) -> Result<(), WholeError> {
        let range = self.metadata().range;
        let mut waiting = Waiting::default();
        for (column, &left) in across.starts.iter().enumerate() {
            let first = waiting.data.len();
            for channel in 0..3 {
                for y in 0..down.tile {
                    let y = mirrored(down.starts[index] + y, picture.size()[1]);
                    let places = (left..left + across.tile).map(|x| mirrored(x, picture.size()[0]));
                    let levels = places.map(|x| picture.level(channel, x, y));
                    waiting.data.extend(levels);
                }
            }
            range.normalize(&mut waiting.data[first..]);
            waiting.columns.push(column);
            if waiting.columns.len() == self.batch || column + 1 == across.starts.len() {
                self.run_waiting(&waiting, [across, down], index, band)?;
                waiting = Waiting::default();
            }
        }
        Ok(())
    }

    /// Run tiles of the row `index`, and add what they make to the band.
    fn run_waiting(
        &mut self,
        waiting: &Waiting,
        [across, down]: [&Axis; 2],
        index: usize,
        band: &mut Band,
    ) -> Result<(), WholeError> {
        let (scale, range) = (self.scale(), self.metadata().range);
        let pictures = Pictures {
            count: waiting.columns.len(),
            sides: [down.tile, across.tile],
            data: &waiting.data,
        };
        let mut made = Vec::new();
        self.backend.run_pictures(pictures, 0.0, &mut made)?;
        range.denormalise(&mut made);
        let high = down.weights(index, scale);
        let tiles = made.chunks_exact(3 * high.len() * across.tile * scale);
        for (tile, &column) in tiles.zip(&waiting.columns) {
            let wide = across.weights(column, scale);
            band.add(tile, across.starts[column] * scale, [&wide, &high]);
        }
        Ok(())
    }
}

/// Side of the tiles of a model: as asked for, or what suits it.
fn tile(metadata: &ModelMetadata, asked: Option<usize>) -> Result<usize, WholeError> {
    let (size, scale) = (metadata.size, metadata.scale);
    if metadata.multiple.is_none() {
        return match asked {
            Some(asked) if asked != size => Err(WholeError::Tiles(format!(
                "the model takes pictures of {size}×{size} pixels alone, no tiles of {asked}: leave the tile's size \
                 out, or export the model anew with open sides"
            ))),
            _ => Ok(size),
        };
    }
    let usual = (TILE / scale).max(size).max(metadata.least_side());
    let tile = asked.unwrap_or(usual);
    match tile.saturating_mul(scale) > MAX_TILE {
        true => Err(WholeError::Tiles(format!(
            "tiles of {tile} pixels, {scale} times as large, are more than {MAX_TILE} on a side: \
             choose smaller ones"
        ))),
        false => Ok(tile),
    }
}

/// Rows that are still added to.
struct Band {
    width: usize,
    height: usize,
    /// As in [`Planes`].
    data: Vec<f32>,
}

impl Band {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            data: vec![0.0; 3 * width * height],
        }
    }

    fn row(&self, y: usize) -> [&[f32]; 3] {
        let first = |channel: usize| (channel * self.height + y) * self.width;
        [0, 1, 2].map(|channel| &self.data[first(channel)..][..self.width])
    }

    /// Add a tile from the column `left` on, each pixel by the product of its weights across and
    /// down; what lies right of the picture is left out.
    fn add(&mut self, tile: &[f32], left: usize, [across, down]: [&[f32]; 2]) {
        let shown = across.len().min(self.width.saturating_sub(left));
        let rows = tile.chunks_exact(across.len()).enumerate();
        for (number, row) in rows {
            // A band is as high as a tile.
            let (to, weight) = (number * self.width + left, down[number % down.len()]);
            let sums = self.data[to..to + shown].iter_mut();
            for ((sum, value), share) in sums.zip(row).zip(across) {
                *sum += value * (share * weight);
            }
        }
    }

    /// Leave out the first `rows`; those at the end begin with nothing.
    fn forget(&mut self, rows: usize) {
        let (gone, plane) = (rows.min(self.height) * self.width, self.height * self.width);
        for plane in self.data.chunks_exact_mut(plane.max(1)) {
            plane.copy_within(gone.., 0);
            let kept = plane.len() - gone;
            plane[kept..].fill(0.0);
        }
    }
}
