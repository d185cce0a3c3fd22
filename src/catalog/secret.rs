//! New secrets, as a lab's variables want them.

use super::manifest::{Alphabet, Var};
use crate::error::{Error, Result};

/// The letters and digits of a secret that asks for no other length: about 190 bits.
const LENGTH: usize = 32;

impl Var {
    /// A new secret for this variable.
    ///
    /// # Errors
    /// Exit 3 when the system gives no random numbers.
    pub fn new_secret(&self) -> Result<String> {
        let alphabet: &[u8] = match self.alphabet {
            Alphabet::Alphanumeric => {
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            }
            Alphabet::Hex => b"0123456789abcdef",
        };
        let length = self.length.unwrap_or(LENGTH);
        let mut text = String::new();
        while text.len() < length {
            let mut bytes = [0; 64];
            getrandom::fill(&mut bytes).map_err(|error| {
                Error::environment("the system gives no random numbers").because(error.to_string())
            })?;
            // Bytes beyond the last whole round would make some letters likelier.
            let bytes = bytes.iter().map(|byte| usize::from(*byte));
            let fair = bytes.filter(|byte| *byte < 256 - 256 % alphabet.len());
            let letters = fair.map(|byte| char::from(alphabet[byte % alphabet.len()]));
            text.extend(letters.take(length - text.len()));
        }
        Ok(text)
    }
}
