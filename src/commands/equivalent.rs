//! The command that does without questions what was done with them: the line that was typed, the
//! answers in it. Pure but for its printing.

use super::quoted;
use crate::platform::term::{self, DIM};

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct EquivalentCommand {
    /// Answers of the lab.
    pub(super) sets: Vec<(String, String)>,
    /// Files that both sides have.
    pub(super) resolved: Vec<Resolved>,
}

/// What was said about one file.
#[derive(Debug)]
pub(super) struct Resolved {
    /// Which.
    pub(super) path: String,
    /// The word of the command line.
    pub(super) how: &'static str,
}

impl EquivalentCommand {
    /// Says the line, when something was asked.
    pub(super) fn print(&self) {
        if self.sets.is_empty() && self.resolved.is_empty() {
            return;
        }
        let typed =
            std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        term::eprintln(&format!(
            "\n{DIM}the same without prompts:{DIM:#}\n  {}\n",
            self.line(typed)
        ));
    }

    fn line(&self, typed: Vec<String>) -> String {
        let mut words = vec!["mlops-lab".to_owned()];
        let mut typed = typed.into_iter().peekable();
        let mut tail = Vec::new();
        while let Some(word) = typed.next() {
            if word == "--" {
                tail = std::iter::once(word).chain(typed).collect();
                break;
            }
            let asks = word == "--on-conflict" && typed.peek().is_some_and(|how| how == "ask");
            if asks {
                typed.next();
            }
            // Where no file was in question it stays: the next time one may be.
            let asks = asks || word == "--on-conflict=ask";
            if asks {
                words.push("--on-conflict".to_owned());
                words.push(self.rest().to_owned());
            } else if word != "--ask" {
                words.push(word);
            }
        }
        for (name, value) in &self.sets {
            words.extend(["--set".to_owned(), format!("{name}={value}")]);
        }
        for Resolved { path, how } in
            self.resolved.iter().filter(|resolved| resolved.how != self.rest())
        {
            words.extend(["--resolve".to_owned(), format!("{path}={how}")]);
        }
        words.extend(tail);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// What one flag says for all files; where they differ, what does the least to a file that is
    /// not named.
    fn rest(&self) -> &'static str {
        match &self.resolved[..] {
            [] => "ask",
            [first, others @ ..] if others.iter().all(|other| other.how == first.how) => first.how,
            _ => "skip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(typed: &str, sets: &[(&str, &str)], resolved: &[(&str, &'static str)]) -> String {
        let sets =
            sets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let resolved =
            resolved.iter().map(|(path, how)| Resolved { path: (*path).to_owned(), how }).collect();
        EquivalentCommand { sets, resolved }.line(typed.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn the_answers_stand_in_the_line_and_can_be_pasted() {
        assert_eq!(
            line("init tiny --ask my,lab", &[("port", "9000"), ("owner", "the ops")], &[]),
            "mlops-lab init tiny my,lab --set port=9000 --set 'owner=the ops'"
        );
        assert_eq!(
            line("init --ask -- tiny", &[("a", "b")], &[]),
            "mlops-lab init --set a=b -- tiny"
        );
    }

    #[test]
    fn files_are_decided_one_by_one_or_all_at_once() {
        let typed = "update --on-conflict ask";
        assert_eq!(
            line(typed, &[], &[("a", "merge"), ("b", "merge")]),
            "mlops-lab update --on-conflict merge"
        );
        assert_eq!(
            line("update --on-conflict=ask", &[], &[("a", "merge"), ("b", "skip")]),
            "mlops-lab update --on-conflict skip --resolve a=merge"
        );
        assert_eq!(line(typed, &[("a", "b")], &[]), "mlops-lab update --on-conflict ask --set a=b");
    }
}
