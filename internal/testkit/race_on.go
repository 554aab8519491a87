//go:build race

package testkit

// Race tells that the race detector is on. It slows the embedded database some twentyfold, so tests of mere bulk take less then.
const Race = true
