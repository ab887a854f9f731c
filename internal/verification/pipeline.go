package verification

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/forensics"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
)

// CardReader finds and reads the card in a photo. A poor photo is a reading
// with codes, not an error.
type CardReader interface {
	Read(ctx context.Context, photo *imaging.Picture) (ktp.Reading, error)
}

// FaceMatcher compares the portrait on a card with a selfie. A face that is
// not found is a comparison without a score, not an error.
type FaceMatcher interface {
	Compare(ctx context.Context, card, selfie *imaging.Picture) (face.Comparison, error)
}

// Pipeline knows the steps and the engines they use.
type Pipeline struct {
	documents Documents
	cards     CardReader
	faces     FaceMatcher
	lists     Screener
	forensics func(data []byte, info imaging.Info) forensics.Report
	now       func() time.Time
}

// NewPipeline connects the steps to their engines.
func NewPipeline(documents Documents, cards CardReader, faces FaceMatcher, lists Screener, now func() time.Time) *Pipeline {
	return &Pipeline{documents: documents, cards: cards, faces: faces, lists: lists, forensics: forensics.Inspect, now: Storable(now)}
}

// OpenInput gives the bytes of the file in a form field; nil when the field is
// empty.
type OpenInput func(ctx context.Context, field string) ([]byte, error)

// Artefacts keeps the pictures that a step makes for later steps and for the
// report. Get of one that was not put is NotFound.
type Artefacts interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// The artefacts.
const (
	cardArtefact   = "card.jpg"   // the card, upright and rectified
	selfieArtefact = "selfie.jpg" // the selfie, upright
)

// Form fields of the KTP service, without "files.".
const (
	cardFile   = "ktp_file"
	selfieFile = "selfie_file"
)

// Run is one pass over one verification's files.
type Run struct {
	Config    Configuration
	Evidence  Evidence
	files     OpenInput
	artefacts Artefacts
	// reuse searches the faces that are kept; nil when none are.
	reuse func(ctx context.Context, t face.Thresholds) (Reuse, error)
	// dismissed gives the hits that a reviewer has set aside; nil: none.
	dismissed func(ctx context.Context, found Screening) (map[string]Dismissed, error)
	pages     map[string]page  // by form field, so that each file is decoded once
	card      *imaging.Picture // the card artefact, nil until it was needed
}

// page is the first page of a file. The picture is nil when no later step
// looks at it: decoded photos are most of a run's memory.
type page struct {
	picture *imaging.Picture
	info    imaging.Info
}

// NewRun makes a run over files that are kept elsewhere.
func NewRun(cfg Configuration, files OpenInput, artefacts Artefacts) *Run {
	return &Run{Config: cfg, files: files, artefacts: artefacts, pages: map[string]page{}}
}

// Evidence is what the steps found; each part is nil until its step has run.
// It is all that a decision may look at, so that a verdict can be replayed.
type Evidence struct {
	Intake  *Intake
	Read    *Read
	Match   *Match
	Reuse   *Reuse
	Screen  *Screen
	Inspect *Inspect
	// Rescreen stands for Screen once that is out of date.
	Rescreen *Screen
	// Review is what reviewers have said; nil before.
	Review *Reviewed
}

// Intake is what the files are.
type Intake struct {
	Files []IntakeFile `json:"files"`
}

// IntakeFile is one file as it will be looked at: its first page, upright.
type IntakeFile struct {
	Field       string `json:"field"`
	Format      string `json:"format"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Orientation int    `json:"exif_orientation"`
}

// Read is the card as read, and what its own rules say of it.
type Read struct {
	ktp.Reading
	Findings []ktp.Finding `json:"findings"`
}

// Match is the comparison of the faces.
type Match struct {
	face.Comparison
	// CardFound tells that the portrait was taken from a card that was found,
	// and not from the whole photo.
	CardFound bool `json:"card_found"`
	// At is when the faces were compared; zero in evidence from before it was kept.
	At time.Time `json:"at,omitzero"`
}

// Screen is the answer of the watch lists.
type Screen struct {
	// Asked tells which facts of the card were used: name, birth_date, gender,
	// birth_place. Empty when the name could not be read and nothing was asked.
	Asked []string `json:"asked"`
	// Unsearched tells that the name has no part that can be searched for: that
	// nothing was found says nothing of the person.
	Unsearched bool `json:"unsearched,omitempty"`
	Screening
	// Dismissed are the hits that a reviewer has set aside, by entity.
	Dismissed map[string]Dismissed `json:"dismissed,omitempty"`
}

// Dismissed says why a hit does not count.
type Dismissed struct {
	By        string     `json:"by"`
	Reason    string     `json:"reason"`
	At        time.Time  `json:"at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// Inspect is what the files themselves betray.
type Inspect struct {
	Files map[string]forensics.Report `json:"files"` // by form field
}

// part is where a step's evidence lives.
func (e *Evidence) part(step StepName) (any, error) {
	switch step {
	case StepIntake:
		return &e.Intake, nil
	case StepRead:
		return &e.Read, nil
	case StepMatch:
		return &e.Match, nil
	case StepReuse:
		return &e.Reuse, nil
	case StepScreen:
		return &e.Screen, nil
	case StepInspect:
		return &e.Inspect, nil
	case StepRescreen:
		return &e.Rescreen, nil
	case StepReview:
		return &e.Review, nil
	}
	return nil, fmt.Errorf("no step %q", step)
}

// screened is the screening that counts.
func (e *Evidence) screened() *Screen {
	if e.Rescreen != nil {
		return e.Rescreen
	}
	return e.Screen
}

// has tells whether a step has left its evidence.
func (e *Evidence) has(step StepName) bool {
	data, err := e.dump(step)
	return err == nil && string(data) != "null"
}

func (e *Evidence) load(step StepName, data json.RawMessage) error {
	p, err := e.part(step)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, p)
}

func (e *Evidence) dump(step StepName) (json.RawMessage, error) {
	p, err := e.part(step)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// Steps lists the steps of a configuration in the order they run.
func (p *Pipeline) Steps(cfg Configuration) []StepName {
	var steps []StepName
	if cfg.Type.WithCard() {
		steps = append(steps, StepIntake, StepRead)
	}
	if cfg.Type.WithSelfie() {
		steps = append(steps, StepMatch, StepReuse)
	}
	if cfg.Type.WithScreening() {
		steps = append(steps, StepScreen)
	}
	if cfg.FraudDetection {
		steps = append(steps, StepInspect)
	}
	return steps
}

// Do runs one step and leaves its evidence in the run.
func (p *Pipeline) Do(ctx context.Context, step StepName, r *Run) error {
	switch step {
	case StepIntake:
		return p.intake(ctx, r)
	case StepRead:
		return p.read(ctx, r)
	case StepMatch:
		return p.match(ctx, r)
	case StepReuse:
		return r.searchKnown(ctx)
	case StepScreen:
		return p.screen(ctx, r)
	case StepInspect:
		return p.inspect(ctx, r)
	}
	return fmt.Errorf("no step %q", step)
}

// page decodes the first page of a form field's file, unless the run has it.
func (p *Pipeline) page(ctx context.Context, r *Run, field string) (*imaging.Picture, imaging.Info, error) {
	if known := r.pages[field]; known.picture != nil {
		return known.picture, known.info, nil
	}
	data, err := r.files(ctx, field)
	if err != nil {
		return nil, imaging.Info{}, err
	}
	picture, info, err := p.documents.Page(ctx, data, 0)
	if err != nil {
		return nil, imaging.Info{}, err
	}
	r.pages[field] = page{picture, info}
	return picture, info, nil
}

// forget lets go of a picture that no later step looks at.
func (r *Run) forget(field string) { r.pages[field] = page{info: r.pages[field].info} }

func (r *Run) fields() []string {
	if r.Config.Type.WithSelfie() {
		return []string{cardFile, selfieFile}
	}
	return []string{cardFile}
}

func (p *Pipeline) intake(ctx context.Context, r *Run) error {
	var in Intake
	for _, field := range r.fields() {
		_, info, err := p.page(ctx, r, field)
		if err != nil {
			return err
		}
		in.Files = append(in.Files, IntakeFile{Field: field, Format: info.Format, Width: info.Width, Height: info.Height, Orientation: info.Orientation})
	}
	r.Evidence.Intake = &in
	return nil
}

func (p *Pipeline) read(ctx context.Context, r *Run) error {
	photo, _, err := p.page(ctx, r, cardFile)
	if err != nil {
		return err
	}
	reading, err := p.cards.Read(ctx, photo)
	if err != nil {
		return err
	}
	if reading.Found {
		r.forget(cardFile)
		data, err := reading.Rectified.EncodeJPEG(92)
		if err != nil {
			return err
		}
		if err := r.artefacts.Put(ctx, cardArtefact, data); err != nil {
			return err
		}
	}
	findings := append([]ktp.Finding{}, ktp.CheckCard(&reading, p.now())...)
	r.Evidence.Read = &Read{Reading: reading, Findings: findings}
	return nil
}

// match looks at the card as the read step kept it, so that a run that was
// resumed sees the same pixels as one that was not.
func (p *Pipeline) match(ctx context.Context, r *Run) error {
	var card *imaging.Picture
	var err error
	if r.Evidence.Read.Found {
		card, err = r.cardAsSeen(ctx)
	} else {
		card, _, err = p.page(ctx, r, cardFile)
	}
	if err != nil {
		return err
	}
	selfie, _, err := p.page(ctx, r, selfieFile)
	if err != nil {
		return err
	}
	c, err := p.faces.Compare(ctx, card, selfie)
	if err != nil {
		return err
	}
	small, _ := selfie.Rotate90(c.Selfie.Rotation / 90).LimitSide(800)
	data, err := small.EncodeJPEG(85)
	if err != nil {
		return err
	}
	if err := r.artefacts.Put(ctx, selfieArtefact, data); err != nil {
		return err
	}
	r.forget(selfieFile)
	r.Evidence.Match = &Match{Comparison: c, CardFound: r.Evidence.Read.Found, At: p.now()}
	return nil
}

// keptCard decodes the card as the read step kept it.
func (r *Run) keptCard(ctx context.Context) (*imaging.Picture, error) {
	if r.card != nil {
		return r.card, nil
	}
	data, err := r.artefacts.Get(ctx, cardArtefact)
	if err != nil {
		return nil, err
	}
	r.card, _, err = imaging.Decode(data, imaging.DefaultLimits)
	return r.card, err
}

// cardAsSeen is the rectified card, not larger than it was in the photo: the
// matcher judges how many pixels the portrait really has.
func (r *Run) cardAsSeen(ctx context.Context) (*imaging.Picture, error) {
	card, err := r.keptCard(ctx)
	if err != nil {
		return nil, err
	}
	if scale := r.Evidence.Read.Quality.PixelsPerMM * cardWidthMM / float64(card.W); scale > 0 && scale < 1 {
		card = card.Resize(max(1, int(float64(card.W)*scale)), max(1, int(float64(card.H)*scale)))
	}
	return card, nil
}

// cardWidthMM is the width of an ID-1 card (ISO/IEC 7810).
const cardWidthMM = 85.6

func (p *Pipeline) screen(ctx context.Context, r *Run) error {
	q, asked := screenQuery(r.Config, r.Evidence.Read)
	found, err := p.search(ctx, r, q)
	if err != nil {
		return err
	}
	r.Evidence.Screen = &Screen{Asked: asked, Unsearched: unsearched(q), Screening: found}
	if r.dismissed != nil {
		r.Evidence.Screen.Dismissed, err = r.dismissed(ctx, found)
	}
	return err
}

func (p *Pipeline) search(ctx context.Context, r *Run, q screening.Query) (Screening, error) {
	switch person := r.Config.Person; {
	case q.Name == "":
		return Screening{At: p.now()}, nil
	case person != nil && person.AsOf != nil:
		return p.lists.ScreenAsOf(ctx, q, *person.AsOf)
	}
	return p.lists.Screen(ctx, q)
}

func (p *Pipeline) inspect(ctx context.Context, r *Run) error {
	found := Inspect{Files: map[string]forensics.Report{}}
	for _, field := range r.fields() {
		data, err := r.files(ctx, field)
		if err != nil {
			return err
		}
		info := r.pages[field].info
		if info == (imaging.Info{}) { // a resumed run has not seen it
			if _, info, err = p.page(ctx, r, field); err != nil {
				return err
			}
			r.forget(field)
		}
		found.Files[field] = p.forensics(data, info)
	}
	r.Evidence.Inspect = &found
	return nil
}

// Report gathers what the exporters show.
func (r *Run) Report(ctx context.Context, v Verification, d Decision, steps []StepRecord) (Report, error) {
	rep := Report{Verification: v, Evidence: map[StepName]json.RawMessage{}, Checks: d.Checks, Steps: steps}
	for _, step := range []StepName{StepIntake, StepRead, StepMatch, StepReuse, StepScreen, StepInspect, StepRescreen, StepReview} {
		data, err := r.Evidence.dump(step)
		if err != nil {
			return Report{}, err
		}
		if string(data) != "null" {
			rep.Evidence[step] = data
		}
	}
	if read := r.Evidence.reviewed().Read; read != nil {
		rep.Models = append(rep.Models, read.Model+" "+read.ModelVersion)
		for _, v := range read.Values {
			confidence := v.Confidence
			rep.Fields = append(rep.Fields, ReportField{Name: string(v.Field), Label: fieldLabels[v.Field], Value: v.Value, Confidence: &confidence, Note: note(v)})
		}
	}
	if m := r.Evidence.Match; m != nil {
		for _, model := range m.Models {
			rep.Models = append(rep.Models, model.Name+" "+model.Version)
		}
		check := faceCheck(r.Config, m)
		rep.Match = &ReportMatch{Score: m.Score, Level: string(m.Level), IsMatch: check.Outcome == Pass, Similarity: m.Similarity, Message: check.Message}
	}
	if s := r.Evidence.screened(); s != nil {
		rep.Screened = s.searched()
		for _, l := range s.Lists {
			rep.Lists = append(rep.Lists, l.Name+" version "+l.Version)
		}
		for _, h := range alerts(s) {
			rep.Hits = append(rep.Hits, ReportHit{EntityID: h.EntityID, Name: h.Name, Score: h.Score, Topics: h.Topics, Datasets: h.Datasets, MatchedOn: h.MatchedOn, URL: h.URL})
		}
	}
	var err error
	rep.Images, err = r.images(ctx)
	return rep, err
}

// images are the card, its portrait and the selfie, as far as there are any.
func (r *Run) images(ctx context.Context) ([]ReportImage, error) {
	var images []ReportImage
	card, err := r.artefacts.Get(ctx, cardArtefact)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return nil, err
	default:
		picture, err := r.keptCard(ctx)
		if err != nil {
			return nil, err
		}
		b := r.Evidence.Read.Portrait
		portrait, err := picture.Crop(int(b.X0), int(b.Y0), int(b.X1-b.X0), int(b.Y1-b.Y0)).EncodeJPEG(90)
		if err != nil {
			return nil, err
		}
		images = append(images, ReportImage{Title: "Card", JPEG: card}, ReportImage{Title: "Portrait on the card", JPEG: portrait})
	}
	selfie, err := r.artefacts.Get(ctx, selfieArtefact)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return nil, err
	default:
		images = append(images, ReportImage{Title: "Selfie", JPEG: selfie})
	}
	return images, nil
}

func note(v ktp.Value) string {
	var words []string
	for _, c := range v.Codes {
		words = append(words, string(c))
	}
	if v.Rule != "" {
		words = append(words, "rule: "+string(v.Rule))
	}
	return strings.Join(words, ", ")
}

// fieldLabels are the words printed on the card.
var fieldLabels = map[ktp.Field]string{
	ktp.NIK: "NIK", ktp.Name: "Nama", ktp.BirthPlace: "Tempat lahir", ktp.BirthDate: "Tanggal lahir", ktp.Gender: "Jenis kelamin",
	ktp.BloodType: "Gol. darah", ktp.Address: "Alamat", ktp.RTRW: "RT/RW", ktp.Village: "Kel/Desa", ktp.District: "Kecamatan",
	ktp.Religion: "Agama", ktp.MaritalStatus: "Status perkawinan", ktp.Occupation: "Pekerjaan", ktp.Nationality: "Kewarganegaraan",
	ktp.ValidUntil: "Berlaku hingga", ktp.Province: "Provinsi", ktp.Regency: "Kota/Kabupaten", ktp.IssuePlace: "Tempat terbit", ktp.IssueDate: "Tanggal terbit",
}

// RunOnce runs every step and decides, without a store: for the command line
// and for measuring.
func (p *Pipeline) RunOnce(ctx context.Context, r *Run, watch func(StepName, time.Duration)) (Decision, []StepRecord, error) {
	var steps []StepRecord
	for _, step := range p.Steps(r.Config) {
		record := StepRecord{Name: step, StartedAt: p.now()}
		if err := p.Do(ctx, step, r); err != nil {
			return Decision{}, nil, fmt.Errorf("step %s: %w", step, err)
		}
		record.EndedAt = p.now()
		steps = append(steps, record)
		if watch != nil {
			watch(step, record.EndedAt.Sub(record.StartedAt))
		}
	}
	d, err := Decide(r.Config, r.Evidence)
	return d, steps, err
}
