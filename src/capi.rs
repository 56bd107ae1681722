//! [`crate::restore`] for C and whatever calls C: `include/depixelate.h`, which cbindgen writes from
//! this file.
//!
//! No panic leaves a function: it becomes an error like any other.

use crate::cascade::{Model, SessionSettings, panic_text, runtime};
use crate::frame::{FrameViewMut, Layout};
use crate::restore::Restorer;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::ptr;

/// The longest side of a picture, pixels.
const LONGEST_SIDE: u32 = 1 << 16;

thread_local! {
    /// What went wrong last.
    static ERROR: RefCell<CString> = RefCell::default();
}

/// A model, and what it needs to restore pictures. One thread at a time may use it.
pub struct DepixelateRestorer(Restorer);

/// A restored face: its mosaic's rectangle in pixels, and how sure it is one, 0 to 1.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepixelateFace {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Probability that it is a mosaic.
    pub score: f32,
}

/// What `work` returns; where it fails, `failed`, and the reason is kept for [`depixelate_error`].
fn guarded<T>(failed: T, work: impl FnOnce() -> Result<T, String>) -> T {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic_text(panic.as_ref());
        Err(format!("restoration panicked, this is a bug: {text}"))
    });
    result.unwrap_or_else(|text| {
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        ERROR.with_borrow_mut(|error| *error = text);
        failed
    })
}

/// Open a model, the bundled one where `model` is NULL, else an ONNX file. NULL: it failed, and
/// depixelate_error says why. ONNX Runtime is looked for where ORT_DYLIB_PATH says, beside the
/// program and beside this library or in the package of either, and among the system's libraries.
///
/// # Safety
///
/// `model` is NULL or a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn depixelate_open(model: *const c_char) -> *mut DepixelateRestorer {
    guarded(ptr::null_mut(), || {
        let model = match model.is_null() {
            true => Model::bundled(),
            false => {
                // SAFETY: the caller's promise.
                let path = unsafe { CStr::from_ptr(model) };
                let path = path
                    .to_str()
                    .map_err(|_| "the path of the model is no UTF-8")?;
                Model::open(Path::new(path))
            }
        };
        let model = model.map_err(|error| error.to_string())?;
        let files = [std::env::current_exe().ok(), own_file()];
        runtime::load_beside(files.into_iter().flatten()).map_err(|error| error.to_string())?;
        let restorer = Restorer::open(&model, &SessionSettings::default());
        let restorer = restorer.map_err(|error| error.to_string())?;
        Ok(Box::into_raw(Box::new(DepixelateRestorer(restorer))))
    })
}

/// The file that this code is in: a shared library, or a program.
#[cfg(unix)]
fn own_file() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let address = own_file as *const () as *const libc::c_void;
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: there is a place for what is written, and all zeros are a value of it.
    let found = unsafe {
        let is_found = libc::dladdr(address, found.as_mut_ptr()) != 0;
        is_found.then(|| found.assume_init())?
    };
    let name = ptr::NonNull::new(found.dli_fname.cast_mut())?;
    // SAFETY: the name ends with a zero, and stays as long as the library does.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    std::fs::canonicalize(path).ok()
}

#[cfg(not(unix))]
fn own_file() -> Option<PathBuf> {
    None
}

/// Restore the pixelated faces of a picture where they are: `height` rows of `width` pixels, three
/// bytes each (red, green, blue), that begin `stride` bytes apart. Returns how many faces were
/// restored, and writes the first `room` of them to `faces`, which may be NULL where `room` is 0.
/// -1: it failed, and depixelate_error says why.
///
/// A restored face is a guess, not the person: say so where it is shown.
///
/// # Safety
///
/// `restorer` is from depixelate_open and not closed; no other thread uses it. `pixels` are
/// `stride` × (`height` − 1) + 3 × `width` bytes, `faces` have `room` places, and nobody else reads or
/// writes either meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn depixelate_restore_rgb(
    restorer: *mut DepixelateRestorer,
    pixels: *mut u8,
    width: u32,
    height: u32,
    stride: usize,
    faces: *mut DepixelateFace,
    room: usize,
) -> i32 {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let restorer = unsafe { restorer.as_mut() }.ok_or("the restorer is NULL")?;
        if pixels.is_null() || (faces.is_null() && room > 0) {
            return Err("the picture, or the place for faces, is NULL".to_owned());
        }
        let length = bytes_of(width, height, stride).ok_or_else(|| {
            format!("{width} x {height} pixels with rows of {stride} bytes are no picture")
        })?;
        // SAFETY: the caller's promise; `bytes_of` kept the length below half of all memory.
        let data = unsafe { std::slice::from_raw_parts_mut(pixels, length) };
        let layout = Layout::rgb(width, height);
        let frame = FrameViewMut::packed(&layout, data, stride);
        let mut frame = frame.map_err(|error| error.to_string())?;
        let regions = restorer.0.restore(&mut frame);
        let regions = regions.map_err(|error| error.to_string())?;
        for (index, region) in regions.iter().take(room).enumerate() {
            let face = DepixelateFace {
                x: region.rect.x,
                y: region.rect.y,
                width: region.rect.width,
                height: region.rect.height,
                score: region.score,
            };
            // SAFETY: `faces` have `room` places, by the caller's promise.
            unsafe { faces.add(index).write(face) };
        }
        Ok(i32::try_from(regions.len()).unwrap_or(i32::MAX))
    })
}

/// Length of a picture in bytes; none where it is no picture.
fn bytes_of(width: u32, height: u32, stride: usize) -> Option<usize> {
    let sides = 1..=LONGEST_SIDE;
    let row = 3 * usize::try_from(width).ok()?;
    if !sides.contains(&width) || !sides.contains(&height) || stride < row {
        return None;
    }
    let before = stride.checked_mul(usize::try_from(height - 1).ok()?)?;
    let length = before.checked_add(row)?;
    (length <= isize::MAX as usize).then_some(length)
}

/// What went wrong in the last call of this thread that failed; valid up to its next one.
#[unsafe(no_mangle)]
pub extern "C" fn depixelate_error() -> *const c_char {
    ERROR.with_borrow(|error| error.as_ptr())
}

/// Close what depixelate_open gave; NULL is nothing to close.
///
/// # Safety
///
/// `restorer` is NULL, or from depixelate_open and not closed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn depixelate_close(restorer: *mut DepixelateRestorer) {
    guarded((), || {
        if !restorer.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(restorer) });
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> String {
        // SAFETY: the text is this thread's, and nothing fails meanwhile.
        let text = unsafe { CStr::from_ptr(depixelate_error()) };
        text.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert_eq!(bytes_of(2, 3, 8), Some(22));
        assert_eq!(bytes_of(2, 3, 6), Some(18));
        for (width, height, stride) in [
            (0, 3, 8),
            (2, 0, 8),
            (3, 3, 8),
            (LONGEST_SIDE + 1, 1, 1 << 20),
            (2, 3, usize::MAX / 2),
            (2, 2, isize::MAX as usize),
        ] {
            assert_eq!(bytes_of(width, height, stride), None);
        }
    }

    #[test]
    fn null_is_an_error_and_nothing_to_close() {
        let none = ptr::null_mut();
        // SAFETY: nothing of what is NULL is looked at.
        let found =
            unsafe { depixelate_restore_rgb(none, ptr::null_mut(), 8, 8, 24, ptr::null_mut(), 0) };
        assert_eq!((found, error().as_str()), (-1, "the restorer is NULL"));
        // SAFETY: as above.
        unsafe { depixelate_close(none) };
    }

    #[test]
    fn a_model_that_is_not_there_is_named() {
        // SAFETY: the text ends with a zero.
        let restorer = unsafe { depixelate_open(c"/nowhere.onnx".as_ptr()) };
        assert!(restorer.is_null());
        assert!(
            error().contains("model file /nowhere.onnx not found"),
            "{}",
            error()
        );
    }

    #[test]
    fn a_panic_is_an_error() {
        let result = guarded(-1, || -> Result<i32, String> { panic!("at the disco") });
        assert_eq!(result, -1);
        assert!(
            error().ends_with("this is a bug: at the disco"),
            "{}",
            error()
        );
    }
}
