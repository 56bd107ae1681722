use super::*;

/// A picture of smooth waves, which survives being scaled and turned.
fn waves(width: u32, height: u32) -> RgbImage {
    let wave = |at: u32, period: f32| 127.0 + 100.0 * (at as f32 / period).sin();
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([
            wave(x, 11.0) as u8,
            wave(y, 13.0) as u8,
            wave(x + y, 17.0) as u8,
        ])
    })
}

fn assert_near(found: [f64; 2], expected: [f64; 2]) {
    let off = length(minus(found, expected));
    assert!(off < 1e-4, "{found:?}, expected {expected:?}");
}

/// Eyes 40 pixels apart around (100, 80), the mouth 50 below, all turned by `degrees` around the
/// middle of the eyes.
fn landmarks(degrees: f64) -> Landmarks {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [
        [-20.0, 0.0],
        [20.0, 0.0],
        [0.0, 25.0],
        [-15.0, 50.0],
        [15.0, 50.0],
    ]
    .map(|point| {
        let [x, y] = times(point, [cos, sin]);
        [(100.0 + x) as f32, (80.0 + y) as f32]
    })
}

#[test]
fn straight_faces_are_framed_as_in_ffhq() {
    // max(4·40, 3.6·50) = 180 around (100, 80 + 5).
    let view = FaceView::straightened(&landmarks(0.0)).unwrap();
    assert!((view.side() - 180.0).abs() < 1e-4);
    assert!(view.turn().abs() < 1e-4);
    assert_near(view.middle(), [100.0, 85.0]);
    assert_near(view.place([0.0, 0.0]), [10.0, -5.0]);
    assert_near(view.place([1.0, 0.0]), [190.0, -5.0]);
    // Of 16 rows and columns 22.5 pixels apart, from −95 and −80 on, four each lie outside.
    let larger = view.with_side(360.0);
    assert_eq!(larger.share_inside((400, 400)), 144.0 / 256.0);
}

#[test]
fn the_view_turns_with_the_face() {
    let view = FaceView::straightened(&landmarks(30.0)).unwrap();
    assert!((view.turn() - 30.0).abs() < 1e-4);
    assert!((view.side() - 180.0).abs() < 1e-4);
    // The eyes lie where they lie in a straight face: 85/180 down, 40/180 apart.
    let eye = landmarks(30.0)[0].map(f64::from);
    let unit = over(minus(eye, view.corner), view.edge);
    assert_near(unit, [0.5 - 20.0 / 180.0, 0.5 - 5.0 / 180.0]);
    let halved = view.with_side(90.0);
    assert_near(halved.middle(), view.middle());
    assert!((halved.turn() - 30.0).abs() < 1e-4);
}

#[test]
fn landmarks_in_one_point_show_nothing() {
    assert_eq!(FaceView::straightened(&[[5.0, 5.0]; 5]), None);
    assert_eq!(FaceView::straightened(&[[f32::NAN; 2]; 5]), None);
}

#[test]
fn an_upright_square_of_the_same_size_is_copied() {
    let picture = waves(80, 60);
    let rect = Rect::new(20, 10, 20, 30);
    let view = FaceView::around(&rect, 1.0, picture.dimensions());
    let cut = view.cut(&picture, 30);
    let expected = image::imageops::crop_imm(&picture, 15, 10, 30, 30).to_image();
    assert_eq!(cut, expected);
}

#[test]
fn shrunk_pixels_are_means_and_borders_are_mirrored() {
    let picture = RgbImage::from_fn(4, 2, |x, _| Rgb([[0, 100, 40, 60][x as usize]; 3]));
    let view = |x: f64, side: f64| FaceView::from(Square { x, y: 0.0, side });
    let cut = view(0.0, 4.0).cut(&picture, 2);
    assert_eq!(
        (cut.get_pixel(0, 0).0, cut.get_pixel(1, 1).0),
        ([50; 3], [50; 3])
    );
    let cut = view(-2.0, 2.0).cut(&picture, 2);
    assert_eq!(
        (cut.get_pixel(0, 0).0, cut.get_pixel(1, 0).0),
        ([100; 3], [0; 3])
    );
    assert_eq!(
        view(0.0, 4.0).cut(&RgbImage::new(0, 0), 2),
        RgbImage::new(2, 2)
    );
}

#[test]
fn what_was_cut_goes_back_to_its_place() {
    let picture = waves(240, 200);
    let view = FaceView::straightened(&landmarks(20.0)).unwrap();
    // Larger and smaller than what it shows.
    for (side, most) in [(360, 4), (120, 12)] {
        let cut = view.cut(&picture, side);
        let mut pasted = picture.clone();
        view.paste(&cut, &mut pasted, 0.1);
        let pairs = picture.pixels().zip(pasted.pixels());
        let worst = pairs.flat_map(|(a, b)| [0, 1, 2].map(|i| a.0[i].abs_diff(b.0[i])));
        let worst = worst.max().unwrap();
        assert!(worst <= most, "{side}: {worst}");
    }
}

#[test]
fn a_pasted_face_fades_in_from_its_edges() {
    let mut picture = RgbImage::new(40, 40);
    let view = FaceView::from(Square {
        x: 10.0,
        y: 10.0,
        side: 20.0,
    });
    let white = RgbImage::from_pixel(8, 8, Rgb([200; 3]));
    view.paste(&white, &mut picture, 0.25);
    let row: Vec<u8> = (8..21).map(|x| picture.get_pixel(x, 20).0[0]).collect();
    // Depths of 0.5 … 4.5 of 5 pixels under t²(3 − 2t), then all of it.
    assert_eq!(
        row,
        [0, 0, 6, 43, 100, 157, 194, 200, 200, 200, 200, 200, 200]
    );
    // Beyond the picture there is nothing to do.
    let far = FaceView::from(Square {
        x: 100.0,
        y: -90.0,
        side: 20.0,
    });
    let before = picture.clone();
    far.paste(&white, &mut picture, 0.25);
    assert_eq!(picture, before);
}
