package specimen

import (
	"bytes"
	"context"
	"testing"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
	"anycheck/internal/onnx/onnxtest"
)

// small renders a selfie at a third of its size, which is faster and enough for
// the networks.
func small(id Identity, v Variation) *imaging.Picture {
	return render(id, v, faceW/3, faceH/3, selfieView, func(u, w float64) vec { return room(u, w, v.Scene) })
}

func TestFaceDependsOnItsArgumentsOnly(t *testing.T) {
	v := Variation{Yaw: 5, Smile: 0.5, Scene: 2}
	a := render(1, v, 72, 90, selfieView, func(u, w float64) vec { return room(u, w, 2) })
	b := render(1, v, 72, 90, selfieView, func(u, w float64) vec { return room(u, w, 2) })
	c := render(2, v, 72, 90, selfieView, func(u, w float64) vec { return room(u, w, 2) })
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the same face came out differently")
	}
	if bytes.Equal(a.Pix, c.Pix) {
		t.Error("two people look the same")
	}
}

// looker finds and embeds faces with the networks that the service uses.
type looker struct {
	detector *face.Detector
	embedder *face.Embedder
}

func newLooker(t *testing.T) looker {
	t.Helper()
	r := onnxtest.Open(t)
	d, err := face.NewDetector(onnxtest.Model(t, r, "yunet_n_640"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := face.NewEmbedder(onnxtest.Model(t, r, "mobilefacenet_128"))
	if err != nil {
		t.Fatal(err)
	}
	return looker{d, e}
}

func (l looker) faces(t *testing.T, p *imaging.Picture) []face.Face {
	t.Helper()
	found, err := l.detector.Find(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	if found.Turns != 0 {
		t.Fatalf("an upright picture was turned %d times", found.Turns)
	}
	return found.Faces
}

// embed demands one face that scores like a real upright one.
func (l looker) embed(t *testing.T, what string, id Identity, p *imaging.Picture) face.Embedding {
	t.Helper()
	found := l.faces(t, p)
	if len(found) != 1 || found[0].Score < 0.83 {
		t.Fatalf("%s of face %d: found %+v, want one of at least 0.83", what, id, found)
	}
	aligned, ok := l.embedder.Align(p, found[0].Landmarks)
	if !ok {
		t.Fatalf("%s of face %d cannot be aligned", what, id)
	}
	e, err := l.embedder.Embed(context.Background(), aligned)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMatcherTellsTheFacesApart(t *testing.T) {
	l := newLooker(t)
	var straight [identities]face.Embedding
	for id := range Identity(identities) {
		straight[id] = l.embed(t, "selfie", id, small(id, Variation{}))
	}
	for id := range Identity(identities) {
		stranger := id.Stranger()
		if s := straight[id].Similarity(straight[stranger]); s > 0.30 {
			t.Errorf("face %d is %.2f alike to its stranger %d, want at most 0.30", id, s, stranger)
		}
		if id%3 != 0 {
			continue // three faces in another pose are enough
		}
		turned := l.embed(t, "turned selfie", id, small(id, Variation{Yaw: 9, Pitch: -4, Roll: 3, Light: 45, Warm: 0.7, Smile: 0.6, Scene: 3}))
		if s := turned.Similarity(straight[id]); s < 0.6 {
			t.Errorf("face %d: %.2f alike in two selfies, want 0.6", id, s)
		}
		if s := turned.Similarity(straight[stranger]); s > 0.30 {
			t.Errorf("face %d, turned, is %.2f alike to its stranger %d, want at most 0.30", id, s, stranger)
		}
	}
}

func TestPortraitMatchesTheSelfie(t *testing.T) {
	l := newLooker(t)
	p := People(1, 3)[0]
	card := Card(p, Portrait(p.Identity, Studio(p)))
	printed := l.embed(t, "card", p.Identity, card)
	selfie := l.embed(t, "selfie", p.Identity, small(p.Identity, Variation{Yaw: 6, Light: 30, Smile: 0.3, Scene: 4}))
	if s := printed.Similarity(selfie); s < 0.6 {
		t.Errorf("card and selfie are %.2f alike, want 0.6", s)
	}
	other := l.embed(t, "selfie", p.Identity.Stranger(), small(p.Identity.Stranger(), Variation{Scene: 1}))
	// Print takes detail away, which brings strangers nearer; 0.40 is a match.
	if s := printed.Similarity(other); s > 0.34 {
		t.Errorf("card and a stranger are %.2f alike, want at most 0.34", s)
	}
}

func TestHowManyFaces(t *testing.T) {
	l := newLooker(t)
	if n := len(l.faces(t, pair(3, 6, faceW/3, faceH/3))); n != 2 {
		t.Errorf("%d faces where two people are", n)
	}
	if n := len(l.faces(t, NoFace())); n != 0 {
		t.Errorf("%d faces in an empty room", n)
	}
	if n := len(l.faces(t, NoCard(1))); n != 0 {
		t.Errorf("%d faces on a table", n)
	}
}

func BenchmarkFace(b *testing.B) {
	for b.Loop() {
		Face(1, Variation{})
	}
}
