//! `scripts/features.py`: weights of VGG as torchvision has them, without PyTorch.

use std::path::Path;
use std::process::{Command, Output};

/// Writes an archive as PyTorch does: a pickle of tensors by name, and their numbers. Kernels are
/// tiny; number i of a tensor is i plus its place in the list.
const ARCHIVE: &str = r#"
import pickle, struct, sys, types, zipfile
from collections import OrderedDict

torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
sys.modules.update({"torch": torch, "torch._utils": utils})

class FloatStorage: pass
FloatStorage.__module__ = "torch"
torch.FloatStorage = FloatStorage

def _rebuild_tensor_v2(*parts): pass
_rebuild_tensor_v2.__module__ = "torch._utils"
utils._rebuild_tensor_v2 = _rebuild_tensor_v2

class Storage:
    def __init__(self, key, count): self.key, self.count = key, count

class Tensor:
    def __init__(self, key, shape): self.key, self.shape = key, shape
    def __reduce__(self):
        strides, count = [], 1
        for side in reversed(self.shape):
            strides.insert(0, count)
            count *= side
        storage = Storage(self.key, count)
        return _rebuild_tensor_v2, (storage, 0, self.shape, tuple(strides), False, OrderedDict())

class Pickler(pickle.Pickler):
    def persistent_id(self, it):
        if isinstance(it, Storage):
            return "storage", FloatStorage, it.key, "cpu", it.count

layers, names = int(sys.argv[1]), OrderedDict()
for layer in range(layers):
    names[f"features.{layer}.weight"] = (2, 1, 3, 3)
    names[f"features.{layer}.bias"] = (2,)
names["classifier.0.weight"] = (3, 5)
with zipfile.ZipFile(sys.argv[2], "w") as archive:
    with archive.open("vgg/data.pkl", "w") as file:
        Pickler(file, 2).dump(OrderedDict((n, Tensor(str(i), s)) for i, (n, s) in enumerate(names.items())))
    for i, shape in enumerate(names.values()):
        count = 1
        for side in shape: count *= side
        archive.writestr(f"vgg/data/{i}", struct.pack(f"<{count}f", *(i + at for at in range(count))))
"#;

fn archive(layers: u32, path: &Path) {
    let mut python = Command::new("python3");
    python.args(["-c", ARCHIVE, &layers.to_string()]).arg(path);
    assert!(python.status().unwrap().success());
}

fn convert(source: &Path, target: &Path) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/features.py");
    let mut python = Command::new("python3");
    python.arg(script).args([source, target]).output().unwrap()
}

#[test]
fn convolutions_keep_their_names_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let [source, target] = ["vgg16.pth", "vgg16.safetensors"].map(|it| folder.path().join(it));
    archive(13, &source);
    let done = convert(&source, &target);
    assert!(done.status.success(), "{done:?}");
    let tensors = tch::Tensor::read_safetensors(&target).unwrap();
    assert_eq!(tensors.len(), 26, "the classifier is left out");
    for (name, tensor) in tensors {
        let layer: f64 = name.split('.').nth(1).unwrap().parse().unwrap();
        let (shape, place) = match name.ends_with("weight") {
            true => (vec![2, 1, 3, 3], 2.0 * layer),
            false => (vec![2], 2.0 * layer + 1.0),
        };
        assert_eq!(tensor.size(), shape, "{name}");
        let flat = tensor.flatten(0, -1);
        assert_eq!(flat.double_value(&[0]), place, "{name}");
        assert_eq!(flat.double_value(&[1]), place + 1.0, "{name}");
    }
    let again = convert(&source, &target);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains("is there already"), "{told}");
}

#[test]
fn other_networks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [source, target] = ["vgg11.pth", "vgg11.safetensors"].map(|it| folder.path().join(it));
    archive(8, &source);
    let done = convert(&source, &target);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains("holds no VGG16 or VGG19"), "{told}");
    std::fs::write(&source, "no archive").unwrap();
    let done = convert(&source, &target);
    assert!(!done.status.success() && !target.exists(), "{done:?}");
}
