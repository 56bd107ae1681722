//! Times as people read them.

/// Nanoseconds as `HH:MM:SS.mmm`.
pub(super) fn clock(nanoseconds: u64) -> String {
    let milliseconds = nanoseconds / 1_000_000;
    let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000);
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        minutes / 60,
        minutes % 60,
        seconds % 60,
        milliseconds % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn hours_minutes_seconds() {
        assert_eq!(clock(0), "00:00:00.000");
        assert_eq!(clock(59_999_999_999), "00:00:59.999");
        assert_eq!(clock(3_661_001_000_000), "01:01:01.001");
        assert_eq!(clock(360_000_000_000_000), "100:00:00.000");
    }
}
