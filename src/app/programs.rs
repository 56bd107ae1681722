//! The streams that a transport stream says it has, as ISO/IEC 13818-1 has its tables.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How much of a file is searched for its tables, bytes.
const SEARCHED: u64 = 4 << 20;
/// Bytes of a packet, the sign that it begins with, and how many are looked at for that.
const PACKET: usize = 188;
const SYNC: u8 = 0x47;
const TESTED: usize = 4;
/// Bytes that stand before each packet on Blu-ray discs and in cameras.
const TIMED: usize = 4;
/// Tables: of programs, and of a program's streams.
const PROGRAMS: u8 = 0;
const STREAMS: u8 = 2;

/// A stream of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elementary {
    /// The number of its packets.
    pub(super) pid: u16,
    /// The number of what it is.
    pub(super) kind: u8,
    /// The number of its program.
    pub(super) program: u16,
}

/// The streams of all programs in the file at `path`; none where it is no transport stream.
pub(super) fn of(path: &Path) -> Vec<Elementary> {
    let mut data = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SEARCHED).read_to_end(&mut data));
    read.map_or_else(|_| Vec::new(), |_| streams(&data))
}

fn streams(data: &[u8]) -> Vec<Elementary> {
    let is_sync =
        |before: usize, number: usize| data.get(number * (PACKET + before) + before) == Some(&SYNC);
    let before = [0, TIMED]
        .into_iter()
        .find(|&before| (0..TESTED).all(|n| is_sync(before, n)));
    let Some(before) = before else {
        return Vec::new();
    };
    let packets = data
        .chunks_exact(PACKET + before)
        .map(|packet| &packet[before..]);
    let (mut tables, mut programs) = (HashMap::from([(0, Vec::new())]), HashMap::new());
    let mut found = Vec::new();
    for packet in packets {
        let Some((pid, table)) = table(packet, &mut tables) else {
            continue;
        };
        match table.first() {
            Some(&PROGRAMS) if pid == 0 => {
                for entry in body(&table, 8).chunks_exact(4) {
                    let number = u16::from_be_bytes([entry[0], entry[1]]);
                    let pid = number_of_packets(&entry[2..]);
                    // Number 0 is the network's.
                    if number != 0 {
                        programs.insert(pid, number);
                        tables.entry(pid).or_default();
                    }
                }
            }
            Some(&STREAMS) => {
                let program = programs.get(&pid).copied().unwrap_or_default();
                let met = |stream: &Elementary| stream.program == program;
                if !found.iter().any(met) {
                    found.extend(of_program(&table, program));
                }
            }
            _ => {}
        }
    }
    found
}

/// The table that ends in `packet`, with the number of its packets. What came of others is kept in
/// `tables`, which has those that are asked for.
fn table(packet: &[u8], tables: &mut HashMap<u16, Vec<u8>>) -> Option<(u16, Vec<u8>)> {
    let pid = number_of_packets(&packet[1..]);
    let begun = tables.get_mut(&pid)?;
    let (starts, has_more, has_payload) = (
        packet[1] & 0x40 != 0,
        packet[3] & 0x20 != 0,
        packet[3] & 0x10 != 0,
    );
    let skipped = if has_more {
        5 + usize::from(packet[4])
    } else {
        4
    };
    let payload = packet.get(skipped..).filter(|_| has_payload)?;
    if starts {
        begun.clear();
        begun.extend(payload.get(1 + usize::from(*payload.first()?)..)?);
    } else if !begun.is_empty() {
        begun.extend(payload);
    }
    let length = 3 + length(begun.get(1..)?)?;
    (begun.len() >= length).then(|| {
        let mut table = std::mem::take(begun);
        table.truncate(length);
        (pid, table)
    })
}

/// A table's streams.
fn of_program(table: &[u8], program: u16) -> Vec<Elementary> {
    let mut found = Vec::new();
    let about = table.get(10..).and_then(length).unwrap_or_default();
    let mut rest = body(table, 12 + about);
    while let [kind, numbers @ ..] = rest
        && let Some(about) = numbers.get(2..).and_then(length)
    {
        found.push(Elementary {
            pid: number_of_packets(numbers),
            kind: *kind,
            program,
        });
        rest = rest.get(5 + about..).unwrap_or_default();
    }
    found
}

/// What of a table is between its head of so many bytes and its check sum.
fn body(table: &[u8], head: usize) -> &[u8] {
    table
        .get(head..table.len().saturating_sub(4))
        .unwrap_or_default()
}

/// A number of packets, of 13 bits.
fn number_of_packets(data: &[u8]) -> u16 {
    match data {
        [high, low, ..] => u16::from_be_bytes([high & 0x1F, *low]),
        _ => 0,
    }
}

/// A length, of 12 bits.
fn length(data: &[u8]) -> Option<usize> {
    let both = data.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*both) & 0x0FFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with a table.
    fn packet(pid: u16, table: &[u8]) -> Vec<u8> {
        let mut packet = vec![SYNC, 0x40 | (pid >> 8) as u8, pid as u8, 0x10, 0];
        packet.extend(table);
        packet.resize(PACKET, 0xFF);
        packet
    }

    fn stream() -> Vec<u8> {
        let programs = [0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xE1, 0, 0, 0, 0, 0];
        // One of H.264, one of the kind 0x86 with two bytes about it.
        let streams = [
            2, 0xB0, 25, 0, 1, 0xC1, 0, 0, 0xE1, 1, 0xF0, 0, 0x1B, 0xE1, 1, 0xF0, 0, 0x86, 0xE1, 2,
            0xF0, 2, 9, 9, 0, 0, 0, 0,
        ];
        let null = packet(0x1FFF, &[]);
        [
            packet(0, &programs),
            packet(0x100, &streams),
            null.clone(),
            null,
        ]
        .concat()
    }

    #[test]
    fn streams_are_found_in_the_tables() {
        let found: Vec<_> = streams(&stream())
            .into_iter()
            .map(|stream| (stream.program, stream.pid, stream.kind))
            .collect();
        assert_eq!(found, [(1, 0x101, 0x1B), (1, 0x102, 0x86)]);
    }

    #[test]
    fn torn_tables_do_no_harm() {
        let whole = stream();
        for at in 4..3 * PACKET {
            for value in [0, 0x40, 0xFF] {
                let mut torn = whole.clone();
                torn[at] = value;
                streams(&torn);
            }
        }
        assert!(streams(&whole[..PACKET]).is_empty() && streams(b"").is_empty());
    }
}
