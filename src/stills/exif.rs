//! Description and size in EXIF. Source: CIPA DC-008 (EXIF 2.32), 4.5 and 4.6.

/// What some files have before it.
const PREFIX: &[u8] = b"Exif\0\0";
/// Number of the description.
const DESCRIPTION: u16 = 270;
/// Numbers of the picture's width, in the first directory and in that of the exposure.
const WIDTHS: [u16; 2] = [256, 40_962];
/// Numbers of its height.
const HEIGHTS: [u16; 2] = [257, 40_963];
/// Number of the place of the exposure's directory.
const EXPOSURE: u16 = 34_665;
/// Number of the type of plain text.
const TEXT: u16 = 2;
/// Number of the type of 32 bits.
const LONG: u16 = 4;
/// Bytes of an entry of a directory.
const ENTRY: usize = 12;

/// EXIF from its byte order on.
pub(super) fn bare(exif: Vec<u8>) -> Vec<u8> {
    match exif.strip_prefix(PREFIX) {
        Some(bare) => bare.to_vec(),
        None => exif,
    }
}

/// `exif`, in which the picture has this width and height, pixels, wherever it tells them. Nothing
/// moves.
pub(super) fn sized(exif: &[u8], [width, height]: [u32; 2]) -> Vec<u8> {
    let mut sized = exif.to_vec();
    let (Some(order), Some(first)) = (order(exif), Directory::first(exif)) else {
        return sized;
    };
    let exposure = first.entries.iter().find(|entry| entry.tag == EXPOSURE);
    let exposure = exposure.and_then(|entry| order.read_long(&entry.rest, 6));
    let exposure = exposure.and_then(|start| Directory::at(exif, order, start as usize));
    for directory in [Some(first), exposure].into_iter().flatten() {
        for (index, entry) in directory.entries.iter().enumerate() {
            let side = match entry.tag {
                tag if WIDTHS.contains(&tag) => width,
                tag if HEIGHTS.contains(&tag) => height,
                _ => continue,
            };
            let told = [&order.short(LONG)[..], &order.long(1), &order.long(side)].concat();
            let at = directory.begin + index * ENTRY + 2;
            sized[at..at + told.len()].copy_from_slice(&told);
        }
    }
    sized
}

/// `exif` with `notice` as its picture's description, or behind the one that is there. What cannot
/// be read becomes one that holds the notice alone.
///
/// The first directory is written anew behind all that is there, so that nothing moves that others
/// refer to.
pub(super) fn described(exif: Option<&[u8]>, notice: &str) -> Vec<u8> {
    let whole = exif.and_then(|exif| Some((exif, Directory::first(exif)?)));
    let (exif, mut directory) = whole.unwrap_or((b"II*\0\0\0\0\0", Directory::default()));
    let order = order(exif).unwrap_or(Order::Little);
    let old = directory.description(exif, order).unwrap_or_default();
    let mut text = match old.is_empty() {
        true => notice.as_bytes().to_vec(),
        false => [old, b"; ", notice.as_bytes()].concat(),
    };

    // Less would have to stand in the entry itself.
    text.resize(text.len().max(4), b' ');
    let mut all = exif.to_vec();
    let text_at = append(&mut all, &[&text[..], b"\0"].concat());
    let length = text.len() as u32 + 1;
    directory.entries.retain(|entry| entry.tag != DESCRIPTION);
    directory.entries.push(Entry {
        tag: DESCRIPTION,
        rest: [
            &order.short(TEXT)[..],
            &order.long(length),
            &order.long(text_at),
        ]
        .concat(),
    });
    directory.entries.sort_by_key(|entry| entry.tag);
    let mut written = order.short(directory.entries.len() as u16).to_vec();
    for entry in &directory.entries {
        written.extend(order.short(entry.tag));
        written.extend(&entry.rest);
    }
    written.extend(order.long(directory.next));
    let at = append(&mut all, &written);
    all[4..8].copy_from_slice(&order.long(at));
    all
}

/// Put `part` behind `all`, at an even place, which is returned. Pictures' files are no longer than
/// 32 bits tell.
fn append(all: &mut Vec<u8>, part: &[u8]) -> u32 {
    all.resize(all.len().next_multiple_of(2), 0);
    let at = all.len() as u32;
    all.extend(part);
    at
}

/// In which order numbers have their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// That of `exif`.
fn order(exif: &[u8]) -> Option<Order> {
    match exif.get(..4)? {
        b"II*\0" => Some(Order::Little),
        b"MM\0*" => Some(Order::Big),
        _ => None,
    }
}

impl Order {
    fn short(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn long(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn read_short(self, exif: &[u8], at: usize) -> Option<u16> {
        let bytes = exif.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(*bytes),
            Self::Big => u16::from_be_bytes(*bytes),
        })
    }

    fn read_long(self, exif: &[u8], at: usize) -> Option<u32> {
        let bytes = exif.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(*bytes),
            Self::Big => u32::from_be_bytes(*bytes),
        })
    }
}

/// A directory of what is said.
#[derive(Default)]
struct Directory {
    /// Where the entries are.
    begin: usize,
    entries: Vec<Entry>,
    /// Where the next directory is; 0 for none.
    next: u32,
}

struct Entry {
    tag: u16,
    /// Type, count, and value or its place.
    rest: Vec<u8>,
}

impl Directory {
    /// The one that says most of the picture.
    fn first(exif: &[u8]) -> Option<Self> {
        let order = order(exif)?;
        Self::at(exif, order, order.read_long(exif, 4)? as usize)
    }

    /// The one that starts there.
    fn at(exif: &[u8], order: Order, start: usize) -> Option<Self> {
        let count = usize::from(order.read_short(exif, start)?);
        let begin = start.checked_add(2)?;
        let end = begin.checked_add(count * ENTRY)?;
        let entry = |bytes: &[u8]| {
            let (tag, rest) = (order.read_short(bytes, 0)?, bytes.get(2..)?.to_vec());
            Some(Entry { tag, rest })
        };
        let entries = exif.get(begin..end)?.chunks_exact(ENTRY).map(entry);
        Some(Self {
            begin,
            entries: entries.collect::<Option<_>>()?,
            next: order.read_long(exif, end).unwrap_or(0),
        })
    }

    /// The description, without the zero at its end.
    fn description<'e>(&'e self, exif: &'e [u8], order: Order) -> Option<&'e [u8]> {
        let entry = self.entries.iter().find(|entry| entry.tag == DESCRIPTION)?;
        let length = order.read_long(&entry.rest, 2)? as usize;
        let text = match length <= 4 {
            true => entry.rest.get(6..6 + length)?,
            false => {
                let at = order.read_long(&entry.rest, 6)? as usize;
                exif.get(at..at.checked_add(length)?)?
            }
        };
        let end = text.iter().position(|byte| *byte == 0);
        Some(text[..end.unwrap_or(text.len())].trim_ascii_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::metadata::Orientation;

    /// EXIF with an orientation, in both orders.
    fn turned(order: Order) -> Vec<u8> {
        let head: &[u8] = match order {
            Order::Little => b"II*\0",
            Order::Big => b"MM\0*",
        };
        let value = [order.short(6), [0; 2]].concat();
        let numbers = [order.short(274), order.short(3)].concat();
        let (at, count, next) = (order.long(8), order.long(1), order.long(0));
        let entry = [&numbers[..], &count, &value].concat();
        [head, &at, &order.short(1), &entry, &next].concat()
    }

    fn description(exif: &[u8]) -> Vec<u8> {
        let directory = Directory::first(exif).unwrap();
        let text = directory.description(exif, order(exif).unwrap());
        text.unwrap().to_vec()
    }

    #[test]
    fn a_description_is_added_and_nothing_moves() {
        for order in [Order::Little, Order::Big] {
            let old = turned(order);
            let new = described(Some(&old), "a guess");
            assert_eq!(description(&new), b"a guess");
            assert_eq!(new[8..old.len()], old[8..]);
            let kept = Orientation::from_exif_chunk(&new);
            assert_eq!(kept, Orientation::from_exif(6));
            let twice = described(Some(&new), "or two");
            assert_eq!(description(&twice), b"a guess; or two");
            assert_eq!(Directory::first(&twice).unwrap().entries.len(), 2);
        }
        assert_eq!(description(&described(None, "a guess")), b"a guess");
    }

    /// EXIF with an entry of each number and a value of 16 bits, and with those of the exposure.
    fn measured(order: Order) -> Vec<u8> {
        let entry = |tag: u16, kind: u16, value: Vec<u8>| {
            let numbers = [order.short(tag), order.short(kind)].concat();
            [numbers, order.long(1).to_vec(), value].concat()
        };
        let short = |tag, value| entry(tag, 3, [order.short(value), [0; 2]].concat());
        let directory = |entries: [Vec<u8>; 3]| {
            let all = entries.concat();
            [&order.short(3)[..], &all, &order.long(0)].concat()
        };
        let first = directory([
            short(256, 40),
            short(257, 30),
            entry(34_665, 4, order.long(50).to_vec()),
        ]);
        let exposure = directory([short(40_961, 1), short(40_962, 40), short(40_963, 30)]);
        [&turned(order)[..8], &first, &exposure].concat()
    }

    #[test]
    fn a_size_is_told_wherever_one_was() {
        for order in [Order::Little, Order::Big] {
            let new = sized(&measured(order), [70_000, 60]);
            assert_eq!(new.len(), measured(order).len());
            let value = |start: usize, index: usize| {
                let directory = Directory::at(&new, order, start).unwrap();
                order.read_long(&directory.entries[index].rest, 6)
            };
            let [first, exposure] = [8, 50].map(|start| [0, 1, 2].map(|index| value(start, index)));
            assert_eq!(first, [70_000, 60, 50].map(Some));
            assert_eq!(exposure[1..], [70_000, 60].map(Some));
            assert_eq!(sized(&turned(order), [1, 2]), turned(order));
            let whole = measured(order);
            for length in 0..whole.len() {
                assert_eq!(sized(&whole[..length], [1, 2]).len(), length);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let whole = described(Some(&turned(Order::Big)), "a longer word");
        for length in 0..whole.len() {
            let cut = described(Some(&whole[..length]), "new");
            assert!(description(&cut).ends_with(b"new"), "{length}");
        }
        let mut wild = whole;
        for at in 4..wild.len() {
            let was = std::mem::replace(&mut wild[at], 255);
            assert!(description(&described(Some(&wild), "new")).ends_with(b"new"));
            wild[at] = was;
        }
        assert_eq!(bare(b"Exif\0\0II".to_vec()), b"II");
        assert_eq!(bare(b"II".to_vec()), b"II");
    }
}
