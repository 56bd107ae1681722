//! The family SRGAN → ESRGAN → Real-ESRGAN (Ledig et al., 2017; Wang et al., 2018 and 2021). Pictures are 0 … 1.

pub mod judges;
pub mod networks;
pub mod rrdb;
