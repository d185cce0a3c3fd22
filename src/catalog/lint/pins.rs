//! What a lab takes from elsewhere is named exactly: images by a tag or a digest, packages by their
//! hash.

use super::Lint;

impl Lint<'_> {
    pub(super) fn pins(&mut self) {
        let id = self.id().to_owned();
        for (path, bytes) in &self.lab.template {
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            let shown = format!("templates/{id}/{path}");
            let name = path.rsplit('/').next().unwrap_or(path);
            let mut offset = 0;
            for line in text.split_inclusive('\n') {
                let at = offset..offset + line.trim_end().len();
                offset += line.len();
                let image = if name.starts_with("Dockerfile") {
                    line.strip_prefix("FROM ").and_then(|rest| rest.split_whitespace().next())
                } else if name.ends_with(".yaml") || name.ends_with(".yml") {
                    line.trim_start()
                        .trim_start_matches("- ")
                        .strip_prefix("image:")
                        .map(|rest| rest.trim().trim_matches('"'))
                        .filter(|image| !image.is_empty())
                } else {
                    None
                };
                if let Some(image) = image
                    && !pinned(image)
                    && !text.contains(&format!(" AS {image}\n"))
                {
                    self.file(
                        &shown,
                        Some(at),
                        text,
                        format!("the image `{image}` is not pinned by a tag or a digest"),
                    );
                }
            }
            if name.starts_with("requirements") && name.ends_with(".txt") {
                self.requirements(&shown, text);
            }
        }
    }

    fn requirements(&mut self, shown: &str, text: &str) {
        // One logical line for each package: a backslash carries it on.
        let mut start = 0;
        let mut logical = String::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if logical.is_empty() {
                start = offset;
            }
            offset += line.len();
            let line = line.trim_end();
            if !line.trim_start().starts_with('#')
                && (line.contains("index-url") || line.contains("://"))
            {
                self.file(
                    shown,
                    Some(start..start + 1),
                    text,
                    "a requirement file names no address",
                );
            }
            let plain = line.trim_start();
            if plain.starts_with('#') {
                continue;
            }
            logical.push_str(plain.trim_end_matches('\\'));
            if line.ends_with('\\') {
                continue;
            }
            if !logical.trim().is_empty()
                && !logical.starts_with('-')
                && !logical.contains("--hash=")
            {
                let message = format!(
                    "`{}` has no hash",
                    logical.split_whitespace().next().unwrap_or_default()
                );
                self.file(shown, Some(start..start + 1), text, message);
            }
            logical.clear();
        }
    }
}

/// Whether an image is named by a tag other than `latest`, a digest, or a variable of the build.
fn pinned(image: &str) -> bool {
    if image.contains('@') || image.contains('$') || image.contains("<[") || image == "scratch" {
        return true;
    }
    match image.rsplit('/').next().unwrap_or(image).split_once(':') {
        Some((_, tag)) => !tag.is_empty() && tag != "latest",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_or_with_latest_is_not_pinned() {
        for image in ["python", "python:latest", "docker.io/library/python", "registry:5000/python"]
        {
            assert!(!pinned(image), "{image}");
        }
        for image in [
            "python:3.13.9-slim",
            "python@sha256:00",
            "registry:5000/python:3",
            "${IMAGE}",
            "<[ project_name ]>:dev",
            "scratch",
        ] {
            assert!(pinned(image), "{image}");
        }
    }
}
