package face

import (
	"context"
	"math"
	"math/rand/v2"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// The fakes understand drawn faces: a green rectangle with noise, a red stripe
// as its upper fifth, and a blue value that tells who it is.

type drawnFace struct {
	x, y, w, h int
	who        uint8
	noise      int // amplitude in the green channel
}

func draw(w, h int, faces ...drawnFace) *imaging.Picture {
	p := imaging.New(w, h)
	for i := range p.Pix {
		p.Pix[i] = 90
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, f := range faces {
		for y := f.y; y < f.y+f.h; y++ {
			for x := f.x; x < f.x+f.w; x++ {
				px := p.Pix[3*(y*w+x):][:3]
				px[0], px[1], px[2] = 0, uint8(200-rng.IntN(f.noise+1)), f.who
				if y < f.y+f.h/5 {
					px[0], px[1] = 255, 70 // as bright as the green: no edge for the sharpness
				}
			}
		}
	}
	return p
}

type fakeModel struct {
	spec nn.Spec
	run  func(nn.Tensor) map[string]nn.Tensor
}

func (m fakeModel) Spec() nn.Spec { return m.spec }

func (m fakeModel) Run(ctx context.Context, in nn.Tensor) (map[string]nn.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.run(in), nil
}

type fakeSource map[string]nn.Model

func (s fakeSource) Model(name string) (nn.Model, error) {
	if m, ok := s[name]; ok {
		return m, nil
	}
	return nil, fault.New(fault.Unavailable, "The model %s is not here.", name)
}

// landmarkAt is where the drawn face has its points, as shares of its box.
var landmarkAt = [5][2]float64{{0.36, 0.4}, {0.64, 0.4}, {0.5, 0.56}, {0.38, 0.72}, {0.62, 0.72}}

var detectorSpec = nn.Spec{
	Name: "detector", Version: "1", Decoding: nn.DecodeYuNet,
	Input:      nn.Input{Width: 640, Height: 640, Colour: nn.BGR, Scale: 1, Std: [3]float64{1, 1, 1}},
	Thresholds: map[string]float64{"score": 0.5, "primary_score": 0.6, "nms_iou": 0.45, "orientation": 0.82},
}

// fakeFrame is the side of the fake detector's input: small, to be quick.
const fakeFrame = 256

// fakeDetector finds drawn faces side by side. Like YuNet it misses a face that
// fills the frame, and finds one whose stripe is not on top with a lower score.
func fakeDetector() fakeModel {
	spec := detectorSpec
	spec.Input.Width, spec.Input.Height = fakeFrame, fakeFrame
	return fakeModel{spec, func(in nn.Tensor) map[string]nn.Tensor {
		w, h := int(in.Shape[3]), int(in.Shape[2])
		green, red := in.Data[w*h:2*w*h], in.Data[2*w*h:] // BGR
		isFace := func(i int) bool { return max(red[i], green[i]) > 110 }
		var boxes []Box
		for x := 0; x < w; x++ {
			x0, y0, y1 := x, h, -1
			for ; x < w; x++ {
				any := false
				for y := range h {
					if isFace(y*w + x) {
						any, y0, y1 = true, min(y0, y), max(y1, y+1)
					}
				}
				if !any {
					break
				}
			}
			if x-x0 > 4 {
				boxes = append(boxes, Box{X: float64(x0), Y: float64(y0), W: float64(x - x0), H: float64(y1 - y0)})
			}
		}
		out := emptyYuNet(w)
		for _, b := range boxes {
			if b.W > 0.75*float64(w) || b.H > 0.75*float64(h) {
				continue
			}
			score := 0.7
			if i := int(b.Y+b.H*0.1)*w + int(b.X+b.W/2); red[i] > 170 {
				score = 0.9
			}
			var l Landmarks
			for k, at := range landmarkAt {
				l[k] = imaging.Point{X: b.X + at[0]*b.W, Y: b.Y + at[1]*b.H}
			}
			putYuNet(out, w, 16, Face{Box: b, Landmarks: l, Score: score})
		}
		return out
	}}
}

func emptyYuNet(size int) map[string]nn.Tensor {
	out := map[string]nn.Tensor{}
	for stride, suffix := range map[int]string{8: "_8", 16: "_16", 32: "_32"} {
		n := size / stride * (size / stride)
		for name, k := range map[string]int{"cls": 1, "obj": 1, "bbox": 4, "kps": 10} {
			out[name+suffix] = nn.Tensor{Shape: []int64{1, int64(n), int64(k)}, Data: make([]float32, n*k)}
		}
	}
	return out
}

// putYuNet is the inverse of the decoding: the face goes into the cell that
// holds its centre.
func putYuNet(out map[string]nn.Tensor, size, stride int, f Face) {
	suffix := map[int]string{8: "_8", 16: "_16", 32: "_32"}[stride]
	t := float64(stride)
	c := f.Box.centre()
	col, row := int(c.X/t), int(c.Y/t)
	i := row*(size/stride) + col
	px, py := float64(col)*t, float64(row)*t
	out["cls"+suffix].Data[i] = float32(f.Score)
	out["obj"+suffix].Data[i] = 1
	copy(out["bbox"+suffix].Data[4*i:], []float32{
		float32((c.X - px) / t), float32((c.Y - py) / t), float32(math.Log(f.Box.W / t)), float32(math.Log(f.Box.H / t))})
	for k, l := range f.Landmarks {
		out["kps"+suffix].Data[10*i+2*k] = float32((l.X - px) / t)
		out["kps"+suffix].Data[10*i+2*k+1] = float32((l.Y - py) / t)
	}
}

var embedderSpec = nn.Spec{
	Name: "embedder", Version: "2", Decoding: nn.DecodeEmbedding, Output: "out",
	Input: nn.Input{
		Width: 112, Height: 112, Colour: nn.RGB, Scale: 1, Std: [3]float64{1, 1, 1}, Mirror: true,
		Landmarks: [][2]float64{{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}},
	},
	Thresholds: map[string]float64{"match": 0.4, "review": 0.3},
}

// fakeEmbedder answers a direction given by the blue value between the points.
func fakeEmbedder() fakeModel {
	return fakeModel{embedderSpec, func(in nn.Tensor) map[string]nn.Tensor {
		blue := in.Data[2*112*112:]
		angle := float64(blue[70*112+56]) / 255 * math.Pi
		return map[string]nn.Tensor{"out": {Shape: []int64{1, 2}, Data: []float32{float32(3 * math.Cos(angle)), float32(3 * math.Sin(angle))}}}
	}}
}

func fakeLiveness(name string, decoding nn.Decoding, crop float64, logits ...float32) fakeModel {
	return fakeModel{nn.Spec{
		Name: name, Version: "1", Decoding: decoding, Output: "out",
		Input:      nn.Input{Width: 80, Height: 80, Colour: nn.BGR, Scale: 1, Std: [3]float64{1, 1, 1}, Crop: crop},
		Thresholds: map[string]float64{"pass": 0.6, "review": 0.4},
	}, func(nn.Tensor) map[string]nn.Tensor {
		return map[string]nn.Tensor{"out": {Shape: []int64{1, int64(len(logits))}, Data: logits}}
	}}
}
