package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/forensics"
	"anycheck/internal/ktp"
	"anycheck/internal/verification"
)

// Row is one line of the table: a name and what it comes to when everything is
// asked for (KTP_SELFIE_PEP with fraud_detection) with default settings.
type Row struct {
	Name    string // of the card's file without its extension, or of the person
	Meaning string
	Person  bool // means the same in a screening of a person
	// Refused is the code of the answer when nothing is created; the rest is
	// empty then.
	Refused fault.Code
	Status  verification.Status       // the first one that it stays in
	Verdict verification.OutputStatus // empty: none
	Check   string                    // the check that says why; empty: they all PASS, or there are none
	Code    string                    // of the check, or of the error of a FAILED one

	play func(*findings)
}

// Rows is a copy of the table.
func Rows() []Row { return slices.Clone(rows) }

var rows = slices.Concat([]Row{
	{Name: "verified", Meaning: "everything is in order; so does any name that is not in this table", Person: true, Status: verification.Completed, Verdict: verification.Verified},
	{Name: "need-review", Meaning: "held for a person: POST /verifications/{id}/review", Person: true, Status: verification.NeedReview, Verdict: verification.PartiallyNotVerified,
		Check: "watch_list", Code: "WATCH_LIST_MATCH", play: func(f *findings) { f.listed("role.pep"); f.scenario.Review = true }},
	{Name: "fraud", Meaning: "held back before it is read: POST /verifications/{id}/fraud-decision; continue makes it as verified", Status: verification.FraudDetected,
		play: func(f *findings) { f.scenario.Suspect = true }},
	{Name: "queued", Meaning: fmt.Sprintf("IN_QUEUE for %d seconds, then as verified", Slow/time.Second), Person: true, Status: verification.InQueue,
		play: func(f *findings) { f.scenario.Queued = Slow }},
	{Name: "slow", Meaning: fmt.Sprintf("IN_PROGRESS for %d seconds, then as verified", Slow/time.Second), Person: true, Status: verification.InProgress,
		play: func(f *findings) { f.scenario.Working = Slow }},
	{Name: "failed-once", Meaning: "retryable; POST /verifications/{id}/retry makes it as verified", Person: true, Status: verification.Failed, Code: string(fault.CodeInternal),
		play: func(f *findings) { f.fail(fault.CodeInternal, true); f.scenario.FailsOnce = true }},
	{Name: "failed", Meaning: "retryable, and each retry fails again", Person: true, Status: verification.Failed, Code: string(fault.CodeInternal),
		play: func(f *findings) { f.fail(fault.CodeInternal, true) }},
	failed(fault.CodeServiceUnavailable), failed(fault.CodeRequestTimeout), failed(fault.CodeNotFound), failed(fault.CodeInvalidRequest),
	failed(fault.CodeUnsupportedFileType), failed(fault.CodeFileTooLarge),
	{Name: "failed-for-good", Meaning: "not retryable, as when a person rejects a suspected fraud", Person: true, Status: verification.Failed, Code: string(verification.CodeFraudRejected),
		play: func(f *findings) { f.fail(verification.CodeFraudRejected, false) }},

	photo(ktp.CardBlurred), photo(ktp.CardGlare), photo(ktp.CardCropped), photo(ktp.CardTooSmall), photo(ktp.CardDark), photo(ktp.CardOverexposed),
	photo(ktp.CardPhotocopy), photo(ktp.CardOnScreen), photo(ktp.SeveralCards),
	inconclusive("card-not-found", "no card in the photo", "card_found", string(ktp.CardNotFound), func(f *findings) { f.noCard() }),
	inconclusive("card-unreadable", "name and date of birth are read without certainty", "card_readable", "CARD_UNREADABLE",
		func(f *findings) { f.doubt(ktp.Name); f.doubt(ktp.BirthDate) }),
	inconclusive("nik-unreadable", "the NIK cannot be read", "nik", "NIK_UNREADABLE", func(f *findings) { f.unread(ktp.NIK) }),
	notVerified("nik-impossible", "the NIK has a province that never existed", "nik", string(ktp.NIKProvinceUnknown),
		func(f *findings) { f.print(ktp.NIK, "00"+person[ktp.NIK][2:]) }),
	inconclusive("birth-date-differs", "another date of birth than in the NIK", "card_consistency", string(ktp.NIKBirthDiffers),
		func(f *findings) { f.print(ktp.BirthDate, "1980-02-03") }),
	inconclusive("name-unreadable", "nobody can be searched for", "watch_list", "NAME_UNREADABLE", func(f *findings) { f.unread(ktp.Name) }),

	notVerified("faces-differ", "the selfie shows somebody else", "face_match", "FACES_DIFFER", func(f *findings) { f.similar(0.05) }),
	inconclusive("face-unsure", "the faces are alike, but not enough", "face_match", "FACE_MATCH_UNSURE", func(f *findings) { f.similar(0.35) }),
	inconclusive("face-not-found", "no face on the selfie", "face_match", string(face.IssueNotFound), func(f *findings) { f.noFace() }),
	selfie(face.IssueSeveral), selfie(face.IssueTooSmall), selfie(face.IssueBlurred), selfie(face.IssueTurned), selfie(face.IssueDark), selfie(face.IssueBright), selfie(face.IssueFlat),
	inconclusive("not-live", "the selfie may be a picture of a picture", "liveness", "LIVENESS_UNSURE", func(f *findings) { f.faces.Liveness.Score, f.faces.Liveness.Outcome = 0.04, face.LivenessReject }),
	inconclusive("face-under-other-nik", "the face was presented under another NIK", "identity_reuse", "FACE_UNDER_OTHER_NIK",
		func(f *findings) { f.reuse.OtherOwners, f.reuse.Nearest = 1, number(0.91) }),
	inconclusive("nik-with-other-face", "the NIK was presented with another face", "identity_reuse", "NIK_WITH_OTHER_FACE",
		func(f *findings) { f.reuse.OtherFaces, f.reuse.Farthest = 1, number(0.04) }),
	inconclusive("tampered", "the picture was changed by a program", "tampering", string(forensics.EditingSoftware), func(f *findings) {
		f.scenario.Forensics.Findings = append(f.scenario.Forensics.Findings, forensics.Finding{Code: forensics.EditingSoftware,
			Message: "The file says that a program for changing pictures wrote it.", Suspicious: true})
	}),

	{Name: "pep", Meaning: "on a watch list, holds an office: is_pep is true", Person: true, Status: verification.Completed, Verdict: verification.PartiallyNotVerified,
		Check: "watch_list", Code: "WATCH_LIST_MATCH", play: func(f *findings) { f.listed("role.pep") }},
	{Name: "sanctioned", Meaning: "on a watch list, under sanctions: is_pep is false", Person: true, Status: verification.Completed, Verdict: verification.PartiallyNotVerified,
		Check: "watch_list", Code: "WATCH_LIST_MATCH", play: func(f *findings) { f.listed("sanction") }},
	{Name: "no-watch-lists", Meaning: "no list is imported", Person: true, Status: verification.Completed, Verdict: verification.PartiallyNotVerified,
		Check: "watch_list", Code: "NO_WATCH_LISTS", play: func(f *findings) { f.lists.Lists = nil }},
}, refusals)

// refusals are the answers to a creation that no wrong request brings about.
var refusals = []Row{
	refused("insufficient-balance", "the group has too few credits", fault.New(fault.Exhausted, "The group has 0 credits left; 10 are needed.").WithCode(fault.CodeInsufficientBalance)),
	refused("quota-exceeded", "the user's credits of the month are used up",
		fault.New(fault.Exhausted, "The user may use 100 credits in a month and has 0 left; 10 are needed.").WithCode(fault.CodeQuotaExceeded)),
	refused("rate-limited", "too many calls, with Retry-After", later(fault.New(fault.Exhausted, "Too many calls. Please slow down."))),
	refused("service-off", "the service is switched off", fault.Field("service_id", "this service is switched off").WithCode(fault.CodeInvalidValue)),
	refused("service-unavailable", "a part is missing or down, with Retry-After", later(fault.New(fault.Unavailable, "A part that this needs is down."))),
	refused("request-timeout", "the answer took too long", fault.New(fault.Timeout, "The request took too long to answer.")),
	// Its kind is one that wakes no operator.
	refused("internal-server-error", "a fault of ours", fault.New(fault.Timeout, "Something went wrong on our side. Nothing was changed; please try again.").WithCode(fault.CodeInternal)),
}

func later(e *fault.Error) *fault.Error { e.RetryAfter = time.Second; return e }

func refused(name, meaning string, e *fault.Error) Row {
	return Row{Name: name, Meaning: meaning, Person: true, Refused: e.Code, play: func(f *findings) { f.scenario.Refusal = e }}
}

// failed is a step that fails with a code.
func failed(code fault.Code) Row {
	return Row{Name: "failed-" + spelled(string(code)), Meaning: "as failed, with another error", Person: true, Status: verification.Failed, Code: string(code),
		play: func(f *findings) { f.fail(code, true) }}
}

// inconclusive is a COMPLETED verification with an open check.
func inconclusive(name, meaning, check, code string, play func(*findings)) Row {
	return Row{Name: name, Meaning: meaning, Status: verification.Completed, Verdict: verification.PartiallyNotVerified, Check: check, Code: code, play: play}
}

// notVerified is a COMPLETED verification with a failed check.
func notVerified(name, meaning, check, code string, play func(*findings)) Row {
	return Row{Name: name, Meaning: meaning, Status: verification.Completed, Verdict: verification.NotVerified, Check: check, Code: code, play: play}
}

// photo is a poor photo of a card.
func photo(code ktp.Code) Row {
	return inconclusive(spelled(string(code)), "a poor photo of the card", "card_quality", string(code), func(f *findings) { f.card.Codes = append(f.card.Codes, code) })
}

// selfie is a poor selfie.
func selfie(issue face.Issue) Row {
	return inconclusive(spelled(string(issue)), "a poor selfie", "face_match", string(issue), func(f *findings) {
		f.faces.Selfie.Issues = append(f.faces.Selfie.Issues, issue)
		f.similar(0.1)
	})
}

// spelled is a code as it stands in a file's name.
func spelled(code string) string { return strings.ReplaceAll(strings.ToLower(code), "_", "-") }

func number(f float64) *float64 { return &f }
