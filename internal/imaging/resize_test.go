package imaging

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func noise(w, h int) *Picture {
	p := New(w, h)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range p.Pix {
		p.Pix[i] = uint8(rng.UintN(256))
	}
	return p
}

func TestRotate90(t *testing.T) {
	p := corners(6, 4)
	for turns, want := range map[int]string{0: "RGBW", 1: "BRWG", 2: "WBGR", 3: "GWRB", 4: "RGBW", -1: "GWRB", 5: "BRWG"} {
		if got := reading(p.Rotate90(turns)); got != want {
			t.Errorf("%d turns: %s, want %s", turns, got, want)
		}
	}
	n := noise(7, 5)
	if back := n.Rotate90(1).Rotate90(2).Rotate90(1); !slices.Equal(back.Pix, n.Pix) {
		t.Error("four quarter turns changed the picture")
	}
	if back := n.Mirror().Mirror(); !slices.Equal(back.Pix, n.Pix) || slices.Equal(n.Mirror().Pix, n.Pix) {
		t.Error("two mirrors must cancel, one must not")
	}
}

func TestCropIsClamped(t *testing.T) {
	p := noise(10, 8)
	for _, tt := range []struct{ x, y, w, h, wantW, wantH int }{
		{2, 3, 4, 5, 4, 5}, {-2, -3, 4, 5, 2, 2}, {8, 6, 9, 9, 2, 2}, {10, 0, 1, 1, 0, 0}, {0, 0, -1, 4, 0, 0},
	} {
		c := p.Crop(tt.x, tt.y, tt.w, tt.h)
		if c.W != tt.wantW || c.H != tt.wantH || len(c.Pix) != 3*c.W*c.H {
			t.Errorf("Crop(%d,%d,%d,%d) is %dx%d, want %dx%d", tt.x, tt.y, tt.w, tt.h, c.W, c.H, tt.wantW, tt.wantH)
		}
	}
	if c := p.Crop(2, 3, 4, 5); !slices.Equal(c.Pix[:3], p.Pix[3*(3*10+2):][:3]) {
		t.Error("the crop starts at another pixel")
	}
}

func TestCropBorder(t *testing.T) {
	p := New(4, 1)
	for x := range 4 {
		p.Pix[3*x] = uint8(x + 1)
	}
	for _, tt := range []struct {
		border Border
		want   []uint8
	}{
		{Replicate, []uint8{1, 1, 1, 1, 2, 3, 4, 4, 4, 4}},
		{Reflect101, []uint8{4, 3, 2, 1, 2, 3, 4, 3, 2, 1}},
	} {
		out := p.CropBorder(-3, -1, 10, 3, tt.border)
		var got []uint8
		for x := range 10 {
			got = append(got, out.Pix[3*(10*2+x)])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("border %d: %v, want %v", tt.border, got, tt.want)
		}
	}
}

func TestResizeBilinearDoesNotAverage(t *testing.T) {
	p := New(8, 1)
	for x := range 8 {
		p.Pix[3*x] = uint8(x * x)
	}
	out := p.ResizeBilinear(2, 1) // samples at 1.5 and 5.5
	if got := [2]uint8{out.Pix[0], out.Pix[3]}; got != [2]uint8{3, 31} {
		t.Errorf("%v, want [3 31]", got)
	}
}

// areaAverage is the definition, in floating point.
func areaAverage(p *Picture, w, h, x, y, c int) float64 {
	x0, x1 := float64(x)*float64(p.W)/float64(w), float64(x+1)*float64(p.W)/float64(w)
	y0, y1 := float64(y)*float64(p.H)/float64(h), float64(y+1)*float64(p.H)/float64(h)
	var sum, area float64
	for sy := range p.H {
		for sx := range p.W {
			dx := min(x1, float64(sx+1)) - max(x0, float64(sx))
			dy := min(y1, float64(sy+1)) - max(y0, float64(sy))
			if dx > 0 && dy > 0 {
				sum += dx * dy * float64(p.Pix[3*(sy*p.W+sx)+c])
				area += dx * dy
			}
		}
	}
	return sum / area
}

func TestResizeShrinksByAreaAverage(t *testing.T) {
	p := noise(23, 17)
	for _, size := range [][2]int{{23, 17}, {22, 16}, {10, 7}, {23, 5}, {4, 17}, {1, 1}, {7, 16}} {
		w, h := size[0], size[1]
		out := p.Resize(w, h)
		for i, v := range out.Pix {
			want := areaAverage(p, w, h, i/3%w, i/3/w, i%3)
			if math.Abs(float64(v)-want) > 0.51 {
				t.Fatalf("%dx%d: value %d is %d, want %.2f", w, h, i, v, want)
			}
		}
	}
}

func TestResizeEnlarges(t *testing.T) {
	p := New(2, 1)
	copy(p.Pix, []uint8{0, 0, 0, 100, 200, 40})
	got := p.Resize(4, 1)
	if want := []uint8{0, 0, 0, 25, 50, 10, 75, 150, 30, 100, 200, 40}; !slices.Equal(got.Pix, want) {
		t.Errorf("bilinear %v, want %v", got.Pix, want)
	}
	flat := New(5, 5)
	for i := range flat.Pix {
		flat.Pix[i] = 201
	}
	for name, out := range map[string]*Picture{"bilinear": flat.Resize(13, 17), "cubic": flat.ResizeCubic(13, 17), "mixed": flat.Resize(13, 3)} {
		if slices.ContainsFunc(out.Pix, func(v uint8) bool { return v != 201 }) {
			t.Errorf("%s: a flat picture did not stay flat", name)
		}
	}
	// A cubic passes a straight ramp through unchanged away from the borders.
	ramp := New(16, 1)
	for x := range 16 {
		ramp.Pix[3*x] = uint8(8 * x)
	}
	out := ramp.ResizeCubic(32, 1)
	for x := 6; x < 26; x++ {
		if want := 8 * (float64(x)/2 - 0.25); math.Abs(float64(out.Pix[3*x])-want) > 0.51 {
			t.Errorf("ramp at %d is %d, want %.1f", x, out.Pix[3*x], want)
		}
	}
}

func TestResizeOfNothing(t *testing.T) {
	if out := New(0, 0).Resize(3, 2); out.W != 3 || out.H != 2 {
		t.Errorf("%dx%d, want 3x2", out.W, out.H)
	}
	if out := noise(4, 4).Resize(0, -1); out.W != 1 || out.H != 1 {
		t.Errorf("%dx%d, want 1x1", out.W, out.H)
	}
}

func TestLimitSide(t *testing.T) {
	p := noise(40, 30)
	if same, s := p.LimitSide(40); same != p || s != 1 {
		t.Errorf("scale %v for a picture within the limit", s)
	}
	if out, s := p.LimitSide(20); out.W != 20 || out.H != 15 || s != 0.5 {
		t.Errorf("%dx%d scale %v, want 20x15 0.5", out.W, out.H, s)
	}
}

func TestGrayAndMaxChannel(t *testing.T) {
	p := New(1, 1)
	copy(p.Pix, []uint8{200, 100, 50})
	if got := p.Gray().Pix[0]; got != 124 { // 0.299*200 + 0.587*100 + 0.114*50 = 124.2
		t.Errorf("luma %d, want 124", got)
	}
	if got := p.MaxChannel().Pix[0]; got != 200 {
		t.Errorf("largest channel %d, want 200", got)
	}
}

func TestHalfMaxChannel(t *testing.T) {
	for _, size := range [][2]int{{20, 14}, {21, 15}, {2, 2}, {1, 1}} {
		p := noise(size[0], size[1])
		got := p.HalfMaxChannel()
		even := p.Crop(0, 0, 2*got.W, 2*got.H)
		if want := even.Resize(got.W, got.H).MaxChannel(); got.W > 0 && !slices.Equal(got.Pix, want.Pix) {
			t.Errorf("%v: %v, want %v", size, got.Pix, want.Pix)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	p := noise(1600, 1200)
	for name, size := range map[string][2]int{"shrink to 640x480": {640, 480}, "shrink to 800x600": {800, 600}, "enlarge to 2400x1800": {2400, 1800}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Resize(size[0], size[1])
			}
		})
	}
}
