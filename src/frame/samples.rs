//! Code values in memory. What walks over samples is written once for all widths, generic over
//! [`Codec`].

/// How one code value is stored.
pub(crate) trait Codec: Copy {
    /// Bytes of a sample.
    const BYTES: usize;

    /// The code value at the start of `bytes`, which holds at least one sample.
    fn load(self, bytes: &[u8]) -> u16;

    /// Write `code`, which fits the depth, to the start of `bytes`.
    fn store(self, code: u16, bytes: &mut [u8]);
}

/// One byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes;

impl Codec for Bytes {
    const BYTES: usize = 1;

    #[inline(always)]
    fn load(self, bytes: &[u8]) -> u16 {
        u16::from(bytes[0])
    }

    #[inline(always)]
    fn store(self, code: u16, bytes: &mut [u8]) {
        bytes[0] = code as u8;
    }
}

/// Two bytes, little-endian, at any address. Bits outside the code value are ignored, and become
/// zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    shift: u32,
    max: u16,
}

impl Words {
    /// `depth` bits (9–16) above `shift` unused ones, at most 16 together.
    pub(crate) fn new(depth: u32, shift: u32) -> Self {
        Self {
            shift,
            max: u16::MAX >> (16 - depth),
        }
    }
}

impl Codec for Words {
    const BYTES: usize = 2;

    #[inline(always)]
    fn load(self, bytes: &[u8]) -> u16 {
        (u16::from_le_bytes([bytes[0], bytes[1]]) >> self.shift) & self.max
    }

    #[inline(always)]
    fn store(self, code: u16, bytes: &mut [u8]) {
        bytes[..2].copy_from_slice(&(code << self.shift).to_le_bytes());
    }
}

/// Fill `out` with what `convert` makes of successive samples, which are `step` bytes apart and
/// begin with `line`.
#[inline(always)]
pub(crate) fn map_codes<C: Codec, T>(
    codec: C,
    line: &[u8],
    step: usize,
    out: &mut [T],
    convert: impl Fn(u16) -> T,
) {
    if step == C::BYTES {
        // A constant step is what the compiler makes vectors of.
        for (value, bytes) in out.iter_mut().zip(line.chunks_exact(C::BYTES)) {
            *value = convert(codec.load(bytes));
        }
    } else {
        // The last sample of a row may not be followed by a whole step.
        for (value, bytes) in out.iter_mut().zip(line.chunks(step)) {
            *value = convert(codec.load(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lie_above_their_unused_bits() {
        let p010 = Words::new(10, 6);
        assert_eq!(p010.load(&[0xff, 0xff]), 1023);
        assert_eq!(p010.load(&[0x40, 0x80]), 0b10_0000_0001);
        let mut bytes = [0xff, 0xff, 7];
        p010.store(0b10_0000_0001, &mut bytes);
        assert_eq!(bytes, [0x40, 0x80, 7]);
    }

    #[test]
    fn stray_high_bits_are_ignored() {
        let planar = Words::new(10, 0);
        assert_eq!(planar.load(&[0x01, 0xfe]), 0x201);
        assert_eq!(Words::new(16, 0).load(&[0x34, 0x12]), 0x1234);
    }

    #[test]
    fn a_row_may_end_with_its_last_sample() {
        let mut out = [0; 3];
        map_codes(Bytes, &[1, 9, 9, 2, 9, 9, 3], 3, &mut out, |code| code);
        assert_eq!(out, [1, 2, 3]);
        map_codes(Words::new(16, 0), &[1, 0, 2, 0, 3, 0], 2, &mut out, |c| c);
        assert_eq!(out, [1, 2, 3]);
    }
}
