package verification

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/tenant"
)

// The codes of reuseCheck.
const (
	codeFaceReused  = "FACE_UNDER_OTHER_NIK"
	codeNIKReused   = "NIK_WITH_OTHER_FACE"
	codeNotSearched = "NOT_SEARCHED"
)

// Reuse is what the organization's other verifications tell of the face and
// the NIK. Owners are NIKs. It holds counts only: those verifications may be of
// groups that the caller must not see.
type Reuse struct {
	// Searched is false when the face or the NIK was not certain enough.
	Searched bool `json:"searched"`
	face.Reuse
}

// knownFace is the face and NIK that a match step leaves to be found again;
// without a face unless the selfie is of the card's holder and the NIK is read
// with certainty: whoever fails with a stolen card must not mark its holder.
func (p *Processor) knownFace(v Verification, e Evidence, at time.Time) KnownFace {
	f := KnownFace{VerificationID: v.ID, At: at}
	nik, seen := e.Read.Value(ktp.NIK), e.Match.SelfieFace
	if seen == nil || faceCheck(v.Config, e.Match).Outcome != Pass || nikCheck(e.Read).Outcome != Pass || nik.Confidence < readConfidence {
		return f
	}
	// With another key or model every NIK and every face would look new.
	f.Space = fmt.Sprintf("%s %s %s", seen.Model.Name, seen.Model.Version, hex.EncodeToString(p.keyed("space")[:8]))
	f.Owner, f.Face = p.owner(v, *nik.Value), seen.Values
	return f
}

// owner hashes a NIK. With the organization in it, the hash tells nothing
// across organizations.
func (p *Processor) owner(v Verification, nik string) []byte {
	return p.keyed("nik " + v.OrganizationID.String() + " " + nik)
}

// keyed is HMAC-SHA256, a blind index: who has the table but not the key
// cannot try all NIKs.
func (p *Processor) keyed(text string) []byte {
	mac := hmac.New(sha256.New, p.nikKey)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// searchKnown compares the face of a verification with all others of its
// organization. The face is kept before it is searched for, so that of two at
// the same time at least one finds the other.
func (p *Processor) searchKnown(ctx context.Context, scope tenant.Scope, v Verification, t face.Thresholds) (Reuse, error) {
	own, err := p.store.KnownFace(ctx, scope, v.ID)
	if fault.Is(err, fault.NotFound) {
		return Reuse{}, nil
	}
	if err != nil {
		return Reuse{}, err
	}
	search := face.NewSearch(own.Face, string(own.Owner), t)
	err = p.store.EachKnownFace(ctx, scope, v.OrganizationID, own.Space, func(id uuid.UUID, owner, face []byte) {
		if id != v.ID {
			search.Add(owner, face)
		}
	})
	return Reuse{Searched: true, Reuse: search.Result()}, err
}

// searchKnown leaves what is known of the face; nothing where none are kept.
func (r *Run) searchKnown(ctx context.Context) (err error) {
	var found Reuse
	if r.reuse != nil {
		if found, err = r.reuse(ctx, r.Evidence.Match.Thresholds); err != nil {
			return err
		}
	}
	r.Evidence.Reuse = &found
	return nil
}

// reuseCheck never fails: twins, adopted numbers and errors of the recogniser
// exist, so a person decides. r is nil in evidence from before the search.
func reuseCheck(cfg Configuration, r *Reuse) Check {
	c := Check{Name: "identity_reuse"}
	switch {
	case !cfg.Type.WithSelfie():
		return c.notRequested()
	case r == nil || !r.Searched:
		return c.with(Skipped, codeNotSearched, "Earlier verifications were not searched: that needs a NIK that was read and a selfie that matches the card.")
	case r.OtherOwners > 0:
		return c.with(Inconclusive, codeFaceReused, "The same face was presented under %d other NIK (similarity up to %.2f). A person should compare them. / Wajah ini pernah diajukan dengan %d NIK lain. Perlu diperiksa petugas.", r.OtherOwners, *r.Nearest, r.OtherOwners)
	case r.OtherFaces > 0:
		return c.with(Inconclusive, codeNIKReused, "The same NIK was presented with another face %d times (similarity down to %.2f). A person should compare them. / NIK ini pernah diajukan dengan wajah lain (%d kali). Perlu diperiksa petugas.", r.OtherFaces, *r.Farthest, r.OtherFaces)
	}
	return c.with(Pass, "", "Earlier verifications show this face and this NIK only together.")
}
