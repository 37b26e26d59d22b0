//! The names of objects' members, in their order, as steps from the object without members: so two objects have one shape
//! where the same number stands for both.

/// Of a store whose documents have more shapes nothing is gained.
const MOST_STEPS: usize = 4_096;

/// So many names may follow one: more are keys, not names.
const MOST_AFTER: usize = 32;

/// A longer literal would be slow to make.
const MOST_NAMES: u32 = 128;

/// A shape by its number.
pub type Shape = u32;

/// The shape of an object without members.
pub const EMPTY: Shape = 0;

/// In a literal it would set the prototype.
const PROTOTYPE: &[u8] = b"\"__proto__\":";

#[derive(Default)]
struct Step {
    before: Shape,
    /// As the text has it: with quotes and colon.
    name: Box<[u8]>,
    names: u32,
    after: Vec<Shape>,
    /// The one that followed last time, which is most often the next one, too.
    last: Shape,
}

/// The shapes seen so far.
pub struct Shapes {
    steps: Vec<Step>,
}

impl Default for Shapes {
    /// None but that of an object without members.
    fn default() -> Self {
        Self { steps: vec![Step::default()] }
    }
}

impl Shapes {
    /// The shape after the name with which the text begins, and the length of that name with its quotes and its colon.
    /// `None` where the name has an escape, or there are too many.
    pub fn after(&mut self, shape: Shape, text: &[u8]) -> Option<(Shape, usize)> {
        let begins = |name: &[u8]| !name.is_empty() && text.starts_with(name);
        let step = self.steps.get(shape as usize)?;
        let last = self.steps.get(step.last as usize)?;
        if begins(&last.name) {
            return Some((step.last, last.name.len()));
        }
        let known =
            step.after.iter().copied().find(|after| self.steps.get(*after as usize).is_some_and(|s| begins(&s.name)));
        let next = match known {
            Some(next) => next,
            None => self.add(shape, name_of(text)?)?,
        };
        self.steps.get_mut(shape as usize)?.last = next;
        Some((next, self.steps.get(next as usize)?.name.len()))
    }

    fn add(&mut self, shape: Shape, name: &[u8]) -> Option<Shape> {
        let next = Shape::try_from(self.steps.len()).ok().filter(|_| self.steps.len() < MOST_STEPS)?;
        let step = self.steps.get_mut(shape as usize)?;
        let names = step.names + 1;
        if step.after.len() == MOST_AFTER || names > MOST_NAMES || name == PROTOTYPE {
            return None;
        }
        step.after.push(next);
        self.steps.push(Step { before: shape, name: name.into(), names, ..Step::default() });
        Some(next)
    }

    /// The names of a shape as the JSON text of an array. `None` where there is no such shape.
    #[must_use]
    pub fn names(&self, shape: Shape) -> Option<String> {
        let mut names = Vec::new();
        let mut step = self.steps.get(shape as usize)?;
        while let Some((_colon, quoted)) = step.name.split_last() {
            names.push(str::from_utf8(quoted).ok()?);
            step = self.steps.get(step.before as usize)?;
        }
        names.reverse();
        Some(format!("[{}]", names.join(",")))
    }
}

/// The name with which the text begins, with its quotes and its colon.
fn name_of(text: &[u8]) -> Option<&[u8]> {
    let length = text.get(1..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))? + 3;
    text.get(..length).filter(|name| name.starts_with(b"\"") && name.ends_with(b"\":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(shapes: &mut Shapes, names: &[&str]) -> Option<Shape> {
        names.iter().try_fold(EMPTY, |shape, name| {
            let (next, length) = shapes.after(shape, format!("\"{name}\":1").as_bytes())?;
            assert_eq!(length, name.len() + 3);
            Some(next)
        })
    }

    #[test]
    fn the_same_names_in_the_same_order_are_one_shape() {
        let mut shapes = Shapes::default();
        let one = shape(&mut shapes, &["a", "b"]).unwrap();
        assert_eq!(shape(&mut shapes, &["a", "b"]), Some(one));
        assert_ne!(shape(&mut shapes, &["b", "a"]), Some(one));
        assert_ne!(shape(&mut shapes, &["a", "bb"]), Some(one));
        assert_ne!(shape(&mut shapes, &["a"]), Some(one));
        assert_eq!(shapes.names(one).as_deref(), Some("[\"a\",\"b\"]"));
        assert_eq!(shapes.names(EMPTY).as_deref(), Some("[]"));
        assert_eq!(shapes.names(99), None);
    }

    #[test]
    fn what_a_literal_cannot_say_has_no_shape() {
        let mut shapes = Shapes::default();
        assert_eq!(shape(&mut shapes, &["__proto__"]), None);
        for text in ["\"a\\\"b\":1", "\"a\" :1", "a:1", "\"a", "\"", ""] {
            assert_eq!(shapes.after(EMPTY, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn keys_that_are_never_the_same_are_no_names() {
        let mut shapes = Shapes::default();
        let known: Vec<_> = (0..100).filter_map(|n| shape(&mut shapes, &[&format!("user{n}")])).collect();
        assert_eq!(known.len(), MOST_AFTER);
        assert_eq!(shape(&mut shapes, &["user3"]), known.get(3).copied());
        let many: Vec<_> = (0..=MOST_NAMES).map(|n| format!("n{}", n % 2)).collect();
        assert_eq!(shape(&mut Shapes::default(), &many.iter().map(String::as_str).collect::<Vec<_>>()), None);
    }
}
