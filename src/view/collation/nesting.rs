//! The containers around the place that is read or written: a stack of bits instead of a call stack, so that a deep
//! value cannot overflow one and a shallow one allocates nothing.

/// How many containers may stand within each other.
pub const DEPTH_LIMIT: usize = 2_000;

const WORDS: usize = DEPTH_LIMIT.div_ceil(64);

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Array,
    Object,
}

/// The open containers, innermost last.
pub struct Nesting {
    depth: usize,
    /// Bit `depth - 1` is set where the container at `depth` is an object.
    objects: [u64; WORDS],
}

impl Nesting {
    pub fn new() -> Self {
        Self { depth: 0, objects: [0; WORDS] }
    }

    /// Opens a container; `None` where there are too many already.
    pub fn push(&mut self, container: Container) -> Option<()> {
        if self.depth >= DEPTH_LIMIT {
            return None;
        }
        let word = self.objects.get_mut(self.depth / 64)?;
        let bit = 1 << (self.depth % 64);
        match container {
            Container::Array => *word &= !bit,
            Container::Object => *word |= bit,
        }
        self.depth += 1;
        Some(())
    }

    /// The innermost container; `None` outside of all.
    pub fn top(&self) -> Option<Container> {
        let at = self.depth.checked_sub(1)?;
        let is_object = self.objects.get(at / 64)? >> (at % 64) & 1 == 1;
        Some(if is_object { Container::Object } else { Container::Array })
    }

    /// Closes the innermost container.
    pub fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
