//! Small numbers in few bytes: LEB128, seven bits a byte, the lowest first.

/// Appends `n` in one to five bytes.
pub fn write(mut n: u32, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

/// Takes a number from the front of `bytes`.
pub fn read(bytes: &mut &[u8]) -> Option<u32> {
    let mut n: u32 = 0;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(n: u32, rest: Vec<u8>) {
            let mut out = Vec::new();
            write(n, &mut out);
            out.extend_from_slice(&rest);
            let mut bytes = out.as_slice();
            prop_assert_eq!(read(&mut bytes), Some(n));
            prop_assert_eq!(bytes, rest.as_slice());
        }
    }

    #[test]
    fn a_number_without_an_end_is_none() {
        assert_eq!(read(&mut [0x80, 0x80].as_slice()), None);
        assert_eq!(read(&mut [0xff; 6].as_slice()), None);
    }
}
