//! Whether a mosaic has anything on it at all; nearly none has, and that should cost little.

use std::ops::Range;

use multiversion::multiversion;

use crate::frame::Patch;

/// How far beyond the blocks around it a drawn pixel lies, levels. Grain and ringing stay below.
pub(super) const BEYOND: u8 = 28;
/// Luma, and red and blue less green.
pub(super) const MEASURES: usize = 3;

/// Luma, or red or blue less green, of a colour.
#[inline(always)]
pub(super) fn level<const MEASURE: usize>(r: f32, g: f32, b: f32) -> f32 {
    match MEASURE {
        0 => (r + 2.0 * g + b) / 4.0,
        1 => r - g,
        _ => b - g,
    }
}

/// Every such row inside a block is looked at: what is drawn is higher than one.
const EVERY: usize = 2;

/// Lowest and highest levels of columns of pixels.
type Columns = [Vec<f32>; 2];

/// Knows the range of the blocks' levels; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Evenness {
    measures: [Levels; MEASURES],
}

/// Lowest and highest levels of one measure.
#[derive(Debug, Default)]
struct Levels {
    /// In a row of blocks, inside them and at their upper and lower rims.
    inner: Columns,
    rims: Columns,
    /// Inside the blocks, and of all of them, row by row.
    inner_blocks: Vec<[f32; 2]>,
    whole_blocks: Vec<[f32; 2]>,
}

impl Evenness {
    /// Whether no block between the cuts has levels far apart inside, nor any at its rim that are
    /// far beyond those of the blocks around it.
    pub(super) fn is_even(&mut self, observed: &Patch, columns: &[usize], rows: &[usize]) -> bool {
        let width = observed.rect().width as usize;
        for levels in &mut self.measures {
            levels.inner_blocks.clear();
            levels.whole_blocks.clear();
        }
        for y in ranges(rows) {
            let row =
                |y: usize| [0, 1, 2].map(|channel| &observed.plane(channel)[y * width..][..width]);
            let [luma, red, blue] = &mut self.measures;
            luma.widen(row, y.clone(), width, widen::<0>);
            red.widen(row, y.clone(), width, widen::<1>);
            blue.widen(row, y.clone(), width, widen::<2>);
            for levels in &mut self.measures {
                levels.add_blocks(columns);
            }
        }
        let counts = (columns.len() - 1, rows.len() - 1);
        self.measures.iter().all(|levels| levels.are_even(counts))
    }
}

impl Levels {
    /// Take up the rows `y` of pixels, a row of blocks.
    fn widen<'a>(
        &mut self,
        row: impl Fn(usize) -> [&'a [f32]; 3],
        y: Range<usize>,
        width: usize,
        widen: impl Fn([&[f32]; 3], &mut Columns),
    ) {
        for range in [&mut self.inner, &mut self.rims] {
            for (side, start) in range.iter_mut().zip([f32::MAX, f32::MIN]) {
                side.clear();
                side.resize(width, start);
            }
        }
        let inner = inside(y.clone());
        for y in (y.start..inner.start).chain(inner.end..y.end) {
            widen(row(y), &mut self.rims);
        }
        for y in inner.step_by(EVERY) {
            widen(row(y), &mut self.inner);
        }
    }

    /// Tell the blocks between the cuts `columns` of what was taken up.
    fn add_blocks(&mut self, columns: &[usize]) {
        let of = |range: &Columns, x: Range<usize>| {
            let low = range[0][x.clone()].iter().fold(f32::MAX, |a, &b| a.min(b));
            [low, range[1][x].iter().fold(f32::MIN, |a, &b| a.max(b))]
        };
        for x in ranges(columns) {
            let all = joined(of(&self.rims, x.clone()), &of(&self.inner, x.clone()));
            self.whole_blocks.push(all);
            self.inner_blocks.push(of(&self.inner, inside(x)));
        }
    }

    fn are_even(&self, (across, down): (usize, usize)) -> bool {
        let beyond = f32::from(BEYOND);
        let calm = |[low, high]: &[f32; 2]| high - low <= beyond;
        self.inner_blocks.iter().all(calm)
            && self.whole_blocks.iter().enumerate().all(|(index, whole)| {
                let near = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
                let columns = near(index % across, across);
                let around = near(index / across, down)
                    .flat_map(|row| &self.inner_blocks[row * across..][columns.clone()]);
                let [low, high] = around.fold([f32::MAX, f32::MIN], joined);
                whole[0] >= low - beyond && whole[1] <= high + beyond
            })
    }
}

fn joined(a: [f32; 2], b: &[f32; 2]) -> [f32; 2] {
    [a[0].min(b[0]), a[1].max(b[1])]
}

/// Widen the range of each column by a row of pixels.
#[multiversion(targets("x86_64+avx2"))]
fn widen<const MEASURE: usize>([r, g, b]: [&[f32]; 3], [low, high]: &mut Columns) {
    let colors = r.iter().zip(g).zip(b);
    for ((low, high), ((&r, &g), &b)) in low.iter_mut().zip(high.iter_mut()).zip(colors) {
        let level = level::<MEASURE>(r, g, b);
        *low = if level < *low { level } else { *low };
        *high = if level > *high { level } else { *high };
    }
}

/// The pixels of a block clear of what scaling and coding smear over its edges, or all where it is
/// too small.
pub(super) fn inside(block: Range<usize>) -> Range<usize> {
    let rim = match block.len() {
        ..6 => 0,
        6..12 => 1,
        12..20 => 2,
        _ => 3,
    };
    block.start + rim..block.end - rim
}

/// The blocks between `cuts`.
pub(super) fn ranges(cuts: &[usize]) -> impl Iterator<Item = Range<usize>> + Clone + '_ {
    cuts.windows(2).map(|cut| cut[0]..cut[1])
}
