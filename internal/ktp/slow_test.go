package ktp

// RaceDetector tells that pixel loops run some twenty times slower: tests of
// one goroutine are skipped then, those of several take fewer pictures.
var RaceDetector bool
