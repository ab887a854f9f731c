package face

import (
	"math"

	"anycheck/internal/imaging"
)

// Quality says how usable a face is.
type Quality struct {
	// FaceWidth is the width of the face's box in pixels of the given picture.
	FaceWidth float64 `json:"face_width"`
	// Sharpness is the variance of the Laplacian of the aligned face. Measured
	// medians: photos 729, good card photos 194, middling 78, bad 25.
	Sharpness float64 `json:"sharpness"`
	// Brightness is the mean luma of the aligned face and Contrast its standard
	// deviation, 0..255.
	Brightness float64 `json:"brightness"`
	Contrast   float64 `json:"contrast"`
	Pose       Pose    `json:"pose"`
	// EyeDetail and MouthDetail are the standard deviations of luma round the
	// eyes and the mouth as shares of Contrast. Masks and dark glasses lower
	// them, closed eyes hardly, but so do light and print: they make a Note and
	// decide nothing.
	EyeDetail   float64 `json:"eye_detail"`
	MouthDetail float64 `json:"mouth_detail"`
}

// quality measures the middle of an aligned face, which hair and background
// reach least: in 112 x 112 the columns 12..100 and the rows 16..104. template
// is where the landmarks lie in it.
func quality(aligned *imaging.Picture, template []imaging.Point, f Face, faceWidth float64) Quality {
	x0, x1 := max(aligned.W*12/112, 1), min(aligned.W*100/112, aligned.W-1)
	y0, y1 := max(aligned.H*16/112, 1), min(aligned.H*104/112, aligned.H-1)
	g := aligned.Gray()
	var sum, square float64
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*g.W + x
			l := float64(int(g.Pix[i-1]) + int(g.Pix[i+1]) + int(g.Pix[i-g.W]) + int(g.Pix[i+g.W]) - 4*int(g.Pix[i]))
			sum += l
			square += l * l
		}
	}
	n := float64(max((x1-x0)*(y1-y0), 1))
	q := Quality{FaceWidth: faceWidth, Sharpness: square/n - (sum/n)*(sum/n), Pose: poseOf(f.Landmarks)}
	q.Brightness, q.Contrast = spread(g, x0, y0, x1, y1)
	if q.Contrast > 0 && len(template) == len(Landmarks{}) {
		unit := template[1].X - template[0].X // between the eyes
		round := func(cx, cy, rx, ry float64) float64 {
			_, s := spread(g, int(cx-rx*unit), int(cy-ry*unit), int(cx+rx*unit), int(cy+ry*unit))
			return s / q.Contrast
		}
		q.EyeDetail = (round(template[0].X, template[0].Y, 0.35, 0.2) + round(template[1].X, template[1].Y, 0.35, 0.2)) / 2
		q.MouthDetail = round((template[3].X+template[4].X)/2, (template[3].Y+template[4].Y)/2, 0.5, 0.25)
	}
	return q
}

// spread is the mean and standard deviation over a rectangle, cut to the
// picture.
func spread(g *imaging.Gray, x0, y0, x1, y1 int) (mean, deviation float64) {
	x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, g.W), min(y1, g.H)
	var sum, square float64
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			v := float64(g.Pix[y*g.W+x])
			sum += v
			square += v * v
		}
	}
	n := float64(max((x1-x0)*(y1-y0), 1))
	return sum / n, math.Sqrt(max(square/n-(sum/n)*(sum/n), 0))
}

// Pose is how the head is turned, in degrees, estimated from five points and
// an average head: rough, never compared with measured heads. Yaw is positive when the nose
// points to the image's right, pitch when it points down, roll when the head
// leans clockwise.
type Pose struct {
	Yaw   float64 `json:"yaw"`
	Pitch float64 `json:"pitch"`
	Roll  float64 `json:"roll"`
}

// poseOf sees the landmarks as the orthographic image of a head whose nose tip
// lies noseDepth and whose mouth mouthDepth before the plane of the eyes, in
// distances between the eyes. Level heads have the nose 0.67 and the mouth 1.15
// below the eyes (medians of the development photos).
func poseOf(l Landmarks) Pose {
	const noseY, mouthY, noseDepth, mouthDepth = 0.67, 1.15, 0.5, 0.1
	dx, dy := l[1].X-l[0].X, l[1].Y-l[0].Y
	apart := math.Hypot(dx, dy)
	if apart < 1e-9 {
		return Pose{}
	}
	ux, uy := dx/apart, dy/apart // along the eyes
	eyes := imaging.Point{X: (l[0].X + l[1].X) / 2, Y: (l[0].Y + l[1].Y) / 2}
	mouth := imaging.Point{X: (l[3].X + l[4].X) / 2, Y: (l[3].Y + l[4].Y) / 2}
	across := func(p imaging.Point) float64 { return (p.X-eyes.X)*ux + (p.Y-eyes.Y)*uy }
	down := func(p imaging.Point) float64 { return (p.Y-eyes.Y)*ux - (p.X-eyes.X)*uy }
	degrees := 180 / math.Pi
	pose := Pose{Roll: math.Atan2(dy, dx) * degrees}
	// The midline of the face runs from between the eyes to the mouth.
	share := min(max(down(l[2])/max(down(mouth), 1e-9), 0), 1)
	pose.Yaw = math.Atan((across(l[2])-share*across(mouth))/(noseDepth-share*mouthDepth)/apart) * degrees
	if m := down(mouth); m > 1e-9 {
		r := down(l[2]) / m
		// r = (noseY cos + noseDepth sin) / (mouthY cos + mouthDepth sin)
		pose.Pitch = math.Atan2(r*mouthY-noseY, noseDepth-r*mouthDepth) * degrees
	}
	return pose
}

// issues are what a policy finds wrong with a face.
func (p Policy) issues(q Quality, faces int, minWidth float64) []Issue {
	var found []Issue
	for _, i := range []struct {
		issue Issue
		wrong bool
	}{
		{IssueSeveral, faces > 1},
		{IssueTooSmall, q.FaceWidth < minWidth},
		{IssueBlurred, q.Sharpness < p.Sharpness},
		{IssueTurned, max(math.Abs(q.Pose.Yaw), math.Abs(q.Pose.Pitch)) > p.MaxTurn},
		{IssueDark, q.Brightness < p.MinBrightness},
		{IssueBright, q.Brightness > p.MaxBrightness},
		{IssueFlat, q.Contrast < p.MinContrast},
	} {
		if i.wrong {
			found = append(found, i.issue)
		}
	}
	return found
}

// notes are what a policy remarks on a face.
func (p Policy) notes(q Quality) []Note {
	var found []Note
	if q.EyeDetail < p.EyeDetail {
		found = append(found, NoteEyes)
	}
	if q.MouthDetail < p.MouthDetail {
		found = append(found, NoteMouth)
	}
	return found
}
