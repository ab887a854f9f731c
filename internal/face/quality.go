package face

import "anycheck/internal/imaging"

// Quality says how usable a face is.
type Quality struct {
	// FaceWidth is the width of the face's box in pixels of the given picture.
	FaceWidth float64 `json:"face_width"`
	// Sharpness is the variance of the Laplacian of the aligned face. Measured
	// medians: photos 729, good card photos 194, middling 78, bad 25.
	Sharpness float64 `json:"sharpness"`
	// Brightness is the mean luma of the aligned face, 0..255.
	Brightness float64 `json:"brightness"`
}

// quality measures the middle of an aligned face, which hair and background
// reach least: in 112 x 112 the columns 12..100 and the rows 16..104.
func quality(aligned *imaging.Picture, faceWidth float64) Quality {
	x0, x1 := aligned.W*12/112, aligned.W*100/112
	y0, y1 := aligned.H*16/112, aligned.H*104/112
	g := aligned.Gray()
	var luma, sum, square float64
	for y := max(y0, 1); y < min(y1, g.H-1); y++ {
		for x := max(x0, 1); x < min(x1, g.W-1); x++ {
			i := y*g.W + x
			l := float64(int(g.Pix[i-1]) + int(g.Pix[i+1]) + int(g.Pix[i-g.W]) + int(g.Pix[i+g.W]) - 4*int(g.Pix[i]))
			sum += l
			square += l * l
			luma += float64(g.Pix[i])
		}
	}
	n := float64(max((min(x1, g.W-1)-max(x0, 1))*(min(y1, g.H-1)-max(y0, 1)), 1))
	return Quality{FaceWidth: faceWidth, Sharpness: square/n - (sum/n)*(sum/n), Brightness: luma / n}
}
