//! How close a picture comes to the truth.
