// Package specimen draws the pictures that belong to the project: identity
// cards of invented people, phone photos of them, and rendered faces. The demo
// and the tests use them where no other pictures may be had. Everything is
// computed when asked for and depends on its arguments only; nobody shown
// exists.
//
// It must not know how cards are read or faces are matched: a picture that is
// drawn from the reader's own tables would prove nothing.
package specimen
