//! A look through a model file before anybody opens it: what it would have ONNX Runtime open, and
//! how much it would have it do.
//!
//! One walk over the bytes, in which nothing is copied: every place where a tensor, an operation or
//! a graph may stand is seen, be it in the graph, in the graphs within it, in a function or in what
//! is said about training. Field numbers are those of onnx.proto3 (ONNX 1.19).

use std::collections::HashMap;

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Most operations of a model, functions written out: the largest networks that are known for faces
/// have some thousands.
const MAX_NODES: u64 = 100_000;
/// Most inputs, outputs and weights by name, and entries of metadata: each of them may take a
/// hundred times the memory that it has in the file.
const MAX_NAMED: u64 = 100_000;
/// Longest description of an input or output, bytes.
const MAX_DESCRIPTION: usize = 10_000;
/// Most functions.
const MAX_FUNCTIONS: usize = 10_000;
/// Graphs within graphs, and functions that call functions.
const MAX_DEPTH: usize = 32;

/// Why a model file is not given to ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Objection {
    #[error("not an ONNX model (it ends early, or holds something else)")]
    Malformed,
    #[error("its weights lie in other files: export it as one file")]
    ExternalData,
    #[error("it holds a part that was compiled for one execution provider: export it without")]
    Compiled,
    #[error("it has more than {MAX_NODES} operations, functions written out: export a smaller one")]
    TooManyNodes,
    #[error("it has too many inputs, outputs, weights or notes, or too long ones")]
    TooManyNames,
    #[error("its graphs or functions lie in each other more than {MAX_DEPTH} deep")]
    TooDeep,
}

/// Look through the bytes of a model file.
pub(super) fn audit(model: &[u8]) -> Result<(), Objection> {
    let mut functions = Functions::default();
    for field in Fields(model) {
        if let (25, Value::Bytes(function)) = field? {
            functions.add(function)?;
        }
    }
    let mut audit = Audit {
        functions,
        named: 0,
    };
    let mut nodes = 0;
    for field in Fields(model) {
        let (tag, Value::Bytes(part)) = field? else {
            continue;
        };
        nodes += match tag {
            // Graph, training.
            7 => audit.graph(part, 0)?,
            20 => audit.training(part)?,
            14 => {
                audit.name()?;
                0
            }
            _ => 0,
        };
        if nodes > MAX_NODES {
            return Err(Objection::TooManyNodes);
        }
    }
    // Those that nobody calls are read as well.
    for index in 0..audit.functions.bodies.len() {
        audit.function(index, 0)?;
    }
    Ok(())
}

/// A function by domain and name.
type Key<'a> = (&'a [u8], &'a [u8]);

/// The functions of a model.
#[derive(Default)]
struct Functions<'a> {
    bodies: Vec<&'a [u8]>,
    /// Operations that each one comes to, if that has been counted.
    nodes: Vec<Option<u64>>,
    /// Overloads of one name are all taken for the one that is called.
    by_key: HashMap<Key<'a>, Vec<usize>>,
}

impl<'a> Functions<'a> {
    fn add(&mut self, body: &'a [u8]) -> Result<(), Objection> {
        if self.bodies.len() == MAX_FUNCTIONS {
            return Err(Objection::TooManyNodes);
        }
        let mut key: Key<'a> = (b"", b"");
        for field in Fields(body) {
            match field? {
                (1, Value::Bytes(name)) => key.1 = name,
                (10, Value::Bytes(domain)) => key.0 = domain,
                _ => {}
            }
        }
        self.by_key.entry(key).or_default().push(self.bodies.len());
        self.bodies.push(body);
        self.nodes.push(None);
        Ok(())
    }
}

/// What is known so far of a model. Each function gives the number of operations of its part.
struct Audit<'a> {
    functions: Functions<'a>,
    named: u64,
}

impl<'a> Audit<'a> {
    fn name(&mut self) -> Result<(), Objection> {
        self.named += 1;
        match self.named > MAX_NAMED {
            true => Err(Objection::TooManyNames),
            false => Ok(()),
        }
    }

    fn training(&mut self, training: &'a [u8]) -> Result<u64, Objection> {
        let mut nodes = 0;
        for field in Fields(training) {
            // Initialization, algorithm.
            if let (1 | 2, Value::Bytes(graph)) = field? {
                nodes += self.graph(graph, 0)?;
            }
        }
        Ok(nodes)
    }

    fn graph(&mut self, graph: &'a [u8], depth: usize) -> Result<u64, Objection> {
        let mut nodes = 0;
        for field in Fields(graph) {
            let (tag, Value::Bytes(part)) = field? else {
                continue;
            };
            match tag {
                1 => nodes = self.and(nodes, |audit| audit.node(part, depth))?,
                5 => {
                    self.name()?;
                    tensor(part)?;
                }
                15 => {
                    self.name()?;
                    sparse_tensor(part)?;
                }
                // What is said of inputs and outputs.
                11 | 12 if part.len() > MAX_DESCRIPTION => return Err(Objection::TooManyNames),
                // These, and what is said of values, quantisation and the graph.
                11..=14 | 16 => self.name()?,
                _ => {}
            }
        }
        Ok(nodes)
    }

    /// `nodes` and those of another part.
    fn and(
        &mut self,
        nodes: u64,
        part: impl FnOnce(&mut Self) -> Result<u64, Objection>,
    ) -> Result<u64, Objection> {
        let all = nodes.saturating_add(part(self)?);
        match all > MAX_NODES {
            true => Err(Objection::TooManyNodes),
            false => Ok(all),
        }
    }

    fn node(&mut self, node: &'a [u8], depth: usize) -> Result<u64, Objection> {
        let mut key: Key<'a> = (b"", b"");
        let mut nodes = 1;
        for field in Fields(node) {
            match field? {
                (4, Value::Bytes(name)) => key.1 = name,
                (7, Value::Bytes(domain)) => key.0 = domain,
                (5, Value::Bytes(part)) => {
                    nodes = self.and(nodes, |audit| audit.attribute(part, depth))?;
                }
                _ => {}
            }
        }
        // It names files, and holds code for a device.
        if key.1 == b"EPContext" {
            return Err(Objection::Compiled);
        }
        let called = self.functions.by_key.get(&key).cloned();
        for index in called.into_iter().flatten() {
            nodes = self.and(nodes, |audit| audit.function(index, depth + 1))?;
        }
        Ok(nodes)
    }

    fn attribute(&mut self, attribute: &'a [u8], depth: usize) -> Result<u64, Objection> {
        let mut nodes = 0;
        for field in Fields(attribute) {
            let (tag, Value::Bytes(part)) = field? else {
                continue;
            };
            match tag {
                5 | 10 => tensor(part)?,
                22 | 23 => sparse_tensor(part)?,
                6 | 11 if depth == MAX_DEPTH => return Err(Objection::TooDeep),
                6 | 11 => nodes = self.and(nodes, |audit| audit.graph(part, depth + 1))?,
                _ => {}
            }
        }
        Ok(nodes)
    }

    fn function(&mut self, index: usize, depth: usize) -> Result<u64, Objection> {
        if let Some(nodes) = self.functions.nodes[index] {
            return Ok(nodes);
        }
        // Also of those that call themselves.
        if depth > MAX_DEPTH {
            return Err(Objection::TooDeep);
        }
        let mut nodes = 0;
        for field in Fields(self.functions.bodies[index]) {
            match field? {
                (7, Value::Bytes(node)) => {
                    nodes = self.and(nodes, |audit| audit.node(node, depth))?;
                }
                // Defaults of attributes.
                (11, Value::Bytes(attribute)) => {
                    nodes = self.and(nodes, |audit| audit.attribute(attribute, depth))?;
                }
                (12 | 14, Value::Bytes(_)) => self.name()?,
                _ => {}
            }
        }
        self.functions.nodes[index] = Some(nodes);
        Ok(nodes)
    }
}

fn sparse_tensor(sparse: &[u8]) -> Result<(), Objection> {
    for field in Fields(sparse) {
        // Values, indices.
        if let (1 | 2, Value::Bytes(part)) = field? {
            tensor(part)?;
        }
    }
    Ok(())
}

fn tensor(tensor: &[u8]) -> Result<(), Objection> {
    for field in Fields(tensor) {
        match field? {
            // Where external data lies, and that it is external.
            (13, _) => return Err(Objection::ExternalData),
            (14, Value::Number(location)) if location != 0 => return Err(Objection::ExternalData),
            _ => {}
        }
    }
    Ok(())
}

/// What a field holds, as far as it is of interest.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, one after the other; nothing follows an error.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Objection>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = field(&mut self.0);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Value<'a>), Objection> {
    let malformed = |_| Objection::Malformed;
    let (tag, wire) = decode_key(rest).map_err(malformed)?;
    let value = match wire {
        WireType::Varint => Value::Number(decode_varint(rest).map_err(malformed)?),
        WireType::LengthDelimited => {
            let length = decode_varint(rest).map_err(malformed)?;
            let length = usize::try_from(length).map_err(|_| Objection::Malformed)?;
            let bytes = rest.get(..length).ok_or(Objection::Malformed)?;
            rest.advance(length);
            Value::Bytes(bytes)
        }
        _ => {
            skip_field(wire, tag, rest, DecodeContext::default()).map_err(malformed)?;
            Value::Other
        }
    };
    Ok((tag, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::DEFAULT_MODEL;
    use prost::encoding::{encode_key, encode_varint};

    fn bytes(tag: u32, content: &[u8]) -> Vec<u8> {
        let mut field = Vec::new();
        encode_key(tag, WireType::LengthDelimited, &mut field);
        encode_varint(content.len() as u64, &mut field);
        field.extend_from_slice(content);
        field
    }

    fn number(tag: u32, value: u64) -> Vec<u8> {
        let mut field = Vec::new();
        encode_key(tag, WireType::Varint, &mut field);
        encode_varint(value, &mut field);
        field
    }

    fn node(domain: &str, name: &str, more: &[u8]) -> Vec<u8> {
        [
            bytes(4, name.as_bytes()),
            bytes(7, domain.as_bytes()),
            more.to_vec(),
        ]
        .concat()
    }

    fn function(name: &str, nodes: &[Vec<u8>]) -> Vec<u8> {
        let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(7, node)).collect();
        [bytes(1, name.as_bytes()), bytes(10, b"my"), nodes].concat()
    }

    fn model(functions: &[Vec<u8>], graph: &[u8]) -> Vec<u8> {
        let functions: Vec<u8> = functions.iter().flat_map(|it| bytes(25, it)).collect();
        [bytes(7, graph), functions].concat()
    }

    #[test]
    fn our_own_passes() {
        assert_eq!(audit(DEFAULT_MODEL), Ok(()));
    }

    #[test]
    fn external_data_is_seen_wherever_it_stands() {
        let located = bytes(
            13,
            &[bytes(1, b"location"), bytes(2, b"/etc/passwd")].concat(),
        );
        for tensor in [number(14, 1), located] {
            let sparse = bytes(2, &tensor);
            let attributes = [
                bytes(5, &tensor),
                bytes(10, &tensor),
                bytes(22, &sparse),
                bytes(23, &sparse),
                bytes(6, &bytes(5, &tensor)),
                bytes(11, &bytes(15, &sparse)),
            ];
            for attribute in attributes {
                let node = node("", "Constant", &bytes(5, &attribute));
                let graph = bytes(1, &node);
                let models = [
                    model(&[], &graph),
                    // In a function that nobody calls, and as the default of an attribute.
                    model(&[function("F", std::slice::from_ref(&node))], b""),
                    model(&[bytes(11, &attribute)], b""),
                    bytes(20, &bytes(1, &graph)),
                    bytes(20, &bytes(2, &graph)),
                    // Several parts of one message are put together.
                    [bytes(7, b""), bytes(7, &graph)].concat(),
                ];
                for model in models {
                    assert_eq!(audit(&model), Err(Objection::ExternalData));
                }
            }
        }
    }

    #[test]
    fn functions_are_counted_written_out() {
        let doubling = |levels: usize| {
            let mut functions = vec![function("F0", &[node("", "Neg", b"")])];
            for level in 1..=levels {
                let call = node("my", &format!("F{}", level - 1), b"");
                functions.push(function(&format!("F{level}"), &[call.clone(), call]));
            }
            model(
                &functions,
                &bytes(1, &node("my", &format!("F{levels}"), b"")),
            )
        };
        assert_eq!(audit(&doubling(10)), Ok(()));
        assert_eq!(audit(&doubling(30)), Err(Objection::TooManyNodes));
        let itself = [function("F", &[node("my", "F", b"")])];
        assert_eq!(audit(&model(&itself, b"")), Err(Objection::TooDeep));
    }

    #[test]
    fn depth_and_names_are_limited() {
        let mut graph = bytes(1, &node("", "If", b""));
        for _ in 0..MAX_DEPTH + 1 {
            graph = bytes(1, &node("", "If", &bytes(5, &bytes(6, &graph))));
        }
        assert_eq!(audit(&model(&[], &graph)), Err(Objection::TooDeep));
        let names = bytes(11, b"").repeat(MAX_NAMED as usize + 1);
        assert_eq!(audit(&model(&[], &names)), Err(Objection::TooManyNames));
        let long = bytes(12, &vec![0; MAX_DESCRIPTION + 1]);
        assert_eq!(audit(&model(&[], &long)), Err(Objection::TooManyNames));
        let nodes = bytes(1, b"").repeat(MAX_NODES as usize + 1);
        assert_eq!(audit(&model(&[], &nodes)), Err(Objection::TooManyNodes));
        let compiled = bytes(1, &node("com.microsoft", "EPContext", b""));
        assert_eq!(audit(&model(&[], &compiled)), Err(Objection::Compiled));
    }

    #[test]
    fn what_ends_early_is_refused() {
        let whole = model(&[], &bytes(1, &node("", "Neg", b"")));
        for length in 1..whole.len() {
            assert_eq!(
                audit(&whole[..length]),
                Err(Objection::Malformed),
                "{length}"
            );
        }
        assert_eq!(audit(&whole), Ok(()));
    }
}
