//! What the learner has done, on disk: read, and changed under a lock.

use std::sync::Once;

use super::Workspace;
use crate::course::Progress;
use crate::error::{Error, Exit, Result};
use crate::layout::{FOLDER, PROGRESS};
use crate::platform::fs::Mode;
use crate::platform::{inside, term};

impl Workspace {
    /// What was done so far. A broken file is put aside, and said; a lab without one is new.
    pub fn progress(&self) -> Result<Progress> {
        let path = self.root.join(PROGRESS);
        let bytes = inside::read_optional(&self.root, PROGRESS);
        let bytes = bytes.map_err(inside::cannot("read", &self.root, PROGRESS))?;
        let Some(bytes) = bytes else { return Ok(Progress::default()) };
        match serde_json::from_slice(&bytes) {
            Ok(progress) => Ok(self.renamed(progress)),
            Err(error) => {
                let broken = format!("{PROGRESS}.broken");
                let aside = self.root.join(&broken);
                inside::write(&self.root, &broken, &bytes, Mode::Private)
                    .map_err(inside::cannot("write", &self.root, &broken))?;
                term::eprintln(&format!(
                    "warning: {} is broken ({error}); it is kept as {}",
                    path.display(),
                    aside.display()
                ));
                Ok(Progress::default())
            }
        }
    }

    fn renamed(&self, mut progress: Progress) -> Progress {
        let steps = self.manifest.step.iter().map(|step| (&step.id, &step.was));
        let drills = self.manifest.drill.iter().map(|drill| (&drill.id, &drill.was));
        for (id, former) in steps.chain(drills) {
            former.iter().for_each(|was| progress.rename(was, id));
        }
        progress
    }

    /// Changes what was done so far, as it is now: another command may have saved something since
    /// this one began. Returns what the change returns.
    ///
    /// # Errors
    /// Exit 3 when it cannot be read or written; exit 130 after Ctrl-C.
    pub fn update_progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> Result<T> {
        let _lock = self.lock_progress()?;
        let mut progress = self.progress()?;
        let before = progress.clone();
        let result = change(&mut progress);
        if progress != before {
            self.save_progress(&progress)?;
        }
        Ok(result)
    }

    /// The same for what is worth a warning, not a failure: a verdict holds although it cannot be
    /// saved. `progress` is what this command knows, and is then what is known now.
    ///
    /// # Errors
    /// Exit 130 after Ctrl-C.
    pub fn remember(&self, progress: &mut Progress, change: impl Fn(&mut Progress)) -> Result<()> {
        static WARNED: Once = Once::new();
        let saved = self.update_progress(|now| {
            change(now);
            now.clone()
        });
        match saved {
            Ok(now) => *progress = now,
            Err(error) if error.exit() == Exit::Interrupted => return Err(error),
            Err(error) => {
                change(progress);
                WARNED
                    .call_once(|| term::eprintln(&format!("warning: this is not saved: {error}")));
            }
        }
        Ok(())
    }

    fn save_progress(&self, progress: &Progress) -> Result<()> {
        let text = serde_json::to_string_pretty(progress)
            .map_err(|error| Error::bug("progress that cannot be written").because(error))?;
        self.sweep();
        inside::write(&self.root, PROGRESS, text.as_bytes(), Mode::Plain)
            .map_err(inside::cannot("write", &self.root, PROGRESS))
    }

    /// Removes what a run that was killed while it saved has left beside the file. Who saves holds
    /// the lock: nobody else's is in use.
    fn sweep(&self) {
        for (name, _) in inside::list(&self.root, FOLDER).unwrap_or_default() {
            if name.starts_with(".progress.json.") && name.ends_with(".tmp") {
                let _ = inside::remove(&self.root, &format!("{FOLDER}/{name}"));
            }
        }
    }
}
