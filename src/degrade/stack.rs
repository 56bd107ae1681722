//! Stack blur, the blur of image editors and web pages.

use image::{Rgb, RgbImage};

/// `picture` blurred along both axes with a triangle of 2·`radius` + 1 samples, whose weights fall
/// from `radius` + 1 in the middle to 1 (Mario Klingemann's stack blur). Edge pixels repeat;
/// rounded once, at the end.
pub fn stack_blur(picture: &RgbImage, radius: u32) -> RgbImage {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut data: Vec<f32> = picture.as_raw().iter().copied().map(f32::from).collect();
    // Rows: samples of a channel are 3 apart; columns: a row apart.
    blur_lines(&mut data, [width, 3], [height, 3 * width], radius);
    blur_lines(&mut data, [height, 3 * width], [width, 3], radius);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let at = 3 * (y as usize * width + x as usize);
        Rgb([0, 1, 2].map(|c| data[at + c].round() as u8))
    })
}

/// Blur `lines` = [count, step] lines of `samples` = [count, step], each channel for itself.
fn blur_lines(data: &mut [f32], samples: [usize; 2], lines: [usize; 2], radius: u32) {
    let ([count, step], reach) = (samples, radius as usize);
    let area = ((radius + 1) * (radius + 1)) as f32;
    let mut line = vec![0.0; count];
    for start in (0..lines[0]).flat_map(|line| (0..3).map(move |c| line * lines[1] + c)) {
        for (i, value) in line.iter_mut().enumerate() {
            *value = data[start + i * step];
        }
        for i in 0..count {
            let weighed = |offset: usize| {
                let (before, after) = (i.saturating_sub(offset), (i + offset).min(count - 1));
                (reach + 1 - offset) as f32 * (line[before] + line[after])
            };
            let sides: f32 = (1..=reach).map(weighed).sum();
            data[start + i * step] = (sides + (reach + 1) as f32 * line[i]) / area;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_pyramid() {
        let mut point = RgbImage::new(9, 7);
        point.put_pixel(4, 3, Rgb([243, 0, 81]));
        let blurred = stack_blur(&point, 2);
        // Weights 1, 2, 3, 2, 1 of 9 along each axis.
        let row: Vec<u8> = (0..9).map(|x| blurred.get_pixel(x, 3).0[0]).collect();
        assert_eq!(row, [0, 0, 9, 18, 27, 18, 9, 0, 0]);
        assert_eq!(blurred.get_pixel(5, 4).0, [12, 0, 4]);
        assert_eq!(stack_blur(&point, 0), point);
    }

    #[test]
    fn one_colour_stays_up_to_the_edges() {
        let flat = RgbImage::from_pixel(5, 3, Rgb([7, 130, 255]));
        assert_eq!(stack_blur(&flat, 40), flat);
    }
}
