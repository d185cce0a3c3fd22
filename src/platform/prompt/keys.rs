//! What a terminal sends, as keys. Pure: bytes in, keys out.

use anstyle_parse::{Params, Parser, Perform};

/// What a person pressed, as far as a prompt cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Something to write.
    Char(char),
    /// Something to write that came from the clipboard: a line end in it sends nothing off.
    Paste(String),
    /// The answer is given.
    Enter,
    /// The character before the cursor goes.
    Backspace,
    /// The character under the cursor goes.
    Delete,
    /// The word before the cursor goes (Ctrl-W).
    Word,
    /// Everything goes (Ctrl-U).
    Clear,
    /// One character back.
    Left,
    /// One character on.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// The option above.
    Up,
    /// The option below.
    Down,
    /// Write out what is meant.
    Tab,
    /// Away from here: Ctrl-C, Ctrl-D, Esc.
    Cancel,
}

/// Bytes become keys here; what is incomplete waits for the rest.
#[derive(Debug, Default)]
pub struct Keys {
    parser: Parser,
    decoder: Decoder,
    /// The last byte began a sequence, or was the key Esc: only time tells.
    escape: bool,
}

#[derive(Debug, Default)]
struct Decoder {
    keys: Vec<Key>,
    paste: Option<String>,
    /// `ESC O` came: the next letter is a key of the keypad's mode.
    keypad: bool,
    /// A sequence is not complete.
    open: bool,
}

impl Keys {
    /// The keys that these bytes complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        for byte in bytes {
            self.escape = *byte == 0x1b;
            self.decoder.open |= self.escape;
            self.parser.advance(&mut self.decoder, *byte);
        }
        std::mem::take(&mut self.decoder.keys)
    }

    /// Whether the key Esc may have been pressed, or a sequence has lost its end.
    pub fn open(&self) -> bool {
        self.decoder.open
    }

    /// Nothing came for a while: a sequence that is open comes to no more, and an escape that
    /// stands alone was the key.
    pub fn pause(&mut self) -> Option<Key> {
        if !std::mem::take(&mut self.decoder.open) {
            return None;
        }
        self.parser = Parser::default();
        self.decoder.keypad = false;
        let alone = std::mem::take(&mut self.escape) && self.decoder.paste.is_none();
        alone.then_some(Key::Cancel)
    }
}

/// The keys that are told by a letter, after `ESC [` or `ESC O`.
fn letter(letter: char) -> Option<Key> {
    Some(match letter {
        'A' | 'Z' => Key::Up,
        'B' => Key::Down,
        'C' => Key::Right,
        'D' => Key::Left,
        'H' => Key::Home,
        'F' => Key::End,
        'M' => Key::Enter,
        _ => return None,
    })
}

impl Perform for Decoder {
    fn print(&mut self, c: char) {
        if std::mem::take(&mut self.keypad) {
            self.open = false;
            self.keys.extend(letter(c));
        } else if let Some(paste) = &mut self.paste {
            paste.push(c);
        } else if c == '\u{7f}' {
            self.keys.push(Key::Backspace);
        } else {
            self.keys.push(Key::Char(c));
        }
    }

    fn execute(&mut self, byte: u8) {
        if let Some(paste) = &mut self.paste {
            // Line ends and tabs are told apart from nothing; an answer is one line.
            if !paste.ends_with(' ') {
                paste.push(' ');
            }
            return;
        }
        self.keys.extend(match byte {
            0x03 | 0x04 => Some(Key::Cancel),
            b'\r' | b'\n' => Some(Key::Enter),
            b'\t' => Some(Key::Tab),
            0x08 => Some(Key::Backspace),
            0x01 => Some(Key::Home),
            0x05 => Some(Key::End),
            0x02 => Some(Key::Left),
            0x06 => Some(Key::Right),
            0x10 => Some(Key::Up),
            0x0e => Some(Key::Down),
            0x15 => Some(Key::Clear),
            0x17 => Some(Key::Word),
            _ => None,
        });
    }

    fn csi_dispatch(&mut self, params: &Params, _intermediates: &[u8], _ignore: bool, byte: u8) {
        self.open = false;
        let number =
            params.iter().next().and_then(|group| group.first().copied()).unwrap_or_default();
        match (byte, number) {
            (b'~', 200) => self.paste = Some(String::new()),
            (b'~', 201) => {
                if let Some(paste) = self.paste.take() {
                    self.keys.push(Key::Paste(paste.trim_end().to_owned()));
                }
            }
            _ if self.paste.is_some() => {}
            (b'~', 1 | 7) => self.keys.push(Key::Home),
            (b'~', 4 | 8) => self.keys.push(Key::End),
            (b'~', 3) => self.keys.push(Key::Delete),
            _ => self.keys.extend(letter(char::from(byte))),
        }
    }

    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        self.keypad = byte == b'O';
        self.open = self.keypad;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn letters_of_every_alphabet_and_the_keys_of_a_line_are_told_apart() {
        assert_eq!(keys("aß語".as_bytes()), [Key::Char('a'), Key::Char('ß'), Key::Char('語')]);
        assert_eq!(keys(b"\x7f\x08\r\t"), [Key::Backspace, Key::Backspace, Key::Enter, Key::Tab]);
        assert_eq!(keys(b"\x03\x04"), [Key::Cancel, Key::Cancel]);
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[3~"),
            [Key::Up, Key::Down, Key::Right, Key::Delete]
        );
        assert_eq!(keys(b"\x1b[38;5;1m\x1bx\x00y"), [Key::Char('y')]);
    }

    #[test]
    fn what_comes_in_pieces_is_put_together() {
        let mut keys = Keys::default();
        let all: Vec<Key> =
            "é\u{1b}[200~a\r\nb\u{1b}[201~".bytes().flat_map(|byte| keys.feed(&[byte])).collect();
        assert_eq!(all, [Key::Char('é'), Key::Paste("a b".to_owned())]);
    }

    #[test]
    fn an_escape_that_stands_alone_is_the_key_and_a_broken_sequence_is_nothing() {
        let mut keys = Keys::default();
        assert_eq!(keys.feed(b"\x1b"), []);
        assert!(keys.open());
        assert_eq!(keys.pause(), Some(Key::Cancel));
        assert_eq!(keys.feed(b"\x1b["), []);
        assert_eq!(keys.pause(), None);
        assert_eq!(keys.feed(b"A"), [Key::Char('A')]);
        assert!(!keys.open());
    }
}
