//! How much work one step may do.

/// Work that may still be done, counted in rows looked at.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    /// At least for one row, so that every step gets on.
    pub fn new(rows: usize) -> Self {
        Self(rows.max(1))
    }

    /// Takes off what was done.
    pub fn spend(&mut self, rows: usize) {
        self.0 = self.0.saturating_sub(rows);
    }

    /// Whether the step is to end.
    pub fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
