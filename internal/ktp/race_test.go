//go:build race

package ktp

func init() { RaceDetector = true }
