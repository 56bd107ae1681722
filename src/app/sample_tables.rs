//! Tables of samples in QuickTime files that GStreamer 1.22 misreads: of sound whose samples all have
//! one size, it wants four bytes behind the table of chunks for each of its lines but one (its
//! check for torn files counts them twice; mended in 1.24.11). Without them it goes on with what
//! lies in memory as the times of the samples.
//!
//! The tables get those bytes.

use std::ops::Range;

use super::boxes::{find, tracks, word};

/// `index` with what is missing; None where nothing is.
pub(super) fn widened(index: &[u8]) -> Option<Vec<u8>> {
    let found: Vec<_> = tracks(index)
        .filter_map(|track| misread(index, &track.body))
        .collect();
    // From the last one on, so that those before it stay where they are.
    let mut wide = index.to_vec();
    for chunks in found.iter().rev() {
        widen(&mut wide, chunks);
    }
    (!found.is_empty()).then_some(wide)
}

/// A table of chunks, and the boxes that it is in.
#[derive(Debug)]
struct Chunks {
    /// Where it ends.
    end: usize,
    /// Bytes to put there.
    missing: usize,
    /// Where the sizes of these boxes are.
    sizes: Vec<usize>,
}

/// The table of chunks of a track, if it is misread.
fn misread(index: &[u8], track: &Range<usize>) -> Option<Chunks> {
    let mut sizes = vec![track.start - 8];
    let mut inner = track.clone();
    for name in [b"mdia", b"minf", b"stbl"] {
        inner = find(index, &inner, &[name])?;
        sizes.push(inner.start - 8);
    }
    let has = |name: &[u8; 4]| find(index, &inner, &[name]).is_some();
    let size = word(&index[find(index, &inner, &[b"stsz"])?], 4)?;
    if size == 0 || [b"ctts", b"stss", b"stps"].into_iter().any(has) {
        return None;
    }
    let chunks = find(index, &inner, &[b"stsc"])?;
    sizes.push(chunks.start - 8);
    let lines = word(&index[chunks.clone()], 4)? as usize;
    let wanted = lines.checked_mul(12 + 4)?.checked_add(4)?;
    // A torn table is left to the reader.
    let is_whole = chunks.len() >= lines * 12 + 8;
    (is_whole && chunks.len() < wanted).then(|| Chunks {
        end: chunks.end,
        missing: wanted - chunks.len(),
        sizes,
    })
}

/// Put what is missing behind a table.
fn widen(index: &mut Vec<u8>, chunks: &Chunks) {
    for &at in &chunks.sizes {
        let size = word(index, at).unwrap_or_default() as usize + chunks.missing;
        index[at..at + 4].copy_from_slice(&(size as u32).to_be_bytes());
    }
    let none = std::iter::repeat_n(0, chunks.missing);
    index.splice(chunks.end..chunks.end, none);
}

#[cfg(test)]
mod tests {
    use super::super::boxes::boxes;
    use super::*;

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = (body.len() as u32 + 8).to_be_bytes();
        [&size, &name[..], body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A track of samples of `size` bytes, in chunks described by `lines` lines.
    fn track(number: u32, size: u32, lines: u32, more: &[u8]) -> Vec<u8> {
        let line = words(&[1, 512, 1]).repeat(lines as usize);
        let tables = [
            boxed(b"stsc", &[words(&[0, lines]), line].concat()),
            boxed(b"stsz", &words(&[0, size, 24_000])),
            more.to_vec(),
        ];
        let media = boxed(b"minf", &boxed(b"stbl", &tables.concat()));
        let handler = boxed(b"hdlr", &[&words(&[0, 0]), &b"soun"[..]].concat());
        let header = boxed(b"tkhd", &words(&[0, 0, 0, number]));
        let media = boxed(b"mdia", &[handler, media].concat());
        boxed(b"trak", &[header, media].concat())
    }

    #[test]
    fn tables_that_are_misread_get_room() {
        let sync = boxed(b"stss", &words(&[0, 1, 1]));
        let fine = [
            track(1, 0, 9, &[]),
            track(2, 4, 1, &[]),
            track(3, 4, 2, &sync),
        ];
        assert_eq!(widened(&fine.concat()), None);

        let index = [
            track(1, 4, 2, &[]),
            track(2, 0, 5, &[]),
            track(3, 4, 6, &[]),
        ]
        .concat();
        let wide = widened(&index).unwrap();
        assert_eq!(wide.len(), index.len() + 4 + 5 * 4);
        // All boxes end where they did, and it is enough.
        assert_eq!(boxes(&wide).last().unwrap().1.end, wide.len());
        let tables = tracks(&wide).map(|track| {
            let names = [b"mdia", b"minf", b"stbl", b"stsz"];
            word(&wide[find(&wide, &track.body, &names).unwrap()], 8)
        });
        assert!(tables.eq([Some(24_000); 3]));
        assert_eq!(widened(&wide), None);
    }

    #[test]
    fn torn_tables_are_left_alone() {
        let mut index = track(1, 4, 2, &[]);
        let lines = index.windows(4).position(|name| name == b"stsc").unwrap() + 8;
        index[lines..lines + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(widened(&index), None);
        assert_eq!(widened(&index[..40]), None);
    }
}
