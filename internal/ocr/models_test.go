package ocr_test

import (
	"context"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"image"
	"image/color"
	"image/draw"

	"anycheck/internal/imaging"
	"anycheck/internal/ocr"
	"anycheck/internal/onnx/onnxtest"
)

// TestReadTextWithPaddleOCR reads a drawn page with the PaddleOCR pair.
func TestReadTextWithPaddleOCR(t *testing.T) {
	runtime := onnxtest.Open(t)
	detector := onnxtest.Model(t, runtime, "en_ppocr_v3_det")
	recogniser := onnxtest.Model(t, runtime, "en_number_mobile_v2")
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 36, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	page := image.NewRGBA(image.Rect(0, 0, 900, 500))
	draw.Draw(page, page.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	want := []string{"Invoice 20391", "Total 1750", "JAKARTA"}
	for i, text := range want {
		d := font.Drawer{Dst: page, Src: image.Black, Face: face, Dot: fixed.P(80, 110+140*i)}
		d.DrawString(text)
	}
	lines, err := ocr.ReadText(context.Background(), detector, recogniser, imaging.FromImage(page))
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines %+v, want %d", len(lines), lines, len(want))
	}
	for i, l := range lines {
		if l.Text != want[i] || l.Confidence < 0.8 {
			t.Errorf("line %d: %q at %.2f, want %q", i, l.Text, l.Confidence, want[i])
		}
	}
}
