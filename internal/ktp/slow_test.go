package ktp

// RaceDetector tells that pixel loops run some twenty times slower: tests take
// fewer pictures then.
var RaceDetector bool
