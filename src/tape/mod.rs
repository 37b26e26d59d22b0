//! JSON text as a list of numbers, from which JavaScript makes objects faster than from the text: it knows the shape of
//! each object beforehand, and need not look at a single letter.
//!
//! ```text
//! a value, one word: what it is in the upper 4 bits, and 28 bits more
//!
//! SHORT    its length (4 bits) and its place among the short strings, which cross as one (24 bits)
//! LONG     which of the other strings it is
//! INTEGER  the number
//! DOUBLE   nothing; its bits are the next two words that begin at an even place
//! CONSTANT 0 null, 1 false, 2 true
//! OBJECT   its shape; the values of its members follow
//! ARRAY    how many elements follow
//! ```
//!
//! A short string is cut out of a longer one, which V8 does by copying it (up to 12 characters); a longer part would keep
//! the whole in memory. Only what `JSON.stringify` or a load makes is read, without whitespace; what is anything else, or
//! out of the ordinary, is left to `JSON.parse`.

#![forbid(unsafe_code)]

mod shapes;

use self::shapes::EMPTY;
pub use self::shapes::{Shape, Shapes};

/// Known to `lib/decoder.js`, too.
mod tag {
    pub const SHORT: u32 = 0;
    pub const LONG: u32 = 1 << 28;
    pub const INTEGER: u32 = 2 << 28;
    pub const DOUBLE: u32 = 3 << 28;
    pub const CONSTANT: u32 = 4 << 28;
    pub const OBJECT: u32 = 5 << 28;
    pub const ARRAY: u32 = 6 << 28;
}

const LENGTH_SHIFT: u32 = 24;
const LONGEST_SHORT: usize = 12;

/// Digits that surely are fewer than 28 bits.
const MOST_DIGITS: usize = 8;

/// Deeper texts are left to `JSON.parse`.
const DEEPEST: u32 = 32;

/// Each is an argument of a call.
const MOST_LONG: usize = 4_096;

/// A string that crosses by itself.
#[derive(Debug, PartialEq, Eq)]
pub enum Long {
    /// It stands between these places of the text, as it is.
    Plain(usize, usize),
    /// It stood there with escapes.
    Unescaped(String),
}

/// What crosses beside the words.
#[derive(Default)]
pub struct Strings {
    /// The short ones, one behind the other. ASCII.
    pub short: String,
    /// The others.
    pub long: Vec<Long>,
}

/// Writes the value of a whole text. `None` where it is to be left to `JSON.parse`.
pub fn write(text: &str, words: &mut [u32], strings: &mut Strings, shapes: &mut Shapes) -> Option<()> {
    strings.short.clear();
    strings.long.clear();
    let mut writer = Writer { text, at: 0, words, used: 0, strings, shapes };
    writer.value(0)?;
    (writer.at == text.len()).then_some(())
}

struct Writer<'a> {
    text: &'a str,
    at: usize,
    words: &'a mut [u32],
    used: usize,
    strings: &'a mut Strings,
    shapes: &'a mut Shapes,
}

impl Writer<'_> {
    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past a byte, if it stands here.
    fn skips(&mut self, byte: u8) -> bool {
        let is_here = self.byte() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    fn push(&mut self, word: u32) -> Option<()> {
        *self.words.get_mut(self.used)? = word;
        self.used += 1;
        Some(())
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.byte()? {
            b'"' => self.string(),
            b'{' if depth < DEEPEST => self.object(depth),
            b'[' if depth < DEEPEST => self.array(depth),
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.constant("null", 0),
            b'f' => self.constant("false", 1),
            b't' => self.constant("true", 2),
            _ => None,
        }
    }

    fn constant(&mut self, name: &str, which: u32) -> Option<()> {
        if !self.rest().starts_with(name.as_bytes()) {
            return None;
        }
        self.at += name.len();
        self.push(tag::CONSTANT | which)
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        let place = self.used;
        self.push(0)?;
        self.at += 1;
        let mut shape = EMPTY;
        if !self.skips(b'}') {
            loop {
                let (next, length) = self.shapes.after(shape, self.text.as_bytes().get(self.at..)?)?;
                shape = next;
                self.at += length;
                self.value(depth + 1)?;
                if self.skips(b'}') {
                    break;
                }
                self.skips(b',').then_some(())?;
            }
        }
        *self.words.get_mut(place)? = tag::OBJECT | shape;
        Some(())
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        let place = self.used;
        self.push(0)?;
        self.at += 1;
        let mut count = 0;
        if !self.skips(b']') {
            loop {
                self.value(depth + 1)?;
                count += 1;
                if self.skips(b']') {
                    break;
                }
                self.skips(b',').then_some(())?;
            }
        }
        *self.words.get_mut(place)? = tag::ARRAY | count;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let (text, rest) = (self.text, self.text.as_bytes().get(self.at..)?);
        let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len());
        let digits = rest.get(..length)?;
        let text = text.get(self.at..self.at + length)?;
        self.at += length;
        if length <= MOST_DIGITS && digits.iter().all(u8::is_ascii_digit) {
            let number = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
            return self.push(tag::INTEGER | number);
        }
        self.double(text.parse().ok()?)
    }

    fn double(&mut self, number: f64) -> Option<()> {
        self.push(tag::DOUBLE)?;
        if self.used % 2 == 1 {
            self.push(0)?;
        }
        number.to_ne_bytes().as_chunks::<4>().0.iter().try_for_each(|half| self.push(u32::from_ne_bytes(*half)))
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        let start = self.at;
        let (length, is_plain) = until_quote(self.rest())?;
        if !is_plain {
            return self.escaped(start, length);
        }
        let end = start + length;
        self.at = end + 1;
        let string = self.text.get(start..end)?;
        let place = self.strings.short.len();
        if length <= LONGEST_SHORT && place < (1 << LENGTH_SHIFT) && string.is_ascii() {
            self.strings.short.push_str(string);
            #[expect(clippy::cast_possible_truncation, reason = "both were compared just now")]
            return self.push(tag::SHORT | (length as u32) << LENGTH_SHIFT | place as u32);
        }
        self.long(Long::Plain(start, end))
    }

    /// A string with escapes, of which the first is so far from its start.
    fn escaped(&mut self, start: usize, length: usize) -> Option<()> {
        let mut end = start + length;
        loop {
            // Past the backslash and what it escapes, which may be a quote.
            end += 2;
            let (length, is_plain) = until_quote(self.text.as_bytes().get(end..)?)?;
            end += length;
            if is_plain {
                break;
            }
        }
        self.at = end + 1;
        // Half a surrogate pair is no text here; `JSON.parse` knows it.
        let string = serde_json::from_str(self.text.get(start - 1..=end)?).ok()?;
        self.long(Long::Unescaped(string))
    }

    fn long(&mut self, string: Long) -> Option<()> {
        let place = u32::try_from(self.strings.long.len()).ok().filter(|_| self.strings.long.len() < MOST_LONG)?;
        self.strings.long.push(string);
        self.push(tag::LONG | place)
    }
}

/// How far the next quote or backslash is, and whether it is a quote.
fn until_quote(text: &[u8]) -> Option<(usize, bool)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    /// The high bit of each byte that is equal, and maybe of some behind the first one.
    const fn equal(word: u64, byte: u8) -> u64 {
        let other = word ^ (ONES * byte as u64);
        other.wrapping_sub(ONES) & !other & HIGHS
    }
    let (words, rest) = text.as_chunks::<8>();
    let at = |index: usize| text.get(index).map(|byte| (index, *byte == b'"'));
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return at(index * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let index = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    at(words.len() * 8 + index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `lib/decoder.js` does, as JSON text.
    fn read(words: &[u32], strings: &Strings, shapes: &Shapes, text: &str) -> String {
        let mut at = 0;
        value(words, &mut at, strings, shapes, text)
    }

    fn value(words: &[u32], at: &mut usize, strings: &Strings, shapes: &Shapes, text: &str) -> String {
        let word = words[*at];
        *at += 1;
        let more = (word & 0xfff_ffff) as usize;
        let quoted = |string: &str| serde_json::Value::from(string).to_string();
        match word & 0xf000_0000 {
            tag::SHORT => {
                let start = more & 0xff_ffff;
                quoted(&strings.short[start..start + (more >> LENGTH_SHIFT)])
            }
            tag::LONG => match &strings.long[more] {
                Long::Plain(start, end) => quoted(&text[*start..*end]),
                Long::Unescaped(string) => quoted(string),
            },
            tag::INTEGER => more.to_string(),
            tag::DOUBLE => {
                *at += *at % 2;
                let bits = [words[*at].to_ne_bytes(), words[*at + 1].to_ne_bytes()].concat();
                *at += 2;
                format!("{:?}", f64::from_ne_bytes(bits.try_into().unwrap()))
            }
            tag::CONSTANT => ["null", "false", "true"][more].to_owned(),
            tag::OBJECT => {
                let names: Vec<String> =
                    serde_json::from_str(&shapes.names(Shape::try_from(more).unwrap()).unwrap()).unwrap();
                let mut members = Vec::new();
                for name in names {
                    members.push(format!("{}:{}", quoted(&name), value(words, at, strings, shapes, text)));
                }
                format!("{{{}}}", members.join(","))
            }
            tag::ARRAY => {
                let elements: Vec<_> = (0..more).map(|_| value(words, at, strings, shapes, text)).collect();
                format!("[{}]", elements.join(","))
            }
            other => panic!("{other}"),
        }
    }

    fn through(text: &str) -> Option<String> {
        let (mut words, mut strings, mut shapes) = (vec![0; 4_096], Strings::default(), Shapes::default());
        write(text, &mut words, &mut strings, &mut shapes)?;
        Some(read(&words, &strings, &shapes, text))
    }

    #[test]
    fn values_come_through() {
        for text in [
            "{}",
            "[]",
            "{\"a\":1,\"b\":[1,2.5,-3.0],\"c\":{\"d\":null},\"e\":true,\"f\":false}",
            "{\"short\":\"twelve chars\",\"long\":\"thirteen chars\",\"none\":\"\"}",
            "[\"caf\u{e9}\",\"\u{1f600}\",\"0123456\\\"\",\"01234567\\\\\",\"a\\n\"]",
            "[99999999,0,{\"a\":{},\"b\":[]}]",
            "{\"\u{e9}\":1}",
        ] {
            assert_eq!(through(text).as_deref(), Some(text));
        }
        assert_eq!(through("[100000000,1e3,-0]").as_deref(), Some("[100000000.0,1000.0,-0.0]"));
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_others() {
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        let many = format!("[{}1]", "\"thirteen chars\",".repeat(MOST_LONG + 1));
        let wide = format!("[{}1]", "1,".repeat(5_000));
        for text in [
            "",
            " {}",
            "{} ",
            "{\"a\": 1}",
            "{\"__proto__\":1}",
            "{\"a\\n\":1}",
            "[1",
            "[1,",
            "{\"a\"",
            "\"a",
            "\"a\\",
            "[\"\\ud800\"]",
            "tru",
            "[1.]x",
            "[-]",
            "nul",
            "{\"a\":1,}",
            "[1 ]",
            &deep,
            &many,
            &wide,
        ] {
            assert_eq!(through(text), None, "{text}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (0..200_000_000_u32).prop_map(Into::into),
            any::<i32>().prop_map(|number| (f64::from(number) / 8.0).into()),
            "[ -~]{0,30}".prop_map(Into::into),
            ".{0,10}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec(("[a-z]{1,3}", inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_comes_through(value in json()) {
            let text = value.to_string();
            let through: serde_json::Value = serde_json::from_str(&through(&text).unwrap()).unwrap();
            let as_doubles = |text: &str| -> serde_json::Value { doubles(serde_json::from_str(text).unwrap()) };
            prop_assert_eq!(as_doubles(&through.to_string()), as_doubles(&text));
        }

        #[test]
        fn a_number_keeps_every_bit(number in any::<f64>().prop_filter("a number", |number| number.is_finite())) {
            let through: f64 = through(&format!("[{number:e}]")).unwrap().trim_matches(['[', ']']).parse().unwrap();
            prop_assert_eq!(through.to_bits(), number.to_bits());
        }

        #[test]
        fn no_text_breaks_it(text in "[\\[\\]{}\",:\\\\a1.-]{0,40}") {
            through(&text);
        }

        #[test]
        fn the_next_quote_is_found(text in "[a-c\"\\\\\u{e9}]{0,40}") {
            let expected = text.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            let found = until_quote(text.as_bytes());
            prop_assert_eq!(found.map(|(at, _)| at), expected);
            prop_assert_eq!(found.map(|(_, is_quote)| is_quote), expected.map(|at| text.as_bytes()[at] == b'"'));
        }
    }

    /// With every number a double, as JavaScript has them.
    fn doubles(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Number(number) => number.as_f64().into(),
            serde_json::Value::Array(elements) => elements.into_iter().map(doubles).collect(),
            serde_json::Value::Object(members) => {
                members.into_iter().map(|(name, member)| (name, doubles(member))).collect()
            }
            other => other,
        }
    }
}
