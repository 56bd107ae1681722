//! A detector that has seen frames of a size takes no more memory for others of that size.

#![allow(unsafe_code, reason = "an allocator of its own counts")]

use std::alloc::{GlobalAlloc, Layout as Size, System};
use std::cell::Cell;

use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::degrade::soft::cut_ellipse;
use gstdepixelate::detect::{DetectSettings, Detector, Luma};
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};
use gstdepixelate::track::MosaicTracker;

/// The system's allocator, counting what each thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no counter any more.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, size: Size) -> *mut u8 {
        count();
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.alloc(size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, size: Size) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, size) }
    }

    unsafe fn realloc(&self, at: *mut u8, size: Size, new: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, size, new) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIZE: (u32, u32) = (480, 360);
const MOSAIC: Rect = Rect::new(60, 48, 160, 144);

/// Luma of a busy picture that is `shift` pixels on its way, with mosaics of `block` pixels in
/// `rects`, elliptic or not.
fn frame(shift: u32, rects: &[Rect], block: u32, ellipse: bool) -> Vec<u8> {
    let level = |i: u32| {
        let (x, y) = ((i % SIZE.0 + shift) as f32, (i / SIZE.0) as f32);
        let wave = |f: f32| (x * f).sin() * (y * f * 0.8).cos();
        (128.0 + 50.0 * wave(0.07) + 40.0 * wave(0.23)) as u8
    };
    let clean: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(|i| [level(i); 3]).collect();
    let mut data = clean.clone();
    let layout = Layout::rgb(SIZE.0, SIZE.1);
    for rect in rects {
        let mut view = FrameViewMut::packed(&layout, &mut data, 3 * SIZE.0 as usize).unwrap();
        let lattice = Lattice::square(block, rect.x, rect.y);
        pixelate(&mut view, rect, &lattice, Fill::TileMean);
        if ellipse {
            cut_ellipse(&mut data, &clean, SIZE.0 as usize, rect, 0.0);
        }
    }
    data.chunks_exact(3).map(|pixel| pixel[0]).collect()
}

/// Frames without a mosaic, with some, and with nothing but blocks.
fn frames() -> Vec<(Vec<u8>, usize)> {
    let other = Rect::new(280, 150, 150, 150);
    let whole = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut frames = Vec::new();
    for shift in [0, 3] {
        let mut add = |rects: &[Rect], block, ellipse| {
            frames.push((frame(shift, rects, block, ellipse), rects.len()));
        };
        add(&[], 8, false);
        add(&[MOSAIC], 8, false);
        add(&[MOSAIC, other], 10, false);
        add(&[MOSAIC, other], 12, true);
        add(&[MOSAIC], 24, false);
        add(&[whole], 10, false);
    }
    frames
}

fn luma(data: &[u8]) -> Luma<'_> {
    Luma {
        data,
        stride: SIZE.0 as usize,
        width: SIZE.0,
        height: SIZE.1,
    }
}

/// What `work` asks for on the second of two rounds over `frames`.
fn allocations(frames: &[(Vec<u8>, usize)], mut work: impl FnMut(&Luma<'_>, usize)) -> Vec<usize> {
    let mut counts = Vec::with_capacity(frames.len());
    for round in 0..2 {
        for (data, mosaics) in frames {
            let before = COUNT.get();
            work(&luma(data), *mosaics);
            if round == 1 {
                counts.push(COUNT.get() - before);
            }
        }
    }
    counts
}

#[test]
fn nothing_is_allocated_after_the_first_frames() {
    let frames = frames();
    let settings = DetectSettings::default();
    let none = vec![0; frames.len()];

    let mut detector = Detector::new();
    let mut regions = Vec::new();
    let counts = allocations(&frames, |luma, mosaics| {
        detector.detect(luma, &settings, &mut regions);
        assert_eq!(regions.is_empty(), mosaics == 0);
    });
    assert_eq!(counts, none, "detector");

    let counts = allocations(&frames, |luma, _| {
        detector.lattice_in(luma, &MOSAIC);
    });
    assert_eq!(counts, none, "a named rectangle");

    let mut follower = MosaicTracker::new();
    let counts = allocations(&frames, |luma, _| {
        follower.next(luma, &settings, 2);
        follower.look_ahead(luma, &settings);
    });
    assert_eq!(counts, none, "follower");
}
