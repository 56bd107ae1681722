//! The program `depixelate`: files in, files out.

mod files;
