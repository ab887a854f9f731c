package ktp

import "anycheck/internal/imaging"

// Code is a stable word for what is wrong with a picture or a value.
type Code string

// The codes that a reading may carry. The first group asks for another
// picture.
const (
	CardNotFound Code = "CARD_NOT_FOUND"
	CardBlurred  Code = "CARD_BLURRED"
	CardGlare    Code = "CARD_GLARE"
	CardCropped  Code = "CARD_CROPPED"
	CardTooSmall Code = "CARD_TOO_SMALL"
	CardDark     Code = "CARD_DARK"

	FieldUnreadable Code = "FIELD_UNREADABLE" // print was seen, but not understood
	FieldMissing    Code = "FIELD_MISSING"    // no print was seen
	FieldHidden     Code = "FIELD_HIDDEN"     // part of the print is covered, by light or by something
	FieldUncertain  Code = "FIELD_UNCERTAIN"  // read, but another reading is nearly as likely
)

// Rect is a rectangle in pixels, from (X0, Y0) to before (X1, Y1).
type Rect struct {
	X0 float64 `json:"x0"`
	Y0 float64 `json:"y0"`
	X1 float64 `json:"x1"`
	Y1 float64 `json:"y1"`
}

// Alternative is another reading of a value.
type Alternative struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // 0..1, among the readings compared
}

// Value is one field with the evidence for it.
type Value struct {
	Field Field `json:"field"`
	// Value is nil when the field could not be read.
	Value *string `json:"value"`
	// Confidence is the chance, 0..1, that Value is right; at most 0.5 under a
	// reflection.
	Confidence float64 `json:"confidence"`
	// Box is where the value stands on the rectified card, Corners where in
	// the photo; both zero when no print was seen.
	Box     Rect             `json:"box"`
	Corners [4]imaging.Point `json:"corners"`
	// Raw is what the network read, before any rule.
	Raw string `json:"raw"`
	// Rule names what made Value out of Raw.
	Rule         Rule          `json:"rule,omitempty"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// Characters spell Value as it is printed, each as certain as it is.
	Characters []Character `json:"characters,omitempty"`
	Codes      []Code      `json:"codes,omitempty"`

	evidence evidence
	inputs   [inputs]float64 // of the calibration
}

// Rule is how a value was made from the raw reading.
type Rule string

// The rules.
const (
	RuleList       Rule = "closed_list"         // likeliest word of the field's list
	RuleListReject Rule = "closed_list_refused" // no word of the list fits what is printed
	RuleListHidden Rule = "closed_list_covered" // the list's one word with the letters beside a covered part
	RuleDigits     Rule = "digits_only"         // 16 digits, other characters ruled out
	RuleBirthDate  Rule = "digits_by_birth"     // of nearly equal numbers the one that has the printed birth date
	RuleStructure  Rule = "digits_by_structure" // of nearly equal numbers the one that breaks fewer rules
	RuleDate       Rule = "date"                // letters that look like digits, calendar date
	RulePattern    Rule = "pattern"             // the field's fixed form
	RuleCustom     Rule = "customary_form"      // of nearly equal readings the one written as names and addresses are
	RuleLabel      Rule = "label_removed"       // printed words that belong to the form
)

// Quality is what the picture itself is like; CARD_… codes follow from it.
type Quality struct {
	// PixelsPerMM of the card in the photo as it came.
	PixelsPerMM float64 `json:"pixels_per_mm"`
	// Sharpness is the width of the print's edges against the width a sharp
	// picture of this card would show, 1 being sharp and 0 blurred.
	Sharpness float64 `json:"sharpness"`
	// Glare is the share of the card, 0..1, that a reflection covers.
	Glare float64 `json:"glare"`
	// Brightness is the level of the card's paper, 0..1.
	Brightness float64 `json:"brightness"`
	// Outside is how far the card reaches beyond the photo, in millimetres.
	Outside float64 `json:"outside_mm"`
	// Screen is how much the grid of a screen stands out, see CardOnScreen.
	Screen float64 `json:"screen"`
	// Layout and Rim are what the search found: likeness to a KTP (a card has
	// about 4) and the share of the rim that is visible.
	Layout float64 `json:"layout"`
	Rim    float64 `json:"rim"`
}

// Reading is everything read from one photo.
type Reading struct {
	Found bool `json:"found"`
	// Corners of the card in the photo: top left, top right, bottom right,
	// bottom left in reading direction.
	Corners [4]imaging.Point `json:"corners"`
	// Orientation is by how many degrees clockwise the card is turned in the
	// photo, to the nearest of 0, 90, 180, 270.
	Orientation int `json:"orientation"`
	// Rectified is the card upright at 20 pixels a millimetre; nil unless Found.
	Rectified *imaging.Picture `json:"-"`
	// Portrait is where the photograph is on it.
	Portrait Rect `json:"portrait"`
	// Values holds every field, in the order of Fields.
	Values  []Value `json:"fields"`
	Codes   []Code  `json:"codes"`
	Quality Quality `json:"quality"`
	// Model is the recogniser that read it.
	Model        string `json:"model"`
	ModelVersion string `json:"model_version"`
	// Regions is the version of the table of regions it was held against.
	Regions string `json:"regions,omitempty"`
	// Districts are the names that this table gives the district in the NIK,
	// empty when the code is not in it; nil when the table has no districts there.
	Districts []string `json:"nik_districts,omitzero"`
}

// Value is the evidence for a field; the zero Value when nothing was read.
func (r *Reading) Value(f Field) Value {
	for _, v := range r.Values {
		if v.Field == f {
			return v
		}
	}
	return Value{Field: f}
}

// Text is a field's value, "" when it could not be read.
func (r *Reading) Text(f Field) string {
	if v := r.Value(f).Value; v != nil {
		return *v
	}
	return ""
}
