package verification

// StepName names a step of the pipeline.
type StepName string

// The steps, in the order they run.
const (
	StepIntake  StepName = "intake"  // decode, orient, quality
	StepRead    StepName = "read"    // find the card, read its fields
	StepMatch   StepName = "match"   // compare the faces
	StepReuse   StepName = "reuse"   // search the organization's faces and NIKs
	StepScreen  StepName = "screen"  // search the watch lists
	StepInspect StepName = "inspect" // look for tampering
	StepDecide  StepName = "decide"  // weigh the evidence
	// StepRescreen is the screening after its hits or the lists have changed.
	StepRescreen StepName = "rescreen"
	// StepReview is what reviewers have said.
	StepReview StepName = "review"
)
