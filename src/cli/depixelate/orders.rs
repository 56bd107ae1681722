//! What `depixelate plan`, `segment` and `join` are told.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::shared::Help;
use super::words::Words;

/// Plan the work on a film for many machines, and share it out among tasks of about the same cost
#[derive(Args)]
#[command(
    override_usage = "depixelate plan [--tasks NUMBER] [--by-length] INPUT OUTPUT [OPTIONS of depixelate]"
)]
pub(super) struct Plan {
    /// How many tasks there shall be
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) tasks: u32,
    /// Share out by length alone, without looking for faces first
    ///
    /// With many tasks for each machine that is as good, and begins sooner.
    #[arg(long)]
    pub(super) by_length: bool,
    /// Film to read, film to write, and all options that depixelate has
    ///
    /// Machines that have the disk elsewhere find both where paths are relative, see --directory of
    /// segment and join.
    #[arg(
        required = true,
        num_args = 2..,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "INPUT OUTPUT"
    )]
    pub(super) arguments: Vec<OsString>,
    #[command(flatten)]
    help: Help,
}

/// Make segments of a film that was planned
#[derive(Args)]
pub(super) struct Segment {
    /// The film to write, as it was named to depixelate plan
    pub(super) output: PathBuf,
    /// Numbers of segments, counted from 0
    #[arg(required_unless_present = "task", value_name = "NUMBER")]
    pub(super) numbers: Vec<usize>,
    /// The segments of a task, counted from 1
    #[arg(long, value_name = "NUMBER", conflicts_with = "numbers")]
    pub(super) task: Option<usize>,
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    help: Help,
}

/// Join the segments of a film that was planned to the film, and compare it with the input
#[derive(Args)]
pub(super) struct Join {
    /// The film to write, as it was named to depixelate plan
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    help: Help,
}

// Where a plan is. A comment for documentation would stand in the help.
#[derive(Args)]
pub(super) struct Place {
    /// The folder that names of files are relative to [default: where the film was planned]
    #[arg(long, value_name = "FOLDER")]
    pub(super) directory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) words: Words,
}
