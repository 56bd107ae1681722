//! One run for the crops of several requests.

use super::request::{Batch, Request};
use crate::cascade::{Backend, RunError, make_room};

/// Run all requests at once; `together` is memory for their crops.
pub(super) fn run(
    backend: &mut dyn Backend,
    requests: &mut [Request],
    most: usize,
    together: &mut Batch,
) -> Result<(), RunError> {
    if let [request] = requests {
        return run_parts(backend, &mut request.batch, most);
    }
    put_together(requests, together)?;
    run_parts(backend, together, most)?;
    let face = together.faces.len() / together.count.max(1);
    let mut faces = &together.faces[..];
    for Request { batch, .. } in requests {
        let (own, others) = faces.split_at(batch.count * face);
        batch.faces.clear();
        make_room(&mut batch.faces, own.len())?;
        batch.faces.extend_from_slice(own);
        faces = others;
    }
    Ok(())
}

/// Copy the crops of all requests into one batch. What only some are told of is zeros for the others.
fn put_together(requests: &[Request], together: &mut Batch) -> Result<(), RunError> {
    let crop = |all: &Vec<f32>, count: usize| all.len() / count.max(1);
    let told = |part: fn(&Batch) -> &Vec<f32>| {
        let lengths = requests
            .iter()
            .map(|it| crop(part(&it.batch), it.batch.count));
        lengths.max().unwrap_or(0)
    };
    let lengths = [
        told(|batch| &batch.lattice),
        told(|batch| &batch.neighbours),
    ];
    let count: usize = requests.iter().map(|it| it.batch.count).sum();
    together.pixelated.clear();
    together.lattice.clear();
    together.neighbours.clear();
    together.count = 0;
    let pixelated = requests.iter().map(|it| it.batch.pixelated.len()).sum();
    make_room(&mut together.pixelated, pixelated)?;
    make_room(&mut together.lattice, count * lengths[0])?;
    make_room(&mut together.neighbours, count * lengths[1])?;
    for Request { batch, .. } in requests {
        together.pixelated.extend_from_slice(&batch.pixelated);
        together.lattice.extend_from_slice(&batch.lattice);
        together.neighbours.extend_from_slice(&batch.neighbours);
        together.count += batch.count;
        together.detail = batch.detail;
        let Batch {
            lattice,
            neighbours,
            count,
            ..
        } = &mut *together;
        lattice.resize(*count * lengths[0], 0.0);
        neighbours.resize(*count * lengths[1], 0.0);
    }
    Ok(())
}

/// Run a batch, at most `most` crops at a time.
fn run_parts(backend: &mut dyn Backend, batch: &mut Batch, most: usize) -> Result<(), RunError> {
    if batch.count <= most {
        let mut faces = std::mem::take(&mut batch.faces);
        let result = backend.run(batch.crops(0..batch.count), batch.detail, &mut faces);
        batch.faces = faces;
        return result;
    }
    batch.faces.clear();
    let mut part = Vec::new();
    for first in (0..batch.count).step_by(most) {
        let end = (first + most).min(batch.count);
        backend.run(batch.crops(first..end), batch.detail, &mut part)?;
        make_room(&mut batch.faces, part.len())?;
        batch.faces.extend_from_slice(&part);
    }
    Ok(())
}
