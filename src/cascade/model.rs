//! The model file: read, and checked before ONNX Runtime sees it.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use prost::Message;

use super::audit::audit;
use super::description;
use super::model_io::ModelIo;
use super::properties::PREFIX;
use super::summary::{GraphSummary, Head};
use super::{LoadError, ModelMetadata};
use crate::onnx::proto::StringStringEntryProto;

/// The model that comes with the plugin. Static, so that there is one copy of it in a program.
pub static DEFAULT_MODEL: &[u8] = include_bytes!("../../models/default.onnx");

/// Largest model file that is read, bytes.
pub const MAX_MODEL_BYTES: u64 = 1 << 30;

/// The bytes of a file, for several threads.
pub(super) type ModelBytes = Arc<Cow<'static, [u8]>>;

/// A model file that passed all checks which need no ONNX Runtime.
#[derive(Clone, Debug)]
pub struct Model {
    name: String,
    pub(super) bytes: ModelBytes,
    metadata: ModelMetadata,
    pub(super) model_io: ModelIo,
}

impl Model {
    /// The model that comes with the plugin.
    pub fn bundled() -> Result<Self, LoadError> {
        Self::from_bytes("(bundled)", DEFAULT_MODEL)
    }

    /// The model in a file. One that says nothing of itself is described by a text file beside it,
    /// `face.toml` beside `face.onnx`.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        let bytes = read_model(path)?;
        let (graph, entries) = decoded(&name, &bytes)?;
        if entries.iter().any(|it| it.key.starts_with(PREFIX)) {
            return Self::from_bytes(&name, bytes);
        }
        let Some(description) = description::beside(path)? else {
            return Err(LoadError::NothingSaid {
                model: name,
                description: description::place(path),
            });
        };
        Ok(Self {
            model_io: ModelIo::of_described(&name, &graph, &description)?,
            metadata: description.metadata,
            bytes: Arc::new(bytes.into()),
            name,
        })
    }

    /// The model in the bytes of a file, which must say of itself what it is; `name` stands for it
    /// in errors.
    pub fn from_bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, LoadError> {
        let bytes = bytes.into();
        let (graph, entries) = decoded(name, &bytes)?;
        let metadata = ModelMetadata::from_metadata(name, &entries)?;
        Ok(Self {
            name: name.into(),
            model_io: ModelIo::of_ours(name, &graph, &metadata)?,
            bytes: Arc::new(bytes),
            metadata,
        })
    }

    /// What stands for the model in errors: its path, or `(bundled)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is said about the model.
    pub fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    /// Whether the model has the input [`LATTICE`](super::LATTICE).
    pub fn takes_lattice(&self) -> bool {
        self.model_io.takes_lattice
    }

    /// Whether the model has the output [`STAGE1`](super::STAGE1).
    pub fn has_stage1(&self) -> bool {
        self.model_io.has_stage1
    }

    /// Whether the model has the output [`DETAILED`](super::DETAILED).
    pub fn has_detailed(&self) -> bool {
        self.model_io.has_detailed
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// Graph and metadata of a file, its weights skipped; an error if it is no whole model, or has ONNX
/// Runtime do what no model should, see [`audit`].
pub(super) fn decoded(
    name: &str,
    bytes: &[u8],
) -> Result<(GraphSummary, Vec<StringStringEntryProto>), LoadError> {
    let unreadable = |reason: &str| LoadError::ModelUnreadable {
        model: name.into(),
        reason: reason.into(),
    };
    audit(bytes).map_err(|objection| unreadable(&objection.to_string()))?;
    let summary =
        Head::decode(bytes).map_err(|error| unreadable(&format!("not an ONNX model ({error})")))?;
    let Some(graph) = summary.graph else {
        return Err(unreadable("not an ONNX model (it holds no graph)"));
    };
    Ok((graph, summary.metadata))
}

/// The bytes of a model file of [`MAX_MODEL_BYTES`] at most.
pub fn read_model(path: &Path) -> Result<Vec<u8>, LoadError> {
    let model = || path.display().to_string();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LoadError::ModelNotFound { path: path.into() },
        _ => LoadError::ModelUnreadable {
            model: model(),
            reason: error.to_string(),
        },
    };
    // Opening a named pipe would wait for its writer, so look first.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(LoadError::ModelUnreadable {
            model: model(),
            reason: "not a regular file".into(),
        });
    }
    let too_large = || LoadError::ModelTooLarge {
        model: model(),
        limit: MAX_MODEL_BYTES,
    };
    if metadata.len() > MAX_MODEL_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    fs::File::open(path)
        .and_then(|file| file.take(MAX_MODEL_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_MODEL_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}
