//! What README.md and the pages in docs say: links, headings, files, commands, messages.
//!
//! That the options they name exist is asked of the programs in `tests/app` and `tests/trainer`;
//! what they tell readers to type is run in `tests/examples`.

mod commands;
#[path = "../helpers/mod.rs"]
mod helpers;
mod links;
mod messages;
mod paths;
mod site;
