package imaging

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
)

// FromImage converts any image to a Picture; transparent parts are put over
// white, 16-bit samples keep their high byte.
func FromImage(img image.Image) *Picture {
	b := img.Bounds()
	p := New(b.Dx(), b.Dy())
	switch src := img.(type) {
	case *image.YCbCr:
		fromYCbCr(p, src)
	case *image.Gray:
		for y := range p.H {
			row := src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:p.W]
			out := p.Pix[3*p.W*y:][:3*p.W]
			for x, v := range row {
				out[3*x], out[3*x+1], out[3*x+2] = v, v, v
			}
		}
	case *image.RGBA: // colour is multiplied by alpha already
		for y := range p.H {
			over(p.Pix[3*p.W*y:][:3*p.W], src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:4*p.W], func(c, a uint32) uint32 { return c })
		}
	case *image.NRGBA:
		for y := range p.H {
			over(p.Pix[3*p.W*y:][:3*p.W], src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:4*p.W], func(c, a uint32) uint32 { return (c*a + 127) / 255 })
		}
	case *image.CMYK:
		for y := range p.H {
			row := src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:4*p.W]
			out := p.Pix[3*p.W*y:][:3*p.W]
			for x := range p.W {
				k := 255 - uint32(row[4*x+3])
				for c := range 3 {
					out[3*x+c] = uint8(((255-uint32(row[4*x+c]))*k + 127) / 255)
				}
			}
		}
	default:
		fromAny(p, img)
	}
	return p
}

// over puts a row of 4-channel pixels over white. times multiplies a colour by
// its alpha where that is not done yet.
func over(out, row []uint8, times func(c, a uint32) uint32) {
	for x := range len(out) / 3 {
		in, px := row[4*x:][:4], out[3*x:][:3]
		if in[3] == 255 {
			px[0], px[1], px[2] = in[0], in[1], in[2]
			continue
		}
		a := uint32(in[3])
		for c := range 3 {
			px[c] = uint8(min(times(uint32(in[c]), a)+255-a, 255))
		}
	}
}

// fromYCbCr is the conversion of JFIF with the fixed-point factors of
// image/color, without a call per pixel.
func fromYCbCr(p *Picture, src *image.YCbCr) {
	b := src.Rect
	for y := range p.H {
		luma := src.Y[src.YOffset(b.Min.X, b.Min.Y+y):][:p.W]
		out := p.Pix[3*p.W*y:][:3*p.W]
		chroma := src.COffset(b.Min.X, b.Min.Y+y)
		step := 1 // luma samples per chroma sample
		switch src.SubsampleRatio {
		case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
			step = 2
		case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
			step = 4
		}
		// The first chroma sample may cover fewer luma samples in a sub-image.
		run := step - ((b.Min.X%step)+step)%step
		for x := 0; x < p.W; chroma++ {
			cb, cr := int32(src.Cb[chroma])-128, int32(src.Cr[chroma])-128
			r, g, bl := 91881*cr, -22554*cb-46802*cr, 116130*cb
			end := min(x+run, p.W)
			for ; x < end; x++ {
				yy := int32(luma[x])*0x10101 + 1<<15
				px := out[3*x:][:3]
				px[0], px[1], px[2] = clamp24(yy+r), clamp24(yy+g), clamp24(yy+bl)
			}
			run = step
		}
	}
}

// clamp24 takes bits 16..23 of v, or the nearest end of their range.
func clamp24(v int32) uint8 {
	if uint32(v)&0xff000000 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// fromAny handles the rare types through image/draw, a strip at a time to keep
// memory low.
func fromAny(p *Picture, img image.Image) {
	b := img.Bounds()
	strip := image.NewRGBA(image.Rect(0, 0, p.W, min(p.H, 64)))
	for y0 := 0; y0 < p.H; y0 += 64 {
		rows := min(64, p.H-y0)
		r := image.Rect(0, 0, p.W, rows)
		draw.Draw(strip, r, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(strip, r, img, image.Pt(b.Min.X, b.Min.Y+y0), draw.Over)
		for i := range rows * p.W {
			copy(p.Pix[3*(y0*p.W+i):][:3], strip.Pix[4*i:][:3])
		}
	}
}

// Image makes a copy for the standard library.
func (p *Picture) Image() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.W * p.H {
		in, out := p.Pix[3*i:][:3], img.Pix[4*i:][:4]
		out[0], out[1], out[2], out[3] = in[0], in[1], in[2], 255
	}
	return img
}

// EncodeJPEG writes a baseline JPEG; quality is 1..100.
func (p *Picture) EncodeJPEG(quality int) ([]byte, error) {
	// The encoder has a fast path for RGBA, not for NRGBA.
	n := p.Image()
	var buf bytes.Buffer
	err := jpeg.Encode(&buf, &image.RGBA{Pix: n.Pix, Stride: n.Stride, Rect: n.Rect}, &jpeg.Options{Quality: quality})
	return buf.Bytes(), err
}

// EncodePNG writes the picture without loss.
func (p *Picture) EncodePNG() ([]byte, error) {
	var buf bytes.Buffer
	err := png.Encode(&buf, p.Image())
	return buf.Bytes(), err
}

// Gray is the luma of ITU-R BT.601.
func (p *Picture) Gray() *Gray {
	g := NewGray(p.W, p.H)
	for i := range g.Pix {
		px := p.Pix[3*i:][:3]
		g.Pix[i] = uint8((19595*uint32(px[0]) + 38470*uint32(px[1]) + 7471*uint32(px[2]) + 1<<15) >> 16)
	}
	return g
}

// MaxChannel is the largest of red, green and blue: dark print on coloured
// paper keeps its contrast, the paper's colour goes.
func (p *Picture) MaxChannel() *Gray {
	g := NewGray(p.W, p.H)
	in := p.Pix
	for i := range g.Pix {
		px := in[:3]
		g.Pix[i] = max(px[0], px[1], px[2])
		in = in[3:]
	}
	return g
}

// HalfMaxChannel is the MaxChannel of the picture at half its size, without
// the picture in between; an odd last row or column is left out.
func (p *Picture) HalfMaxChannel() *Gray {
	g := NewGray(p.W/2, p.H/2)
	for y := range g.H {
		a, b := p.Pix[3*p.W*2*y:][:3*p.W], p.Pix[3*p.W*(2*y+1):][:3*p.W]
		for x := range g.Pix[g.W*y:][:g.W] {
			s, t := a[6*x:][:6], b[6*x:][:6]
			red := uint(s[0]) + uint(s[3]) + uint(t[0]) + uint(t[3])
			green := uint(s[1]) + uint(s[4]) + uint(t[1]) + uint(t[4])
			blue := uint(s[2]) + uint(s[5]) + uint(t[2]) + uint(t[5])
			g.Pix[g.W*y+x] = uint8((max(red, green, blue) + 2) / 4)
		}
	}
	return g
}
