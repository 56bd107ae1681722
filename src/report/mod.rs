//! What would be restored in a film and what was, to look at: sheets of faces, a page, a film of
//! both halves.
//!
//! Those of films take a [`Film`](crate::app::Film) of the input, and those about finished work one of
//! the output too.

mod clock;
mod compare;
mod entry;
mod lettering;
mod page;
mod pictures;
mod sheet;
mod stills;
mod timeline;

pub use compare::{Comparison, Halves};
pub use page::{Finished, write_page};
pub use sheet::{Found, sheet_of_finished, sheet_of_found, write_sheet};
pub use stills::StillSheet;
