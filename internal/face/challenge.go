package face

import (
	"context"

	"anycheck/internal/imaging"
)

// Challenge is something that a person is asked to do before the camera.
type Challenge string

// The challenges. Left and right are the person's own.
const (
	TurnLeft  Challenge = "TURN_LEFT"
	TurnRight Challenge = "TURN_RIGHT"
	Blink     Challenge = "BLINK"
)

// ChallengeJudge is the port for active liveness in a capture page: did the
// person in the frames do what was asked, in that order? Nothing implements it
// yet, so no check rests on it. frames are upright, in the order they were
// taken. The answer informs as Liveness does and must not decide alone.
type ChallengeJudge interface {
	JudgeChallenges(ctx context.Context, asked []Challenge, frames []*imaging.Picture) (LivenessOutcome, error)
}
