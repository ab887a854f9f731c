package screening

// chunks gathers values whose number is not known. Growing a slice of hundreds
// of megabytes copies it in one go, which stops every other goroutine as long
// as the collector waits for it; pieces do not.
type chunks[T any] struct {
	full [][]T
	last []T
	n    int
}

const chunkLength = 1 << 15

func (c *chunks[T]) add(v T) {
	if len(c.last) == cap(c.last) {
		c.full = append(c.full, c.last)
		c.last = make([]T, 0, chunkLength)
	}
	c.last = append(c.last, v)
	c.n++
}

// flat gives the values as one slice and empties c.
func (c *chunks[T]) flat() []T {
	out := make([]T, 0, c.n)
	for i, part := range c.full {
		out = append(out, part...)
		c.full[i] = nil
	}
	out = append(out, c.last...)
	*c = chunks[T]{}
	return out
}
