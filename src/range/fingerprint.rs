//! What tells one query from another, in eight bytes: FNV-1a of its parts.
//!
//! It is part of every [cursor](super::Cursor), so it is the same in every version and on every platform. Nothing secret
//! depends on it: it finds mistakes.

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// The parts of a query so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of queries of document keys.
    pub const KEYS: Self = Self::of("keys");

    /// Of queries of one kind: `keys`, `view`, ...
    #[must_use]
    pub const fn of(kind: &str) -> Self {
        Self(OFFSET).and(kind.as_bytes())
    }

    /// Of queries of the rows of a view.
    #[must_use]
    pub const fn of_view(id: &str) -> Self {
        Self::of("view").and(id.as_bytes())
    }

    /// With another part. Which parts they are stays clear, because each tells its length.
    #[must_use]
    pub const fn and(self, part: &[u8]) -> Self {
        let mut hash = self.and_number(part.len() as u64 + 1).0;
        let mut rest = part;
        while let Some((byte, after)) = rest.split_first() {
            hash = (hash ^ *byte as u64).wrapping_mul(PRIME);
            rest = after;
        }
        Self(hash)
    }

    /// With a part that may be absent.
    #[must_use]
    pub fn and_maybe(self, part: Option<&[u8]>) -> Self {
        part.map_or(self.and_number(0), |part| self.and(part))
    }

    /// With a number.
    #[must_use]
    pub const fn and_number(self, number: u64) -> Self {
        let (mut hash, mut rest) = (self.0, number);
        loop {
            // Seven bits at a time, the eighth tells that more follow.
            let more = if rest > 0x7F { 0x80 } else { 0 };
            hash = (hash ^ (rest & 0x7F | more)).wrapping_mul(PRIME);
            rest >>= 7;
            if rest == 0 {
                return Self(hash);
            }
        }
    }

    /// As a cursor holds it.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_join_to_the_same_bytes_differ() {
        let of = |parts: &[&str]| parts.iter().fold(Fingerprint::of("x"), |all, part| all.and(part.as_bytes()));
        let all = [of(&[]), of(&[""]), of(&["", ""]), of(&["ab"]), of(&["a", "b"]), of(&["ab", ""]), of(&["", "ab"])];
        for (index, one) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
        assert_ne!(Fingerprint::KEYS.and_maybe(None), Fingerprint::KEYS.and_maybe(Some(b"")));
        assert_ne!(Fingerprint::of_view("keys"), Fingerprint::KEYS);
    }

    #[test]
    fn numbers_differ_up_to_the_greatest() {
        let all = [0, 1, 0x7F, 0x80, 0xFF, 0x3FFF, 0x4000, u64::MAX].map(|n| Fingerprint::KEYS.and_number(n));
        for (index, one) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
    }
}
