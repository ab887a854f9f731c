package screening

import (
	"runtime"
	"unsafe"
)

// chunks gathers values whose number is not known. Growing a slice of hundreds
// of megabytes copies it in one go, which stops every other goroutine as long
// as the collector waits for it; pieces do not.
type chunks[T any] struct {
	full [][]T
	last []T
	n    int
}

// The first chunk is short, each further one twice as long up to the longest.
const (
	firstChunk   = 1 << 9
	longestChunk = 1 << 15
)

func (c *chunks[T]) add(v T) {
	if len(c.last) == cap(c.last) {
		if c.n > 0 {
			c.full = append(c.full, c.last)
		}
		c.last = make([]T, 0, min(max(firstChunk, 2*cap(c.last)), longestChunk))
	}
	c.last = append(c.last, v)
	c.n++
}

// flat gives the values as one slice and empties c.
func (c *chunks[T]) flat() []T {
	out := make([]T, 0, c.n)
	c.each(func(part []T) { out = append(out, part...) })
	return out
}

// copyBytes is how much is copied in one go: about 2 ms.
const copyBytes = 4 << 20

// each gives the chunks in order and empties c. A loop of copies alone has no
// place where the scheduler can interrupt it, so it gives way now and then.
func (c *chunks[T]) each(take func(part []T)) {
	var v T
	copied := 0
	for i, part := range c.full {
		take(part)
		c.full[i] = nil
		if copied += len(part) * int(unsafe.Sizeof(v)); copied >= copyBytes {
			runtime.Gosched()
			copied = 0
		}
	}
	take(c.last)
	*c = chunks[T]{}
}
