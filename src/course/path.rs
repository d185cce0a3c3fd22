//! The path over labs: which ones come after one that is done. Pure.

/// The labs, each with those worth doing first, that name this one among the latter.
pub fn labs_after<'a>(
    done: &str,
    labs: impl IntoIterator<Item = (&'a str, &'a [String])>,
) -> Vec<&'a str> {
    let follows = |(id, after): (&'a str, &'a [String])| {
        after.iter().any(|before| before == done).then_some(id)
    };
    labs.into_iter().filter_map(follows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_labs_are_those_that_name_this_one() {
        let first = ["one".to_owned()];
        let both = ["one".to_owned(), "two".to_owned()];
        let labs: [(&str, &[String]); 3] = [("one", &[]), ("two", &first), ("three", &both)];
        assert_eq!(labs_after("one", labs), ["two", "three"]);
        assert_eq!(labs_after("two", labs), ["three"]);
        assert!(labs_after("three", labs).is_empty());
    }
}
