package specimen

// Identity names one of the invented faces, 0..identities-1.
type Identity int

const identities = 8

// Female tells how the face is drawn.
func (i Identity) Female() bool { return i%2 == 1 }
