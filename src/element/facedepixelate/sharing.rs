//! Models that elements of one process share.
//!
//! Elements whose properties for the model are the same use one and the same; so do elements with
//! the same `model-instance-id`, which have to agree on those properties.

use super::settings::ModelSettings;
use crate::cascade::{Batcher, LoadError};
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::SystemTime;

/// What a model was loaded from.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    settings: ModelSettings,
    /// Of the model file: another one may be there under the same name by now.
    changed: Option<SystemTime>,
}

/// Why an element has no model.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModelError {
    /// It could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Elements that are to share a model want different ones.
    #[error(
        "model-instance-id `{id}` is that of {other}, whose properties for the model are different: give both the same ones, or this one another id"
    )]
    SharedDifferently {
        /// The id.
        id: String,
        /// The element that came first.
        other: String,
    },
}

struct Entry {
    key: Key,
    /// Name of the element that loaded it.
    owner: String,
    batcher: Weak<Batcher>,
}

static LOADED: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// The model for the element `name` with these settings: one that is loaded, or what `open` loads.
///
/// Models are loaded one after the other, so that two elements which start at a time load theirs
/// once.
pub(super) fn shared(
    name: &str,
    settings: &ModelSettings,
    open: impl FnOnce() -> Result<Batcher, LoadError>,
) -> Result<Arc<Batcher>, ModelError> {
    let file = settings.model_file.as_ref();
    let metadata = file.and_then(|file| std::fs::metadata(Path::new(file)).ok());
    let key = Key {
        settings: settings.clone(),
        changed: metadata.and_then(|metadata| metadata.modified().ok()),
    };
    let mut loaded = LOADED.lock().unwrap();
    loaded.retain(|entry| entry.batcher.upgrade().is_some_and(|it| !it.is_broken()));
    for entry in loaded.iter() {
        let Some(batcher) = entry.batcher.upgrade() else {
            continue;
        };
        if entry.key == key {
            return Ok(batcher);
        }
        let id = settings.model_instance_id.as_ref();
        if let Some(id) = id.filter(|id| entry.key.settings.model_instance_id.as_ref() == Some(id))
        {
            return Err(ModelError::SharedDifferently {
                id: id.clone(),
                other: entry.owner.clone(),
            });
        }
    }
    let batcher = Arc::new(open()?);
    loaded.push(Entry {
        key,
        owner: name.to_owned(),
        batcher: Arc::downgrade(&batcher),
    });
    Ok(batcher)
}
