// Package verification is the core: what a verification is, how it moves from
// accepted to decided, the catalogue of services, the pipeline of steps and
// the decision that follows from their evidence, and the ports it needs from
// the outside.
//
// It must not know SQL, HTTP, the queue, the file system or a model runtime.
package verification
